"""Services that don't work or are more open than meant: what their views say, and what policies change in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from lib.checks.arrivals import Spot, answers_hold, classes_of_pods, entered, is_settled, spots_of
from lib.checks.closed_services import isolating_policies, listed
from lib.checks.context import Context, from_issues
from lib.model.finding import Finding, finding
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.services import TrafficPolicy
from lib.policy.bits import positions
from lib.routing.faults import Fault
from lib.routing.services import ServiceView


def check_services(context: Context) -> Iterator[Finding]:
    """Every issue of every Service but the provider's refusal, which the checks of Azure tell.

    A load balancer is not called open where policies let nothing in from outside.
    """
    sheltered = _sheltered(context)
    for view in context.services:
        issues = [i for i in view.issues if i.fault is not Fault.LOAD_BALANCER_REFUSED]
        spots = sheltered.get(view.ref)
        if spots is None:
            yield from from_issues(view.ref, issues)
            continue
        yield from from_issues(view.ref, (i for i in issues if i.fault is not Fault.LOAD_BALANCER_OPEN))
        if view.service.external_traffic_policy is not TrafficPolicy.LOCAL:
            yield finding(
                "load-balancer-behind-policies",
                view.ref,
                view.service.source,
                policies=listed(p.ref for p in isolating_policies(context.engine, spots)),
            )


def _sheltered(context: Context) -> Mapping[ObjectRef, frozenset[Spot]]:
    """The open load balancers, each with its pods' ports, that surely nothing from outside gets through to."""
    engine = context.engine
    views = [v for v in context.services if any(i.fault is Fault.LOAD_BALANCER_OPEN for i in v.issues)]
    if (
        not views
        or not answers_hold(engine)
        or engine.governed(Direction.EGRESS) & engine.spaces.endpoints.host_network
    ):
        return {}  # what nodes may send of their own says nothing of what they send on
    classes = classes_of_pods(engine)
    spots = {v.ref: frozenset(s for p in v.ports for s in spots_of(engine, classes, p)) for v in views}
    outside = positions(engine.spaces.outside)
    every = frozenset(chain.from_iterable(spots.values()))
    from_outside = entered(engine, outside, every)
    # Unless the traffic policy is Local, a node may put its own address in place of the client's.
    from_nodes = entered(engine, positions(engine.spaces.endpoints.host_network), every)

    def holds(view: ServiceView) -> bool:
        mine = spots[view.ref]
        local = view.service.external_traffic_policy is TrafficPolicy.LOCAL
        arriving = from_outside if local else from_outside | from_nodes
        elsewhere = any(i.fault is Fault.ENDPOINTS_DISAGREE for i in view.issues)
        return bool(mine) and not mine & arriving and is_settled(engine, mine) and not elsewhere

    return {v.ref: spots[v.ref] for v in views if holds(v)}
