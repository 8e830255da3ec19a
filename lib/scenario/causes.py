"""Which policies and rules brought a change about: the evidence of both readings, without what they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice, product
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import ConnectionSet, parse_address
from lib.policy.bits import Bits, union
from lib.policy.engine import Engine
from lib.policy.projection import ARBITRARY_NAMESPACE
from lib.policy.rules import Action, CompiledPolicy
from lib.policy.walk import Question, walk
from lib.scenario.answer import FlowAnswer
from lib.scenario.changes import Cause, FlowChange

EFFECTS = {Action.ALLOW: "permits", Action.DENY: "denies", Action.PASS: "passes"}
# Pods of one workload that differ for the policies are looked at up to this many pairs of classes.
PAIRS_MAX = 8


class Evidence(NamedTuple):
    """What one reading says of one direction: the ports it lets through, and who took part."""

    allowed: ConnectionSet
    possible: ConnectionSet
    causes: tuple[Cause, ...]
    subjects: Bits


class Causes:
    """Finds the causes of changes between two readings; what was found once is kept."""

    def __init__(self, old: Engine, new: Engine) -> None:
        self._old, self._new = Reading(old, "old"), Reading(new, "new")
        self._ports: dict[tuple[FlowAnswer, FlowAnswer], ConnectionSet] = {}

    def explain(self, row: FlowChange) -> FlowChange:
        """The same row with its causes."""
        found: dict[Cause, None] = {}
        answers = row.old, row.new
        ports = self._ports.get(answers)
        if ports is None:
            ports = self._ports[answers] = row.ports
        for direction in Direction:
            found.update(dict.fromkeys(self._of(direction, row, ports)))
        return replace(row, causes=tuple(found)) if found else row

    def _of(self, direction: Direction, row: FlowChange, ports: ConnectionSet) -> Iterator[Cause]:
        subject = row.src_ref if direction is Direction.EGRESS else row.dst_ref
        if subject is None:
            return
        old, new = (reading.evidence(direction, row, ports) for reading in (self._old, self._new))
        if old is None or new is None:
            # The workload itself came or went: what is permitted to it is all there is to say.
            present = old or new
            yield from (c for c in present.causes if c.effect == "permits") if present else ()
            return
        if (old.allowed & ports, old.possible & ports) == (new.allowed & ports, new.possible & ports):
            return
        mine, theirs = [_key(c) for c in old.causes], [_key(c) for c in new.causes]
        only = [c for c in old.causes if _key(c) not in theirs] + [c for c in new.causes if _key(c) not in mine]
        told = [c for c in only if c.effect != "isolates" or not self._isolates_in_both(c, direction, old, new)]
        yield from told or only

    def _isolates_in_both(self, cause: Cause, direction: Direction, old: Evidence, new: Evidence) -> bool:
        found = (self._old.isolates(cause.policy, direction, old), self._new.isolates(cause.policy, direction, new))
        return all(found)


def _key(cause: Cause) -> tuple[object, ...]:
    return cause.policy, cause.effect, cause.rule, cause.text


class Reading:
    """One engine under its name, with its policies by the class that they select."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self._walked: dict[Question, Evidence] = {}
        self._masks: dict[ConnectionSet, Bits] = {}

    @cached_property
    def _policies(self) -> dict[ObjectRef, list[CompiledPolicy]]:
        found: dict[ObjectRef, list[CompiledPolicy]] = defaultdict(list)
        for policy in self._engine.policies:
            found[policy.ref].append(policy)
        return found

    def isolates(self, ref: ObjectRef, direction: Direction, seen: Evidence) -> bool:
        """Whether a policy isolates some of the subjects that were looked at."""
        return any(p.isolates(direction) & seen.subjects for p in self._policies.get(ref, ()))

    def evidence(self, direction: Direction, row: FlowChange, ports: ConnectionSet) -> Evidence | None:
        """What this reading says of one direction of a row, on some ports; None where it has not both ends."""
        egress = direction is Direction.EGRESS
        sources, destinations = self._ends(row.src_ref, row.src, row), self._ends(row.dst_ref, row.dst, row)
        if not sources or not destinations:
            return None
        asked = self._masks.get(ports)
        if asked is None:
            mask = self._engine.spaces.ports.mask
            asked = self._masks[ports] = union(mask(protocol, held) for protocol, held in ports.ports)
        same_node = self._same_node(row) if row.host else None
        found = [
            self._walk(Question(direction, *((a, b) if egress else (b, a)), b, asked, same_node=same_node))
            for a, b in islice(product(sources, destinations), PAIRS_MAX)
        ]
        allowed, possible = found[0].allowed, found[0].possible
        for each in found[1:]:
            allowed, possible = allowed | each.allowed, possible | each.possible
        causes = tuple(dict.fromkeys(c for each in found for c in each.causes))
        return Evidence(allowed, possible, causes, union(each.subjects for each in found))

    def _same_node(self, row: FlowChange) -> bool | None:
        """Whether the pods of both ends are all on one node, or none with the other's; None where they differ."""
        mine, theirs = (
            {row.node} if ref is None and row.node else self._nodes(ref) for ref in (row.src_ref, row.dst_ref)
        )
        if not mine or not theirs or "" in mine | theirs:
            return None
        if len(mine | theirs) == 1:
            return True
        return None if mine & theirs else False

    def _nodes(self, ref: ObjectRef | None) -> set[str]:
        number = None if ref is None else self._engine.workload_numbers.get(ref)
        workloads = self._engine.snapshot.workloads
        return set() if number is None else {pod.node_name for pod in workloads[number].endpoints}

    def _ends(self, ref: ObjectRef | None, name: str, row: FlowChange) -> Sequence[int]:
        spaces = self._engine.spaces
        if ref is not None:
            number = self._engine.workload_numbers.get(ref)
            return [] if number is None else list(dict.fromkeys(spaces.endpoints.members[number]))
        if row.node:
            return [spaces.endpoints.nodes[row.node]]
        first = name.partition("-")[0]
        if name.endswith(OUTSIDE_SUFFIX):
            return [spaces.end_of(parse_address(first))]
        return [spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]]

    def _walk(self, question: Question) -> Evidence:
        found = self._walked.get(question)
        if found is None:
            found = self._walked[question] = self._walk_stages(question)
        return found

    def _walk_stages(self, question: Question) -> Evidence:
        engine = self._engine
        seen = walk(engine.spaces, engine.own_nodes.selecting.get(question.subject, ()), question)
        causes = [
            Cause(
                self._name,
                step.rule.policy,
                EFFECTS[step.rule.action] if step.sure else "undecided",
                step.rule.label,
                step.rule.source,
                step.rule.text,
                "" if step.sure else step.rule.doubt,
            )
            for step in seen.steps
        ]
        causes += [Cause(self._name, p.ref, "isolates", "", p.source) for end in seen.closings for p in end.policies]
        allowed, possible = engine.connections(seen.allowed), engine.connections(seen.possible)
        return Evidence(allowed, possible, tuple(causes), 1 << question.subject)
