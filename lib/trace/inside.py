"""Hops between ends of the cluster: from pods and nodes to Services, node ports, pods and nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lib.model.cluster import Node, Pod, Workload
from lib.model.services import ServiceType, TrafficPolicy
from lib.model.sets import Protocol
from lib.policy.points import End, name_of
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView
from lib.trace.between import between_nodes_hop
from lib.trace.context import Context
from lib.trace.ends import Start
from lib.trace.hop import Hop, HopKind, HopVerdict, Way, together
from lib.trace.policies import Asked, Flow, ask, policy_hops, source_of, verdict_of
from lib.trace.service import Target, service_hop

SENDERS_MAX: Final = 32
"""So many nodes are asked about one by one; nodes that rules treat alike are asked about once."""


def senders(context: Context, start: Start, targets: Sequence[Target] = ()) -> tuple[Workload | Pod | Node, ...]:
    """The ends that send; of all nodes one for each sort that rules can tell apart: by labels, and by own pods."""
    if not start.any_node:
        return start.ends
    kinds = context.engine.spaces.endpoints.nodes
    near = {p.node_name for target in targets for p in target.pods}
    found: dict[tuple[int, bool], Node] = {}
    for node in context.snapshot.nodes:
        found.setdefault((kinds[node.name], node.name in near), node)
    return tuple(found.values())[:SENDERS_MAX]


def to_targets(context: Context, start: Start, targets: Sequence[Target], protocol: Protocol) -> list[Hop]:
    """Policies of both sides, and the end."""
    several = len(targets) > 1 or any(len(t.ends) > 1 for t in targets) or start.any_node
    flows = [
        Flow(src, dst, protocol, target.port, f"{_who(start, src)}{_whom(target, dst)}" if several else "")
        for target in targets
        for dst in target.ends
        for src in senders(context, start, targets)
    ]
    asked = ask(context, flows)
    leaving, entering = policy_hops(asked)
    between = between_nodes_hop(context, start, start.ends, targets, protocol)
    return [leaving, *((between,) if between is not None else ()), entering, arrived(asked, targets, between)]


def _who(start: Start, src: End) -> str:
    return f"{name_of(src)} to " if start.any_node else ""


def _whom(target: Target, dst: End) -> str:
    return str(dst.ref) if isinstance(dst, Pod) else target.name


def arrived(asked: Sequence[Asked], targets: Sequence[Target], between: Hop | None = None) -> Hop:
    """The end of the way: what both sides' policies come to together, case by case; and what is between them."""
    verdict = verdict_of(asked)
    if between is not None and between.verdict is not HopVerdict.ALLOWED and verdict is not HopVerdict.DENIED:
        verdict = between.verdict if verdict is HopVerdict.ALLOWED else HopVerdict.UNKNOWN
    ways = tuple(Way(each.flow.label, each.verdict, each.word) for each in asked)
    return end_hop(targets, verdict, ways if len(ways) > 1 else ())


def end_hop(targets: Sequence[Target], verdict: HopVerdict, ways: tuple[Way, ...] = ()) -> Hop:
    """Where the packet ends; whether something listens there is in no object."""
    target = targets[0]
    name = target.name if len(targets) == 1 else f"{target.name} and {len(targets) - 1} more"
    notes = []
    if target.pods and not any(c.port == target.port for p in target.pods for c in p.ports):
        notes.append(f"No container declares port {target.port}; declaring it is optional.")
    if not target.pods and isinstance(target.ends[0], Node):
        notes.append(f"Nothing in the input says whether something listens on port {target.port} of the node.")
    word = {
        HopVerdict.ALLOWED: f"it arrives at port {target.port}",
        HopVerdict.DENIED: "it does not arrive: a hop before stops it",
        HopVerdict.UNKNOWN: "whether it arrives is not known",
        HopVerdict.DEPENDS: "whether it arrives depends on the case",
    }[verdict]
    return Hop(HopKind.POD, verdict, name, word, target.source, ways=ways, notes=tuple(notes))


def to_service(
    context: Context, start: Start, view: ServiceView, port: PortView, number: int, *, by_cluster_ip: bool = True
) -> Iterator[Hop]:
    """From inside the cluster through a Service to its pods; ``number`` is the port that the sender asks for.

    Only ``by_cluster_ip`` does internalTrafficPolicy count.
    """
    protocol = port.port.protocol
    if view.service.headless and view.service.type is not ServiceType.EXTERNAL_NAME:
        hop, targets = _headless(context, view, port, start, number)
    else:
        hop, targets = service_hop(context, view, port, start, outside=not by_cluster_ip)
    yield hop
    if targets:
        yield from to_targets(context, start, targets, protocol)


def _headless(
    context: Context, view: ServiceView, port: PortView, start: Start, number: int
) -> tuple[Hop, tuple[Target, ...]]:
    """No node translates anything: the sender's port is the pod's."""
    hop, targets = service_hop(context, view, port, start)
    if not targets:
        return hop, ()
    name = f"Service {view.ref.qualified_name}"
    why = "headless: the sender connects to a pod's own address, and its port is not translated"
    notes = tuple(
        f"{t.name} takes it on port {t.port}, not on {number}." for t in targets if t.pods and t.port != number
    )
    own = tuple(Target(t.name, t.ends, number, t.pods, t.source) for t in targets)
    return Hop(HopKind.SERVICE, HopVerdict.ALLOWED, name, why, hop.source, hop.deciders, notes=notes), own


def to_end(context: Context, start: Start, end: Workload | Pod | Node, port: int, protocol: Protocol) -> list[Hop]:
    """From inside the cluster straight to a pod or a node."""
    pods = end.endpoints if isinstance(end, Workload) else (end,) if isinstance(end, Pod) else ()
    return to_targets(context, start, [Target(name_of(end), (end,), port, pods, source_of(end))], protocol)


def to_node_port(
    context: Context, start: Start, node: Node, view: ServiceView, port: PortView, number: int
) -> Iterator[Hop]:
    """From inside the cluster to a node port: translated before policies see it, or after, by engine and node."""
    protocol = port.port.protocol
    hop, targets = service_hop(context, view, port, start, outside=True)
    if targets and view.service.external_traffic_policy is TrafficPolicy.LOCAL:
        kept = tuple(t for t in targets if not t.pods or node.name in {p.node_name for p in t.pods})
        if not kept:
            why = f"externalTrafficPolicy is Local and node {node.name} has no endpoint: it drops the packet"
            yield Hop(HopKind.SERVICE, HopVerdict.DENIED, hop.subject, why, hop.source, change="another node's address")
            return
    yield hop
    if not targets:
        return
    straight = ask(
        context,
        [
            Flow(s, e, protocol, t.port, "seen as to the pod")
            for t in targets
            for e in t.ends
            for s in senders(context, start, targets)
        ],
    )
    first = ask(
        context, [Flow(s, node, protocol, number, "seen as to the node") for s in senders(context, start, targets)]
    )
    then = ask(context, [Flow(node, e, protocol, t.port, "then from the node") for t in targets for e in t.ends])
    yield from policy_hops(straight)
    before, after = verdict_of(straight), together([verdict_of(first), verdict_of(then)])
    if HopVerdict.DENIED in (verdict_of(first), verdict_of(then)):
        after = HopVerdict.DENIED
    ways = (
        Way("translated before the policies see it", before, "to the pod"),
        Way("translated at the other node", after, "to the node, then from the node to the pod"),
    )
    both = before if before is after else HopVerdict.UNKNOWN
    yield end_hop(targets, both, ways)
