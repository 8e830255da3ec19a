"""Moving from one policy engine to another: why a flow differs, and what to change so that it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lib.facts.engines import EndOfSupport, Known, engine_facts
from lib.facts.sources import describe
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import ConnectionSet, Protocol
from lib.policy.engine import Engine
from lib.policy.ports import PORT_NAME_DOUBT
from lib.scenario.answer import Change
from lib.scenario.changes import Cause, FlowChange


@dataclass(frozen=True, slots=True)
class Advice:
    """Why two engines differ on a flow, and what to change, a sentence each.

    ``switch`` is the difference between the engines that it comes from, by the name of the profile's field.
    """

    switch: str
    why: str
    remedy: str


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
class Reason:
    """One difference between two engines, with the flows that it changes; ``remedies`` are distinct, in order."""

    change: Change
    why: str
    remedies: tuple[str, ...]
    flows: int
    example: FlowChange


def reasons(advised: Iterable[tuple[FlowChange, tuple[Advice, ...]]]) -> tuple[Reason, ...]:
    """Why flows differ, those that change most flows first; a flow with two reasons counts for both."""
    grouped: dict[tuple[Change, str], list[tuple[FlowChange, Advice]]] = {}
    for row, advices in advised:
        for advice in advices:
            grouped.setdefault((row.change, advice.switch), []).append((row, advice))
    found = [
        Reason(change, of[0][1].why, tuple(dict.fromkeys(a.remedy for _, a in of)), len(of), of[0][0])
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
            yield _enforcement(old, new)
            return
        one_sided = {c.policy for c in row.causes if (c.policy in self._in_old) != (c.policy in self._in_new)}
        if one_sided:
            first = min(one_sided)
            yield _kind(first, new.profile.label if first in self._in_old else "", old.profile.label)
        if ":" in row.src + row.dst and before.judges_ipv6 is not after.judges_ipv6:
            label = (after if before.judges_ipv6 is Known.YES else before).label
            yield Advice(
                "judges_ipv6",
                f"{label} does not support IPv6, and what becomes of IPv6 traffic of isolated pods is not documented",
                "Where the cluster has IPv6, write rules with IPv6 blocks for what is needed, and test it after the "
                "move.",
            )
        sctp = not row.ports - _SCTP
        if sctp and before.judges_sctp is not after.judges_sctp:
            yield Advice(
                "judges_sctp",
                "one of the engines supports SCTP only where it is turned on",
                "Find out whether SCTP is turned on in the data plane, and test it before the move.",
            )
        rules = [c for c in row.causes if c.effect in ("permits", "undecided") and c.policy not in one_sided]
        names = [c for c in rules if c.doubt.startswith(PORT_NAME_DOUBT)]
        if names and before.tells_port_names_apart is not after.tells_port_names_apart:
            yield Advice(
                "tells_port_names_apart",
                "pods use a port name for several numbers, which one of the engines may not tell apart",
                f"Write port numbers instead of the name in {_rules(names)}.",
            )
        yield from _addresses(row, [c for c in rules if c not in names], old, new)


_SCTP = ConnectionSet.of(Protocol.SCTP, 1, 65535)


def _addresses(row: FlowChange, rules: list[Cause], old: Engine, new: Engine) -> Iterator[Advice]:
    before, after = old.profile, new.profile
    outside = OUTSIDE_SUFFIX in row.src + row.dst
    nodes = before.ip_block_matches_nodes is not after.ip_block_matches_nodes
    if row.host and rules and nodes:
        yield Advice(
            "ip_block_matches_nodes",
            _contrast(old, new, "ip_block_matches_nodes", "an ipBlock means nodes by their addresses under {}"),
            _for_nodes(f"what the ipBlock of {_rules(rules)} names", new),
        )
    elif row.host and before.own_node_egress_allowed is not after.own_node_egress_allowed:
        yield Advice(
            "own_node_egress_allowed",
            _contrast(old, new, "own_node_egress_allowed", "{} lets a pod reach its own node whatever policies say"),
            _for_nodes("the traffic of the pods to their own node", new, own=True),
        )
    elif rules and not outside and before.ip_block_matches_pods is not after.ip_block_matches_pods:
        closes = row.change is not Change.GAINED
        yield Advice(
            "ip_block_matches_pods",
            _contrast(old, new, "ip_block_matches_pods", "an ipBlock means pods by their addresses under {}"),
            f"Add pods by podSelector and namespaceSelector to {_rules(rules)}, beside the ipBlock."
            if closes
            else f"Take the pods' addresses out of the ipBlock of {_rules(rules)} by except, if they are not meant.",
        )


def _contrast(old: Engine, new: Engine, switch: str, statement: str) -> str:
    """``statement`` of the engine of which it holds, and what of the other one."""
    holds, other = old.profile, new.profile
    if getattr(holds, switch) is not Known.YES:
        holds, other = other, holds
    if getattr(holds, switch) is not Known.YES:
        # One documentation is silent and the other one says no.
        if getattr(holds, switch) is not Known.UNKNOWN:
            holds, other = other, holds
        denied = f"; it is not so under {other.label}" if getattr(other, switch) is Known.NO else ""
        return f"the documentation of {holds.label} does not settle whether {statement.format(holds.label)}{denied}"
    silent = getattr(other, switch) is Known.UNKNOWN
    rest = f"the documentation of {other.label} does not settle it" if silent else f"not under {other.label}"
    return f"{statement.format(holds.label)}, {rest}"


def _for_nodes(what: str, new: Engine, *, own: bool = False) -> str:
    if new.profile.id == "cilium":
        entities = "toEntities: [host]" if own else "the entities host and remote-node"
        return f"Where it is needed, permit {what} by a CiliumNetworkPolicy with {entities}."
    return f"Decide whether {what} is needed; where it is not, leave it out of the rules."


def _enforcement(old: Engine, new: Engine) -> Advice:
    if not old.profile.enforces:
        remedy = "Permit what is needed before the move: from then on the policies are enforced."
    else:
        remedy = "Nothing will stop this traffic: choose an engine that enforces policies."
    return Advice("enforces", "one of the two enforces no policy", remedy)


def _kind(ref: ObjectRef, ignored_by: str, ignored_before: str) -> Advice:
    """``ignored_by`` is "" where it is the engine of the old reading that ignores the kind."""
    return Advice(
        "policy_kinds",
        f"{ignored_by or ignored_before} ignores policies of kind {ref.kind}, such as {ref}",
        f"Say what {ref} says in a kind that {ignored_by} enforces."
        if ignored_by
        else f"Look at what {ref} says: it begins to count.",
    )


def _rules(causes: list[Cause]) -> str:
    named = list(dict.fromkeys(f"{c.policy} {c.rule}" for c in causes))
    return ", ".join(named[:2]) + (f" and {len(named) - 2} more" if len(named) > 2 else "")
