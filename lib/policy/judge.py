"""The decision on one direction of one pair of ends, and the ports that both directions leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.facts.engines import Known
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.sets import Family
from lib.policy.bits import Bits
from lib.policy.by_family import Reach
from lib.policy.decide import Decision, Evidence, NodeRelation
from lib.policy.points import Point
from lib.policy.walk import Question, selecting, walk

if TYPE_CHECKING:
    from lib.policy.engine import Engine


def reach_of(engine: Engine, src: Point, dst: Point) -> Reach:
    """The ports that are allowed and possible between two ends, the exemptions of pods and nodes included."""
    every = engine.spaces.ports.all
    if (src.outside and dst.outside) or (src.pod is not None and src.pod == dst.pod):
        return Reach(every, every)
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


def same_node(src: Point, dst: Point) -> bool | None:
    """Whether a pod's own node is at the other end, whichever is the subject; None where that is not known."""
    relations = (node_relation(direction, src, dst) for direction in Direction)
    return next((relation.same for relation in relations if relation is not NodeRelation.NONE), None)


def _exemption(engine: Engine, direction: Direction, relation: NodeRelation) -> NodeRelation:
    """The relation as far as the pod's isolation does not count for it."""
    exempt = engine.own_nodes.exempt(direction)
    if exempt is Known.NO:
        return NodeRelation.NONE
    unsettled = relation is NodeRelation.SAME and exempt is Known.UNKNOWN
    return NodeRelation.UNKNOWN if unsettled else relation


def decide(
    engine: Engine,
    direction: Direction,
    src: Point,
    dst: Point,
    asked: Bits,
    family: Family | None = None,
    *,
    say_family: bool = False,
) -> Decision:
    """Collect the evidence for one direction of one pair, for packets of one family or (None) of any that both speak.

    With ``say_family`` the decision names its family.
    """
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    relation = node_relation(direction, src, dst)
    question = Question(
        direction, subject.number, peer.number, dst.number, asked, same_node=same_node(src, dst), family=family
    )
    seen = walk(engine.spaces, engine.stages_about(question.subject), question)
    relation = _exemption(engine, direction, relation)
    other = Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS
    exempt = relation in (NodeRelation.SAME, NodeRelation.UNKNOWN) and bool(
        engine.own_nodes.exempt_ports(direction, src.number, dst.number) & asked
    )
    may_allow = bool(seen.possible)
    if engine.readings and relation in (NodeRelation.SAME, NodeRelation.UNKNOWN):
        # Of the engines that may enforce one may exempt the pod's own node, and the other not.
        exempted = walk(engine.spaces, engine.stages_about(question.subject), replace(question, exempt=True))
        may_allow = may_allow or bool(exempted.possible)
    meet = not engine.reachability().parts_families or _families_meet(
        _granted(engine, direction, src, dst, asked, family, sure=True),
        _granted(engine, other, src, dst, asked, family, sure=False),
    )
    readings = (
        (each.profile.reader, decide(each, direction, src, dst, asked, family).alone) for each in engine.readings
    )
    return Decision(
        Evidence(
            direction=direction,
            subject=subject.name,
            peer=peer.name,
            engine=engine.profile.called,
            selecting=selecting(engine.stages_about(subject.number), question),
            trail=seen.trail,
            rejected=() if subject.outside else engine.rejected_for(direction, subject.number),
            allows=bool(seen.allowed),
            may_allow=may_allow,
            covers_all=seen.allowed == asked,
            families_meet=meet,
            enforced=engine.profile.enforces,
            same_pod=src.pod is not None and src.pod == dst.pod,
            subject_outside=subject.outside,
            subject_on_host=subject.on_host,
            node=relation,
            exempt=exempt,
            spared=direction is Direction.INGRESS and engine.spares_own_pods,
            over=family.label if family is not None and say_family else "",
            readings=tuple(readings),
            example=f"{src.called} → {dst.called}",
        )
    )


def _granted(
    engine: Engine, direction: Direction, src: Point, dst: Point, asked: Bits, family: Family | None, *, sure: bool
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
        same_node=same_node(src, dst),
        family=family,
    )
    seen = walk(engine.spaces, engine.stages_about(question.subject), question)
    return (seen.ipv4[0], seen.ipv6[0]) if sure else (seen.ipv4[1], seen.ipv6[1])


def _families_meet(one: tuple[Bits, Bits], other: tuple[Bits, Bits]) -> bool:
    """Whether some port is permitted both ways for one family; also where no port is permitted both ways at all."""
    if one[0] & other[0] or one[1] & other[1]:
        return True
    return not (one[0] | one[1]) & (other[0] | other[1])
