"""What nodes do with a packet to a Service: which endpoints it can go to, and which of them is not for this sender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lib.azure.node_rules import node_rules_of
from lib.model.cluster import Node, Pod, Workload
from lib.model.refs import Source
from lib.model.services import Service, ServicePort, TrafficPolicy
from lib.model.sets import Family, Protocol, family_of
from lib.policy.points import End
from lib.routing.endpoints import EndpointView
from lib.routing.reach import address_or_none
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView
from lib.trace.context import Context
from lib.trace.ends import Start
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way, together

_INSIDE: Final = ("cluster-ip", "internal-local", "internal-cluster")
_OUTSIDE: Final = ("node-port", "external-local", "external-cluster")
PODS_MAX: Final = 50
"""So many pods of one workload are asked about one by one, where only some of its pods are endpoints."""


@dataclass(frozen=True, slots=True)
class Target:
    """Endpoints that one connection may go to: pods of one workload, or one address; ``port`` is theirs."""

    name: str
    ends: tuple[End, ...]
    port: int
    pods: tuple[Pod, ...] = ()
    source: Source | None = None


def port_of(view: ServiceView, wanted: int | str | None, protocol: Protocol | None) -> PortView | None:
    """The Service's port that is meant."""
    return None if wanted is None else view.port(wanted, protocol)


def targets_of(context: Context, view: ServiceView, port: PortView, family: Family | None = None) -> tuple[Target, ...]:
    """The endpoints that take new connections, by workload; without pods in the input, by address.

    A packet of one ``family`` goes to endpoints with an address of it; those without a known address count for both.
    """
    taking = [e for e in view.endpoints.items if e.takes_connections and _has(e, family)]
    listed = {e.pod for e in taking if e.pod is not None}
    found = []
    known = set()
    for target in port.targets:
        pods = tuple(p for p in target.pods if p.ref in listed)
        known |= {p.ref for p in pods}
        if pods and target.port is not None:
            ends = _ends(target.workload, pods)
            found.append(Target(str(target.workload.ref), ends, target.port, pods, pods[0].source))
    found += [t for e in taking if e.pod not in known for t in _addressed(context, view.service, port.port, e)]
    return tuple(found)


def _has(endpoint: EndpointView, family: Family | None) -> bool:
    found = {family_of(a) for a in map(address_or_none, endpoint.addresses) if a is not None}
    return family is None or not found or family in found


def _ends(workload: Workload, pods: tuple[Pod, ...]) -> tuple[End, ...]:
    """The workload where all of its pods are meant, else the pods."""
    return (workload,) if len(pods) == len(workload.endpoints) else pods[:PODS_MAX]


def _addressed(context: Context, service: Service, port: ServicePort, endpoint: EndpointView) -> Iterable[Target]:
    """An endpoint that is none of the Service's own pods, with the number that its slice gives the port."""
    numbers = dict.fromkeys(
        p.port
        for owner in context.snapshot.slices_by_service.get(service.ref, ())
        for p in owner.ports
        if (p.name, p.protocol) == (port.name, port.protocol) and p.port is not None
    )
    for text in endpoint.addresses:
        address = address_or_none(text)
        if address is not None:
            for number in numbers:
                yield Target(f"{text}:{number}", (address,), number, (), endpoint.source)


