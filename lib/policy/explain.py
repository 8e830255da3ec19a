"""Why a flow is allowed or not: both directions, filtered from the compiled rules that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lib.facts.engines import Known
from lib.model.cluster import Node, Pod, Workload
from lib.model.policies import Direction, Verdict
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef, Source
from lib.model.sets import Address, AddressSet, ConnectionSet, PortSet, Protocol
from lib.policy.bits import Bits, positions
from lib.policy.decide import Decision, Evidence, NodeRelation
from lib.policy.rules import Action
from lib.policy.walk import Question, rules_with, selecting, walk

if TYPE_CHECKING:
    from lib.policy.engine import Engine

End = Workload | Pod | Node | AddressSet | Address


class Point(NamedTuple):
    """One end of a flow as the rules see it: its number, what it is called, and where it runs.

    ``node`` is "" where the input does not show it, or for an address outside. ``on_host``: a node or a host-network
    pod, which policies do not select.
    """

    number: int
    name: str
    node: str = ""
    on_host: bool = False
    pod: ObjectRef | None = None
    outside: bool = False

    @property
    def called(self) -> str:
        """The pod's own name, where ``name`` is that of its workload."""
        return str(self.pod) if self.pod is not None else self.name


@dataclass(frozen=True, slots=True)
class Effect:
    """What one policy, or one rule of it, did; ``rule`` is "" for the whole policy.

    ``effect``: permits, denies, passes, isolates or undecided.
    """

    policy: ObjectRef
    effect: str
    rule: str
    source: Source
    text: str = ""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule of a policy that selects the pod and that decides nothing of the flow; ``failed`` is the first reason."""

    policy: ObjectRef
    rule: str
    source: Source
    failed: str
    text: str


@dataclass(frozen=True, slots=True)
class DirectionAnswer:
    """One direction: the decisions of all pairs of pods that differ, and what follows from them.

    ``verdict`` is ``allowed``, ``denied``, ``unknown`` or, where pods differ, ``partial``.
    """

    direction: Direction
    decisions: tuple[Decision, ...]
    near_misses: tuple[NearMiss, ...]

    @property
    def verdict(self) -> str:
        """The verdict in one word."""
        return _common({d.verdict for d in self.decisions})

    @property
    def reason(self) -> str:
        """One sentence part; where pods or addresses differ, one for each case, with an example of it."""
        examples: dict[str, str] = {}
        for decision in self.decisions:
            examples.setdefault(str(decision), decision.evidence.example)
        if len(examples) == 1:
            return next(iter(examples))
        return "; ".join(f"{sentence} (for example {example})" for sentence, example in examples.items())

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The rules that decided; for what is not allowed also the policies that isolate."""
        return tuple(dict.fromkeys(e for d in self.decisions for e in _effects(d)))


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to one question; ``connections`` are the asked ports that every pair of pods has."""

    src: str
    dst: str
    asked: ConnectionSet
    verdict: str
    connections: ConnectionSet
    directions: tuple[DirectionAnswer, ...]


def _common(verdicts: set[Verdict]) -> str:
    if len(verdicts) == 1:
        return next(iter(verdicts)).value
    if Verdict.ALLOWED in verdicts:
        return "partial"
    return Verdict.UNKNOWN.value


def _effects(decision: Decision) -> Iterator[Effect]:
    seen = decision.evidence
    for rule in seen.passing:
        yield Effect(rule.policy, "passes", rule.label, rule.source, rule.text)
    for rule in seen.permitting:
        yield Effect(rule.policy, "permits", rule.label, rule.source, rule.text)
    for rule in seen.denying:
        yield Effect(rule.policy, "denies", rule.label, rule.source, rule.text)
    if decision.verdict is Verdict.ALLOWED:
        return
    for rule in seen.undecided:
        yield Effect(rule.policy, "undecided", rule.label, rule.source, rule.text)
    for policy in seen.isolating:
        yield Effect(policy.ref, "isolates", "", policy.source)


def explain(engine: Engine, src: End, dst: End, protocol: Protocol | None, port: int | None) -> Explanation:
    """Ask every pair of differing pods of both ends, and put their answers together."""
    asked = _asked(engine, protocol, port)
    cases = [
        (a, b, tuple(decide(engine, d, a, b, asked) for d in (Direction.EGRESS, Direction.INGRESS)))
        for a, b in _pairs(points_of(engine, src), points_of(engine, dst))
    ]
    masks = [_masks(engine, a, b, asked) for a, b, _ in cases]
    every = asked if masks else 0
    for allowed, _ in masks:
        every &= allowed
    return Explanation(
        src=name_of(src),
        dst=name_of(dst),
        asked=engine.connections(asked) if protocol is None else _exactly(engine, asked, protocol, port),
        verdict=_common({_verdict(*m) for m in masks}) if masks else Verdict.UNKNOWN.value,
        connections=engine.connections(every) if port is None else _exactly(engine, every, protocol, port),
        directions=tuple(
            DirectionAnswer(
                direction,
                tuple(dict.fromkeys(decisions[i] for _, _, decisions in cases)),
                tuple(dict.fromkeys(n for a, b, _ in cases for n in _near_misses(engine, direction, a, b, asked))),
            )
            for i, direction in enumerate((Direction.EGRESS, Direction.INGRESS))
        ),
    )


def _verdict(allowed: Bits, possible: Bits) -> Verdict:
    if allowed:
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if possible else Verdict.DENIED


def _masks(engine: Engine, src: Point, dst: Point, asked: Bits) -> tuple[Bits, Bits]:
    allowed, possible = pair_masks(engine, src, dst)
    return allowed & asked, possible & asked


def pair_masks(engine: Engine, src: Point, dst: Point) -> tuple[Bits, Bits]:
    """The ports that are allowed and possible between two ends, the exemptions of pods and nodes included."""
    every = engine.spaces.ports.all
    if (src.outside and dst.outside) or (src.pod is not None and src.pod == dst.pod):
        return every, every
    for direction in Direction:
        relation = node_relation(direction, src, dst)
        if relation is not NodeRelation.NONE:
            return engine.own_nodes.masks(direction, src.number, dst.number, same=relation.same)
    return engine.reachability().between(src.number, dst.number)


def node_relation(direction: Direction, src: Point, dst: Point) -> NodeRelation:
    """Whether the subject of ``direction`` is a pod whose own node is at the other end."""
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    if subject.on_host or not peer.on_host or subject.outside:
        return NodeRelation.NONE
    if not subject.node or not peer.node:
        return NodeRelation.UNKNOWN
    return NodeRelation.SAME if subject.node == peer.node else NodeRelation.OTHER


def _exemption(engine: Engine, direction: Direction, relation: NodeRelation) -> NodeRelation:
    """The relation as far as the pod's isolation does not count for it."""
    exempt = engine.own_nodes.exempt(direction)
    if exempt is Known.NO:
        return NodeRelation.NONE
    unsettled = relation is NodeRelation.SAME and exempt is Known.UNKNOWN
    return NodeRelation.UNKNOWN if unsettled else relation


