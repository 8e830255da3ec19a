"""What would change a hop's verdict, where the hop itself has nothing closer to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lib.trace.hop import Hop, HopKind, HopVerdict

_ALLOWED: Final[Mapping[HopKind, str]] = {
    HopKind.NAME: "an egress policy for the sender without a rule for UDP 53 to those servers would stop it",
    HopKind.RECORD: "another record, or another address in the object's status, would lead elsewhere",
    HopKind.ADDRESS: "another type or another address of the object would lead elsewhere, or nowhere",
    HopKind.SECURITY: (
        "a rule with a lower priority number that denies it, in a group of your own on the subnet, or source ranges of "
        "the Service without the sender"
    ),
    HopKind.BALANCER: "without this port in the Service the rule goes away",
    HopKind.PROBE: "a policy or a security rule that keeps the probe from nodes takes them out",
    HopKind.SERVICE: "another selector, or pods that are not ready, would change the endpoints",
    HopKind.EGRESS: "a policy that selects the sender for egress and has no rule for it would stop it",
    HopKind.INGRESS: "a policy that selects the receiver for ingress and has no rule for it would stop it",
    HopKind.POD: "nothing on the way: whether something listens on the port is for the pod to say",
    HopKind.CONTROLLER: "another class, or another address in the route's status, means another controller",
    HopKind.ROUTE: "a rule for the exact host or with a longer path would win instead",
    HopKind.BACKEND: "another Service or port as the route's backend",
    HopKind.WAY_OUT: "another outbound type, a route or a firewall on the way",
    HopKind.RETURN: "another outbound type",
}
_DENIED: Final[Mapping[HopKind, str]] = {
    HopKind.POD: "what the hops above say would change them",
    HopKind.SERVICE: "a ready endpoint for this port",
    HopKind.BACKEND: "a Service with this name and port, and ready pods behind it",
}
_UNKNOWN: Final[Mapping[HopKind, str]] = {
    HopKind.NAME: "load the namespace of the DNS servers, or say whether nodes run LocalDNS",
    HopKind.RECORD: "put the name into the table of names",
    HopKind.SECURITY: "say the virtual network's ranges, or give the group that is in use",
    HopKind.SERVICE: "load the pods, nodes and EndpointSlices that it names",
    HopKind.EGRESS: "settle what the reason leaves open: the engine that enforces, missing objects, names' addresses",
    HopKind.INGRESS: "settle what the reason leaves open: the engine that enforces, the missing objects, the nodes",
    HopKind.POD: "what settles the hops above settles this",
    HopKind.BACKEND: "load the Service and its pods",
    HopKind.WAY_OUT: "say which outbound type the cluster has",
}
_OPEN: Final = "load the objects that the reason names"


def with_change(hop: Hop) -> Hop:
    """The hop with a word on what would change it."""
    if hop.change:
        return hop
    return replace(hop, change=_usual(hop))


def _usual(hop: Hop) -> str:
    match hop.verdict:
        case HopVerdict.ALLOWED:
            return _ALLOWED[hop.kind]
        case HopVerdict.UNKNOWN:
            return _UNKNOWN.get(hop.kind, _OPEN)
        case HopVerdict.DENIED:
            return _DENIED.get(hop.kind, "what the reason names")
        case HopVerdict.DEPENDS:
            return "the cases say which of them gets through"
