"""Flows that are to blame as examples: why the engine answers so, and which policies, rules and places decided."""

from __future__ import annotations

from collections.abc import Sequence

from lib.assertions.blame import OUTSIDE, Blame, Key
from lib.assertions.result import Decided, Example
from lib.flows import FlowRow
from lib.model.policies import Direction
from lib.model.sets import ConnectionSet, Protocol
from lib.policy.ends import outside_addresses
from lib.policy.engine import Engine
from lib.policy.explain import DirectionAnswer
from lib.policy.points import End


def explained(engine: Engine, blame: Blame) -> Example:
    """One flow, explained at the first of its ports."""
    answers = _answers(engine, blame)
    reason = "; ".join(side.reason for side in answers) or blame.reason
    return Example(blame.src, blame.dst, blame.ports, reason, decided=_decided(answers))


def explained_path(engine: Engine, path: Sequence[FlowRow], ports: ConnectionSet) -> Example:
    """A chain of flows, of which the last is on ``ports``: each explained at the first of its ports."""
    reasons: list[str] = []
    found: dict[Decided, None] = {}
    last = path[-1].ports & ports
    for row in path:
        meant = last if row is path[-1] else row.ports
        answers = _answers(engine, Blame(row.src, row.dst, row.src_ref, row.dst_ref, meant, True))
        said = "; ".join(side.reason for side in answers)
        reasons.append(f"{row.src} → {row.dst}: {said}" if len(path) > 1 else said)
        found.update(dict.fromkeys(_decided(answers)))
    over = tuple(row.src for row in path[1:])
    return Example(path[0].src, path[-1].dst, last, "; ".join(reasons), over, tuple(found))


def _answers(engine: Engine, blame: Blame) -> tuple[DirectionAnswer, ...]:
    """The directions that some policy may decide: the side of an outside address is nobody's matter."""
    src, dst = _end(engine, blame.src_ref, blame.src), _end(engine, blame.dst_ref, blame.dst)
    if src is None or dst is None:
        return ()
    protocol = next((p for p in Protocol if blame.ports[p]), None)
    port = blame.ports[protocol].intervals[0][0] if protocol else None
    outside = {Direction.EGRESS: blame.src_ref is OUTSIDE, Direction.INGRESS: blame.dst_ref is OUTSIDE}
    return tuple(d for d in engine.explain(src, dst, protocol, port).directions if not outside[d.direction])


def _end(engine: Engine, ref: Key, name: str) -> End | None:
    if ref is not None:
        return engine.snapshot.workload_by_ref.get(ref)
    addresses = outside_addresses(name)
    return next((first for first, _ in addresses.ranges()), None) if addresses else None


def _decided(answers: Sequence[DirectionAnswer]) -> tuple[Decided, ...]:
    found = (Decided(e.policy, e.rule, e.effect, e.source) for side in answers for e in side.deciding)
    return tuple(dict.fromkeys(found))
