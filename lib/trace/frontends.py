"""The addresses by which a load balancer's Service is reached from outside, also those that Azure has yet to give.

What the status shows counts; without one what the Service asks for, and else an address that nobody knows yet.
"""

from __future__ import annotations

from lib.azure.annotations import Annotations
from lib.azure.balanced import is_azure_load_balancer
from lib.azure.frontends import Frontend
from lib.azure.security_group_destinations import frontends_of
from lib.azure.unassigned import Receiver, Unassigned, family_at
from lib.model.services import Service
from lib.model.sets import Address, Family
from lib.routing.reach import address_or_none
from lib.trace.ends import Start


def receivers_of(service: Service) -> tuple[Receiver, ...]:
    """A LoadBalancer Service's frontends; none where the status shows none and Azure makes no load balancer for it."""
    shown = shown_addresses(service)
    if service.load_balancer_ingress or not is_azure_load_balancer(service):
        return shown
    public = not Annotations(service).internal
    found: list[Receiver] = []
    for family, ends in frontends_of(service).by_family.items():
        found += ends.addresses
        found += (Unassigned(service.ref, family, public, words, ends.unused) for words in ends.unknown)
    return tuple(found)


def receiver_for(service: Service, start: Start) -> Receiver | None:
    """The frontend that a packet goes to: the first of its family."""
    return next((r for r in receivers_of(service) if _speaks(start, r)), None)


def _speaks(start: Start, receiver: Receiver) -> bool:
    if not isinstance(receiver, Unassigned):
        return start.speaks(receiver)
    sender = family_at(start.address) if start.address is not None else start.family
    return sender in (None, receiver.family) and start.family in (None, receiver.family)


def families_outside(service: Service) -> frozenset[Family]:
    """The IP families by which the Service is reached from outside."""
    return frozenset(map(family_at, receivers_of(service)))


def shown_addresses(service: Service) -> tuple[Address, ...]:
    """The addresses that the Service's status shows."""
    shown = (address_or_none(entry.ip) for entry in service.load_balancer_ingress)
    return tuple(address for address in shown if address is not None)


def asked_addresses(service: Service) -> tuple[Address, ...]:
    """The addresses that the Service asks for, where its status shows none."""
    if service.load_balancer_ingress:
        return ()
    return tuple(each for each in receivers_of(service) if not isinstance(each, Unassigned))


def granted(service: Service, receiver: Receiver, frontend: Frontend | None) -> str:
    """What is taken for granted of a frontend's address; "" where some status in the input shows it."""
    if isinstance(receiver, Unassigned):
        what = "public IP address" if receiver.public else "internal address"
        whence = f": {frontend.address_from}" if frontend is not None else ""
        return f"the {what} that Azure will give leads to it (no status is in the input{whence})"
    if receiver not in asked_addresses(service):
        return ""
    by = frontend.address_from.partition(":")[0] if frontend is not None else "the Service"
    return f"Azure gives the Service the address that it asks for with {by} (no status is in the input)"