def decide(engine: Engine, direction: Direction, src: Point, dst: Point, asked: Bits) -> Decision:
    """Collect the evidence for one direction of one pair."""
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    relation = node_relation(direction, src, dst)
    question = Question(direction, subject.number, peer.number, dst.number, asked, same_node=relation.same)
    seen = walk(engine.spaces, engine.stages, question)
    relation = _exemption(engine, direction, relation)
    other = Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS
    exempt = relation in (NodeRelation.SAME, NodeRelation.UNKNOWN) and bool(
        engine.own_nodes.exempt_ports(direction, src.number, dst.number) & asked
    )
    meet = not engine.reachability().parts_families or _families_meet(
        _granted(engine, direction, src, dst, asked, sure=True), _granted(engine, other, src, dst, asked, sure=False)
    )
    return Decision(
        Evidence(
            direction=direction,
            subject=subject.name,
            peer=peer.name,
            engine=engine.profile.label,
            selecting=selecting(engine.stages, question),
            isolating=tuple(p for closing in seen.closings for p in closing.policies),
            permitting=rules_with(seen.steps, Action.ALLOW, sure=True),
            denying=rules_with(seen.steps, Action.DENY, sure=True),
            passing=rules_with(seen.steps, Action.PASS, sure=True),
            undecided=tuple(dict.fromkeys(s.rule for s in seen.steps if not s.sure)),
            rejected=() if subject.outside else engine.rejected_for(direction, subject.number),
            allows=bool(seen.allowed),
            may_allow=bool(seen.possible),
            covers_all=seen.allowed == asked,
            families_meet=meet,
            enforced=engine.profile.enforces,
            same_pod=src.pod is not None and src.pod == dst.pod,
            subject_outside=subject.outside,
            subject_on_host=subject.on_host,
            node=relation,
            exempt=exempt,
            spared=direction is Direction.INGRESS and engine.spares_own_pods,
            example=f"{src.called} → {dst.called}",
        )
    )


