"""Which IP families a packet can be of: those that the sender and the receiver have in common."""

from __future__ import annotations

from collections.abc import Iterable

from lib.model.services import Service, ServiceType
from lib.model.sets import Address, Family, family_of
from lib.policy.projection import families_of
from lib.routing.reach import address_or_none
from lib.trace.context import Context
from lib.trace.ends import Goal, GoalKind, Start, addresses_of_end
from lib.trace.frontends import families_outside
from lib.trace.web import addresses_of_name, front_addresses, web_route

_Families = frozenset[Family]
_NONE: _Families = frozenset()


def families_between(context: Context, start: Start, goal: Goal) -> tuple[_Families, _Families]:
    """The families of the sender and of the destination; an empty one where the input does not show them."""
    theirs = _of_goal(context, start, goal)
    if goal.kind is GoalKind.NAME and not theirs and start.in_cluster:
        # A name outside may have addresses of both; the sender uses those that it speaks itself.
        theirs = _of_sender(start) or families_of(context.snapshot)
    return _of_sender(start), theirs


def common_families(mine: _Families, theirs: _Families) -> tuple[Family, ...]:
    """What both have, IPv4 first; where one side is not known what the other has. () where nothing is known."""
    found = mine & theirs if mine and theirs else mine | theirs
    return tuple(family for family in Family if family in found)


def _of_sender(start: Start) -> _Families:
    if start.address is not None:
        return frozenset({family_of(start.address)})
    return _of(address for end in start.ends for address in addresses_of_end(end))


def _of(addresses: Iterable[Address]) -> _Families:
    return frozenset(map(family_of, addresses))


def _of_goal(context: Context, start: Start, goal: Goal) -> _Families:
    match goal.kind:
        case GoalKind.ADDRESS:
            assert goal.address is not None
            return frozenset({family_of(goal.address)})
        case GoalKind.SERVICE:
            service = context.snapshot.service_by_ref.get(goal.service) if goal.service else None
            return _of_service(context, service, inside=start.in_cluster) if service else _NONE
        case GoalKind.END:
            return _of(addresses_of_end(goal.end)) if goal.end is not None else _NONE
        case GoalKind.NAME:
            return _of(first for first, _ in addresses_of_name(context, goal.host).ranges())
        case GoalKind.URL:
            return _of_url(context, goal)


def _of_service(context: Context, service: Service, *, inside: bool) -> _Families:
    """A Service's families: of its load balancer for who is outside, else of its cluster IPs, else as it says."""
    if service.type is ServiceType.EXTERNAL_NAME:
        return _NONE
    if not inside:
        return families_outside(service)
    if service.headless:
        view = context.service(service.ref)
        ready = (e for e in view.endpoints.items if e.takes_connections) if view is not None else ()
        listed = _of(a for e in ready for text in e.addresses if (a := address_or_none(text)) is not None)
        written = frozenset(service.ip_families)
        return listed & written if listed & written else listed
    return _of(service.cluster_ips) or frozenset(service.ip_families)


def _of_url(context: Context, goal: Goal) -> _Families:
    assert goal.url is not None
    if goal.url.address is not None:
        return frozenset({family_of(goal.url.address)})
    controller = web_route(context, goal.url).controller
    if controller is None:
        return _NONE
    front = controller.front.service if controller.front is not None else None
    return _of(front_addresses(controller)) or (families_outside(front) if front is not None else _NONE)
