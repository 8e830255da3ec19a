"""Moving from one policy engine to another: why a flow differs, and what to change so that it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lib.facts.engines import EndOfSupport, Known, engine_facts
from lib.facts.sources import describe
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.policy.cluster_policy import VERSION_DOUBT
from lib.policy.engine import Engine
from lib.policy.network_policy import IPV6_DOUBT
from lib.policy.ports import END_PORT_DOUBT, PORT_NAME_DOUBT, SCTP_DOUBT
from lib.policy.tiers import policy_vocabularies
from lib.scenario.advice import (
    Advice,
    contrast,
    end_port,
    enforcement,
    for_nodes,
    kind,
    labels,
    own_node,
    port_names,
    rules_of,
    sctp,
    versions,
)
from lib.scenario.answer import Change
from lib.scenario.changes import Cause, FlowChange


@dataclass(frozen=True, slots=True)
class Retirement:
    """Until when an engine is supported, by operating system, and who says so."""

    engine: str
    ends: tuple[EndOfSupport, ...]
    source: str


def retirement(engine_id: str) -> Retirement | None:
    """The end of an engine's support; None where none is announced, and for the API's own reading."""
    for facts in engine_facts():
        if facts.id == engine_id and facts.ends:
            return Retirement(facts.label, facts.ends, describe(facts.sources))
    return None


@dataclass(frozen=True, slots=True)
class Documented:
    """What else the documentation says of an engine, for people to read: no answer hangs on it."""

    engine: str
    lines: tuple[str, ...]
    source: str


def documented(engine_id: str) -> Documented | None:
    """What else is documented of an engine; None for the API's own reading."""
    for facts in engine_facts():
        if facts.id == engine_id:
            lacks = (f"On {gap.operating_system.title()} nodes it lacks: {', '.join(gap.gaps)}." for gap in facts.gaps)
            return Documented(facts.label, (facts.state_text, *facts.notes, *lacks), describe(facts.sources))
    return None


@dataclass(frozen=True, slots=True)
class Reason:
    """One difference between two engines, with the flows that it changes; ``remedies`` are distinct, in order.

    ``said`` quotes the documentation of both engines, with its sources.
    """

    change: Change
    why: str
    said: str
    remedies: tuple[str, ...]
    flows: int
    example: FlowChange


def reasons(advised: Iterable[tuple[FlowChange, tuple[Advice, ...]]]) -> tuple[Reason, ...]:
    """Why flows differ, those that change most flows first; a flow with two reasons counts for both."""
    grouped: dict[tuple[Change, str], list[tuple[FlowChange, Advice]]] = {}
    for row, advices in advised:
        for each in advices:
            grouped.setdefault((row.change, each.switch), []).append((row, each))
    found = [
        Reason(change, of[0][1].why, of[0][1].said, tuple(dict.fromkeys(a.remedy for _, a in of)), len(of), of[0][0])
        for (change, _), of in grouped.items()
    ]
    return tuple(sorted(found, key=lambda r: (-r.flows, r.why)))


class Advisor:
    """Says of the flows on which two engines differ, over one and the same snapshot, why they do."""

    def __init__(self, old: Engine, new: Engine) -> None:
        self._old, self._new = old, new
        self._in_old, self._in_new = ({p.ref for p in engine.policies} for engine in (old, new))

    def advise(self, row: FlowChange) -> tuple[Advice, ...]:
        """What makes the two engines differ on a flow; each difference between them once."""
        return tuple({found.switch: found for found in self._advice(row)}.values())

    def _advice(self, row: FlowChange) -> Iterator[Advice]:
        old, new = self._old, self._new
        before, after = old.profile, new.profile
        if before.enforces != after.enforces:
            yield enforcement(old, new)
            return
        one_sided = {c.policy for c in row.causes if (c.policy in self._in_old) != (c.policy in self._in_new)}
        if one_sided:
            first = min(one_sided)
            yield kind(first, first in self._in_old, old, new)
        causes = [c for c in row.causes if c.policy not in one_sided]
        by_label = [c for c in causes if c.policy in self._by_ignored_label]
        if by_label:
            yield labels(by_label, self._by_ignored_label[by_label[0].policy], old, new)
        rules = [c for c in causes if c.effect in ("permits", "denies", "passes", "undecided")]
        told = []
        for switch, doubt, tell in _DOUBTS:
            mine = [c for c in rules if doubt in c.doubt]
            if mine and getattr(before, switch) != getattr(after, switch):
                told += mine
                yield tell(mine, old, new)
        # A rule for a range of ports stands on the other side without the doubt.
        doubtful = {(c.policy, c.rule) for c in told}
        left = [c for c in rules if (c.policy, c.rule) not in doubtful and c not in by_label]
        yield from _addresses(row, left, old, new)

    @cached_property
    def _by_ignored_label(self) -> Mapping[ObjectRef, str]:
        """The policies that select pods by a label which one of the engines ignores, with the label."""
        found: dict[ObjectRef, str] = {}
        for policy, read in policy_vocabularies(self._old.snapshot, self._old.profile):
            for key in sorted(read.pod_keys):
                if self._old.profile.ignores_label(key) != self._new.profile.ignores_label(key):
                    found.setdefault(policy.ref, key)
        return found


def _ipv6(rules: list[Cause], old: Engine, new: Engine) -> Advice:
    label = (new if old.profile.judges_ipv6 is Known.YES else old).profile.label
    why = f"{label} does not support IPv6, and what becomes of IPv6 traffic of isolated pods is not documented"
    remedy = "Where the cluster has IPv6, write rules with IPv6 blocks for what is needed, and test it."
    return Advice.on("judges_ipv6", why, remedy, old, new)


_DOUBTS: Final[tuple[tuple[str, str, Callable[[list[Cause], Engine, Engine], Advice]], ...]] = (
    ("tells_port_names_apart", PORT_NAME_DOUBT, port_names),
    ("end_port", END_PORT_DOUBT, end_port),
    ("judges_sctp", SCTP_DOUBT, sctp),
    ("judges_ipv6", IPV6_DOUBT, _ipv6),
    ("kinds_by_version", VERSION_DOUBT, versions),
)


def _addresses(row: FlowChange, rules: list[Cause], old: Engine, new: Engine) -> Iterator[Advice]:
    before, after = old.profile, new.profile
    outside = OUTSIDE_SUFFIX in row.src + row.dst
    nodes = before.ip_block_matches_nodes is not after.ip_block_matches_nodes
    if row.host and rules and nodes:
        why = contrast(old, new, "ip_block_matches_nodes", "an ipBlock means nodes by their addresses under {}")
        yield Advice.on(
            "ip_block_matches_nodes", why, for_nodes(f"what the ipBlock of {rules_of(rules)} names", new), old, new
        )
    elif row.host and before.own_node_egress_allowed is not after.own_node_egress_allowed:
        yield own_node(old, new)
    elif rules and not outside and before.ip_block_matches_pods is not after.ip_block_matches_pods:
        closes = row.change is not Change.GAINED
        yield Advice.on(
            "ip_block_matches_pods",
            contrast(old, new, "ip_block_matches_pods", "an ipBlock means pods by their addresses under {}"),
            f"Add pods by podSelector and namespaceSelector to {rules_of(rules)}, beside the ipBlock."
            if closes
            else f"Take the pods' addresses out of the ipBlock of {rules_of(rules)} by except, if they are not meant.",
            old,
            new,
        )