def service_hop(
    context: Context, view: ServiceView, port: PortView, start: Start, *, outside: bool = False
) -> tuple[Hop, tuple[Target, ...]]:
    """The choice of an endpoint, and the endpoints that the sender's connections can go to.

    ``outside``: the packet comes from beyond the cluster, so that externalTrafficPolicy counts.
    """
    service = view.service
    plane = context.data_plane
    who = {"kube-proxy": "kube-proxy", "cilium": "Cilium"}.get(plane.name, "its node (kube-proxy or Cilium)")
    beside = _INSIDE if outside else _OUTSIDE
    notes = tuple(text for rule, text in node_rules_of(service, plane) if rule.id not in beside)
    source = port.port.source or service.source
    targets = targets_of(context, view, port, start.family)
    name = f"Service {service.ref.qualified_name}"
    if not targets:
        verdict, why, deciders = _nobody(view, port)
        if start.family is not None and targets_of(context, view, port):
            verdict, why = HopVerdict.DENIED, f"none of its endpoints has an address of {start.family.label}"
        return Hop(HopKind.SERVICE, verdict, name, why, source, deciders, change=_remedy(verdict), notes=notes), ()
    count = sum(len(t.pods) or 1 for t in targets)
    endpoints = "1 endpoint" if count == 1 else f"one of {count} endpoints"
    chosen = f"{who} sends the connection to {endpoints}: {_listed(targets)}"
    after = f"{targets[0].name}, port {targets[0].port}" if len(targets) == 1 else "the chosen pod"
    ways, targets = _near(service, targets, start, outside=outside)
    verdict = together(way.verdict for way in ways) if ways else HopVerdict.ALLOWED
    reason = chosen if verdict is HopVerdict.ALLOWED else f"{_policy(outside)} is Local: {_said(ways)}"
    change = (
        "" if verdict is HopVerdict.ALLOWED else f"{_policy(outside)}: Cluster, or an endpoint on each sender's node"
    )
    selects = (Decider(str(service.ref), "selects", port.text, "", source),)
    told = ways if len(ways) > 1 else ()
    hop = Hop(HopKind.SERVICE, verdict, name, reason, source, selects, told, change, "", after, notes=notes)
    return hop, targets


def _policy(outside: bool) -> str:
    return "externalTrafficPolicy" if outside else "internalTrafficPolicy"


def _said(ways: Sequence[Way]) -> str:
    return "; ".join(dict.fromkeys(way.reason for way in ways if way.verdict is not HopVerdict.ALLOWED))


def _listed(targets: Sequence[Target]) -> str:
    shown = ", ".join(f"{t.name} port {t.port}" if t.pods else t.name for t in targets[:4])
    return f"{shown} and {len(targets) - 4} more" if len(targets) > 4 else shown


def _nobody(view: ServiceView, port: PortView) -> tuple[HopVerdict, str, tuple[Decider, ...]]:
    """Why no endpoint takes the packet, and whether that is known."""
    deciders = tuple(Decider(str(view.ref), "is at fault", "", i.reason, i.source) for i in view.issues)
    if port.undeclared and not port.numbers:
        why = f"its target port {port.port.target_port} is declared by none of its pods, so it has no endpoint"
        return HopVerdict.DENIED, why, deciders
    if view.unchecked:
        return HopVerdict.UNKNOWN, "; ".join(view.unchecked), deciders
    said = "; ".join(i.reason for i in view.issues) or "no endpoint takes new connections"
    return HopVerdict.DENIED, said, deciders


def _remedy(verdict: HopVerdict) -> str:
    if verdict is HopVerdict.UNKNOWN:
        return "load the pods and EndpointSlices of its namespace"
    return "a ready pod that its selector takes and that has its target port"


def _near(
    service: Service, targets: tuple[Target, ...], start: Start, *, outside: bool
) -> tuple[tuple[Way, ...], tuple[Target, ...]]:
    """Whether the sender's nodes have an endpoint, where only such count; and the endpoints that remain."""
    if outside or service.internal_traffic_policy is TrafficPolicy.CLUSTER or not start.in_cluster:
        return (), targets
    if start.ends and not start.pods:
        nodes = {end.name: end.name for end in start.ends if isinstance(end, Node)}
    else:
        nodes = {pod.ref.name: pod.node_name for pod in start.pods}
    placed = {pod.node_name for t in targets for pod in t.pods}
    ways: dict[tuple[str, HopVerdict], Way] = {}
    for name, node in nodes.items():
        if not node or "" in placed:
            way = Way(name, HopVerdict.UNKNOWN, "the input does not show on which nodes its pods run")
        elif node in placed:
            way = Way(name, HopVerdict.ALLOWED, f"node {node} has an endpoint of its own")
        else:
            way = Way(name, HopVerdict.DENIED, f"node {node} has no endpoint of its own, and drops it")
        ways.setdefault((way.reason, way.verdict), way)
    near = set(nodes.values())
    kept = tuple(t for t in targets if not t.pods or {p.node_name for p in t.pods} & near)
    return tuple(ways.values()), kept or targets