def _granted(
    engine: Engine, direction: Direction, src: Point, dst: Point, asked: Bits, *, sure: bool
) -> tuple[Bits, Bits]:
    """The asked ports that one direction allows for IPv4 and for IPv6; with ``sure`` False what it may allow, too."""
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    exempt = {NodeRelation.SAME} if sure else {NodeRelation.SAME, NodeRelation.UNKNOWN}
    relation = node_relation(direction, src, dst)
    question = Question(
        direction,
        subject.number,
        peer.number,
        dst.number,
        asked,
        exempt=_exemption(engine, direction, relation) in exempt,
        same_node=relation.same,
    )
    seen = walk(engine.spaces, engine.stages, question)
    return (seen.ipv4[0], seen.ipv6[0]) if sure else (seen.ipv4[1], seen.ipv6[1])


def _families_meet(one: tuple[Bits, Bits], other: tuple[Bits, Bits]) -> bool:
    """Whether some port is permitted both ways for one family; also where no port is permitted both ways at all."""
    if one[0] & other[0] or one[1] & other[1]:
        return True
    return not (one[0] | one[1]) & (other[0] | other[1])


def _near_misses(engine: Engine, direction: Direction, src: Point, dst: Point, asked: Bits) -> Iterator[NearMiss]:
    """The rules of the policies that select the subject which decided nothing, each with its first reason."""
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    same_node = node_relation(direction, src, dst).same
    question = Question(direction, subject.number, peer.number, dst.number, asked, same_node=same_node)
    reached = {id(step.rule) for step in walk(engine.spaces, engine.stages, question).steps}
    for policy in selecting(engine.stages, question):
        for rule in policy.rules_for(direction):
            if id(rule) in reached:
                continue
            if rule.nodes.holds(question.same_node) is False:
                failed = f"it names {rule.nodes.value} only"
            elif not (rule.peers | rule.possible_peers) >> peer.number & 1:
                failed = f"it does not name {peer.name}"
            elif not rule.mask_at(dst.number) & asked:
                failed = "it names other ports, or a port name that the destination does not declare"
            else:
                failed = "rules before it have decided all of its ports"
            yield NearMiss(rule.policy, rule.label, rule.source, failed, rule.text)


def _asked(engine: Engine, protocol: Protocol | None, port: int | None) -> Bits:
    if protocol is None and port is None:
        return engine.spaces.ports.all
    ports = PortSet.all() if port is None else PortSet.of(port)
    return engine.spaces.ports.mask(protocol or Protocol.TCP, ports)


def _exactly(engine: Engine, mask: Bits, protocol: Protocol | None, port: int | None) -> ConnectionSet:
    if port is None:
        return engine.connections(mask)
    return ConnectionSet.of(protocol or Protocol.TCP, port) if mask else ConnectionSet()


