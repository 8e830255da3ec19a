"""The way between the cluster and networks outside: who translates, what the receiver sees, and the way back."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from lib.azure.egress import outbound_answer
from lib.azure.security_group_match import Fit, in_virtual_network
from lib.facts.engines import Known
from lib.facts.networks import network
from lib.model.refs import Source
from lib.model.sets import Address, AddressSet
from lib.routing.reach import is_public
from lib.trace.context import Context
from lib.trace.hop import Hop, HopKind, HopVerdict

ROUTED: Final = "userDefinedRouting"
NOTHING: Final = "none"
BLOCKED: Final = "block"


def way_out_hop(context: Context, destination: Address | AddressSet, name: str) -> Hop:
    """From the node to a receiver outside, which has one address or perhaps one of several."""
    ends = [destination] if isinstance(destination, IPv4Address | IPv6Address) else [a for a, _ in destination.ranges()]
    if not any(map(is_public, ends)):
        return _inside_network(context, ends[0], name)
    outbound = context.profile.outbound_type
    model = context.profile.network_model.value
    if not outbound.value:
        why = "the outbound type lets packets out (no object in a cluster shows it)"
        after = f"a public address, by the outbound type{_before(context)}"
        return Hop(HopKind.WAY_OUT, HopVerdict.ALLOWED, name, why, premise=True, source_after=after)
    answer = outbound_answer(outbound.value, "managed", model)
    notes = tuple(f"{step.at}: {step.source_after}" for step in answer.way)
    notes += answer.type.notes
    subject = f"outbound type {outbound.value}"
    if outbound.value == BLOCKED:
        why = "security rules deny what goes to the Internet"
        change = "another outbound type"
        return Hop(HopKind.WAY_OUT, HopVerdict.DENIED, subject, why, change=change, notes=notes)
    if outbound.value in (ROUTED, NOTHING):
        why = f"it is for {answer.type.translated_by} to let it through, and what that does is not in the input"
        change = "a rule for it in that firewall, which this input does not hold"
        return Hop(HopKind.WAY_OUT, HopVerdict.UNKNOWN, subject, why, change=change, notes=notes)
    why = f"translated by {answer.type.translated_by}"
    after = f"{answer.type.seen.removesuffix('.')}{_before(context)}"
    return Hop(HopKind.WAY_OUT, HopVerdict.ALLOWED, subject, why, source_after=after, notes=notes)


def _before(context: Context) -> str:
    """What the node makes of the sender's address before the packet leaves the virtual network."""
    model = context.profile.network_model.value
    said = network(model).snat.removesuffix(".") if model else ""
    return f"; on its node before that: {said[:1].lower()}{said[1:]}" if said else ""


def _inside_network(context: Context, destination: Address, name: str) -> Hop:
    """To a private address: inside the virtual network nothing but routes is on the way, which no object shows."""
    inside = in_virtual_network(destination, context.known)
    after, source, notes = translated(context, destination)
    if inside.fit is Fit.YES:
        why = f"{destination} is in the virtual network"
        return Hop(HopKind.WAY_OUT, HopVerdict.ALLOWED, name, why, source, source_after=after, notes=notes)
    why = f"the virtual network routes packets to {destination} and back (no object shows its routes)"
    return Hop(HopKind.WAY_OUT, HopVerdict.ALLOWED, name, why, source, premise=True, source_after=after, notes=notes)


def translated(context: Context, destination: Address) -> tuple[str, Source | None, tuple[str, ...]]:
    """Whose address a receiver in the virtual network sees of a pod, what shows it, and what else to know.

    What the ip-masq-agent is told counts before what the network model does by itself.
    """
    model, told = context.profile.network_model, context.masquerade
    of_model = network(model.value).snat if model.value else ""
    if told is None:
        return of_model or "depends on the network model, which the input does not show", model.source, ()
    notes = (f"By its documentation {model.text} translates so: {of_model}",) if of_model else ()
    if told.keeps(destination):
        return f"the pod's own address: {told.told} names {destination}", told.sources[0], notes
    return f"the node's address: {told.told} does not name {destination}", told.sources[0], notes


def return_hop(context: Context, name: str) -> Hop | None:
    """The way back of what came in through a public load balancer; None where it is the way that it came."""
    outbound = context.profile.outbound_type
    if outbound.value != ROUTED:
        return None
    answer = outbound_answer(outbound.value, "own", context.profile.network_model.value)
    why = "answers leave by the default route to the firewall, not by the load balancer: the way is asymmetric"
    why += ", and a stateful firewall drops answers to connections that it has not seen"
    change = "let the firewall take the connections (DNAT), or route answers to these senders back"
    return Hop(HopKind.RETURN, HopVerdict.UNKNOWN, name, why, change=change, notes=answer.type.notes)


def direct_hop(context: Context, name: str, *, internet: bool) -> Hop:
    """From outside the cluster straight to a pod's own address."""
    if internet:
        why = "pods have private addresses, and the Internet has no way to them"
        change = "a Service of type LoadBalancer, or a route through an ingress controller"
        return Hop(HopKind.ADDRESS, HopVerdict.DENIED, name, why, change=change)
    model = context.profile.network_model
    if not model.value:
        why = "whether the virtual network reaches pod addresses depends on the network model, which is not known"
        return Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, name, why, change="say which network model the cluster has")
    facts = network(model.value)
    whose = facts.pod_addresses.removeprefix("the ")
    why = f"{facts.label}: pods have addresses of the {whose}"
    match facts.pods_reachable_from_vnet:
        case Known.YES:
            return Hop(HopKind.ADDRESS, HopVerdict.ALLOWED, name, why, model.source)
        case Known.NO:
            why += ", which the virtual network does not route"
            change = "an internal load balancer, or a flat network model"
            return Hop(HopKind.ADDRESS, HopVerdict.DENIED, name, why, model.source, change=change)
        case Known.UNKNOWN:
            return Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, name, f"{why}; nothing says whether it reaches them")