def _pairs(sources: Iterable[Point], destinations: Iterable[Point]) -> Iterator[tuple[Point, Point]]:
    """One pair of pods for every answer that may differ, however many pods there are.

    A workload's pods are not asked about themselves unless there is nothing else to ask about.
    """
    froms, tos = _by_number(sources), _by_number(destinations)
    found = [pair for a in froms for b in tos for pair in _representatives(a, b)]
    if found or not froms or not tos:
        yield from found
    else:
        yield froms[0][0], tos[0][0]


def _by_number(points: Iterable[Point]) -> list[list[Point]]:
    grouped: dict[int, list[Point]] = {}
    for point in points:
        grouped.setdefault(point.number, []).append(point)
    return list(grouped.values())


def _representatives(sources: list[Point], destinations: list[Point]) -> Iterator[tuple[Point, Point]]:
    """Pairs of two classes: one, or where one end is a node's, one for each relation of the nodes."""
    a, b = sources[0], destinations[0]
    if a.on_host == b.on_host or a.outside or b.outside:
        if a.pod is not None and a.pod == b.pod:
            a, b = (a, destinations[1]) if len(destinations) > 1 else (sources[-1], b)
        if a.pod is None or a.pod != b.pod:
            yield a, b
        return
    by_node_a, by_node_b = {p.node: p for p in sources}, {p.node: p for p in destinations}
    unknown = by_node_a.pop("", None), by_node_b.pop("", None)
    shared = next((node for node in by_node_a if node in by_node_b), None)
    if shared is not None:
        yield by_node_a[shared], by_node_b[shared]
    for node, point in list(by_node_a.items())[:2]:
        other = next((p for n, p in by_node_b.items() if n != node), None)
        if other is not None:
            yield point, other
            break
    if any(unknown):
        yield unknown[0] or a, unknown[1] or b


def name_of(end: End) -> str:
    """What an end is called in rows and sentences."""
    match end:
        case Node():
            return f"node/{end.ref}"
        case Workload() | Pod():
            return str(end.ref)
        case AddressSet():
            return f"{end}{OUTSIDE_SUFFIX}"
        case _:
            return f"{end}{OUTSIDE_SUFFIX}"


def points_of(engine: Engine, end: End) -> tuple[Point, ...]:
    """The ends that the rules see; the address of a known pod or node is that pod or node."""
    spaces, snapshot = engine.spaces, engine.snapshot
    match end:
        case Workload():
            return _workload_points(engine, end)
        case Pod():
            workload = snapshot.workload_by_pod[end.ref]
            return tuple(p for p in _workload_points(engine, workload) if p.pod == end.ref)
        case Node():
            return (Point(spaces.endpoints.nodes[end.name], name_of(end), end.name, on_host=True),)
        case AddressSet():
            touched = spaces.addresses.atoms_in(end)
            return tuple(
                Point(spaces.first_address + atom, str(spaces.addresses.addresses(1 << atom) & end), outside=True)
                for atom in positions(touched)
            )
        case _:
            return _address_points(engine, end)


def _workload_points(engine: Engine, workload: Workload) -> tuple[Point, ...]:
    members = engine.spaces.endpoints.members[engine.workload_numbers[workload.ref]]
    return tuple(
        Point(number, str(workload.ref), pod.node_name, pod.host_network, pod.ref)
        for number, pod in zip(members, workload.endpoints, strict=True)
    )


def _address_points(engine: Engine, address: Address) -> tuple[Point, ...]:
    for workload in engine.snapshot.workloads:
        for point, pod in zip(_workload_points(engine, workload), workload.endpoints, strict=True):
            if address in pod.ips and not pod.host_network:
                return (point._replace(name=f"{pod.ref} at {address}"),)
    for node in engine.snapshot.nodes:
        if str(address) in node.addresses_of("InternalIP"):
            return points_of(engine, node)
    return (Point(engine.spaces.end_of(address), str(address), outside=True),)
