"""What nodes with host endpoints of Calico's let through of the traffic that they forward for their pods.

Policies with applyOnForward are a second filter beside those of the pods: "an applyOnForward: true host endpoint policy
allows the traffic, but workload endpoint policy denies it, the packet is still dropped". So what they allow goes on,
and what they deny is denied. Traffic for a pod meets the ingress policies of the interface that it comes in by, what a
pod sends the egress policies of the one that it leaves by. Sources: "Apply on forwarded traffic", "Summary", "Pre-DNAT
policy" and "Apply policy to forwarded traffic" of docs.tigera.io. What those leave open may be denied and may not:
which interface traffic passes; whether a host endpoint of all interfaces counts on those of the pods too, of which one
page says so, and another that of what pods send the outgoing interface's policies apply; what becomes of what is passed
by the last tier; and before DNAT the address and port that a packet came for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Final

from lib.model.calico_policies import CalicoAction, CalicoPolicy, CalicoRule
from lib.model.policies import Direction
from lib.model.records import dataclass, field, replace
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.calico_before_dnat import SKIPPED_DOUBT, among, beside_failsafe, compile_before_dnat, rules_before_dnat
from lib.policy.calico_match import Matcher
from lib.policy.calico_policy import compile_rules
from lib.policy.calico_tiers import UNKNOWN_TIER, tiers_of
from lib.policy.compile import Spaces
from lib.policy.forward_filters import Filter, filters_of, tells_nodes
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt, Stage

STAGE: Final = "forwarded by nodes"
_NEAR_DOUBT: Final = "whether a host endpoint of all interfaces counts on those of its node's pods"
_PLACE_DOUBT: Final = "on which node the pod runs"
_MANY_DOUBT: Final = "on which nodes the ends run, which is not looked at where very many nodes have host endpoints"
_UNDECIDED: Final = "what becomes of forwarded traffic that no further tier decides"


def stages(snapshot: Snapshot, spaces: Spaces) -> tuple[Stage, ...]:
    """A stage for what comes in and one for what goes out; more where several host endpoints may see a packet.

    Each has a name of its own.
    """
    told = tells_nodes(snapshot)
    compiler = _Compiler(Matcher(snapshot, spaces), tiers_of(snapshot), told)
    by_place: dict[tuple[str, Direction], list[CompiledPolicy]] = defaultdict(list)
    anywhere: dict[tuple[object, ...], Filter] = {}
    asking: set[str] = set()
    for host, filters in filters_of(snapshot):
        asking |= {host.node} if len(filters) == 1 else set()
        for number, asked in enumerate(filters, 1):
            anywhere.setdefault(asked.asks, asked)
            for direction in _DIRECTIONS if told else ():
                by_place[_numbered(STAGE, number), direction] += compiler.policies(asked, host.node, direction)
    # Where all nodes ask the same it does not matter on which one a pod runs.
    all_nodes = snapshot.is_complete("Node") and {node.name for node in snapshot.nodes} <= asking
    for number, asked in enumerate(anywhere.values(), 1):
        place = "" if all_nodes and len(anywhere) == 1 else _PLACE_DOUBT if told else _MANY_DOUBT
        unplaced = replace(asked, doubt=" or ".join(filter(None, (place, asked.doubt))))
        for direction in _DIRECTIONS:
            name = _numbered(f"{STAGE} that are not known" if told else STAGE, number)
            by_place[name, direction] += compiler.policies(unplaced, "", direction)
    return tuple(
        Stage(f"{name}, {'coming in' if direction is Direction.INGRESS else 'going out'}", -inf, levels)
        for (name, direction), policies in by_place.items()
        if (levels := tuple((policy,) for policy in policies if policy.subjects and (policy.told or policy.rules)))
    )


def _numbered(name: str, number: int) -> str:
    return f"{name} ({number})" if number > 1 else name


_DIRECTIONS: Final = (Direction.INGRESS, Direction.EGRESS)


@dataclass(frozen=True)
class _Reach:
    """Whose packets are surely forwarded past a filter, and whose may be; ``doubt`` says why only perhaps.

    ``translated`` are those whose packets have come through DNAT before, where there is any.
    """

    sure: Bits
    maybe: Bits
    doubt: str
    translated: Bits


@dataclass(frozen=True)
class _Compiler:
    matcher: Matcher
    tiers: Mapping[str, tuple[float, bool]]
    told: bool
    _known: dict[tuple[ObjectRef, str, Direction], tuple[CompiledRule, ...]] = field(default_factory=dict)

    def policies(self, asked: Filter, node: str, direction: Direction) -> Iterator[CompiledPolicy]:
        """The filter of one direction of a host endpoint, for the pods of its node; "" for pods on no known one.

        Both of a pod's own directions ask it, since its node forwards what it sends and what it gets.
        """
        pods = self._pods(node)
        sides = {side: self._reach(asked, node, direction, side) for side in _DIRECTIONS}
        sides = {side: reach for side, reach in sides.items() if reach.sure | reach.maybe}
        if not pods:
            return
        for policy in asked.untracked if direction is Direction.INGRESS else ():
            # "in practice it is as if untracked policies do not apply", but for what they drop.
            for side, reach in sides.items():
                denies = (r for r in policy.rules_for(direction) if r.action is CalicoAction.DENY)
                compiled = self._compiled(policy, denies, pods, side)
                yield self._policy(policy, pods, [part for rule in compiled for part in self._denied(rule, reach)])
        if direction is Direction.INGRESS:
            for side, reach in sides.items():
                yield from self._before_dnat(asked, pods, side, reach)
        about = [policy for policy in asked.normal if direction in policy.directions]
        for number, policy in enumerate(about):
            last = number + 1 == len(about) or about[number + 1].tier != policy.tier
            for side, reach in sides.items():
                rules = [
                    part
                    for rule in policy.rules_for(direction)
                    for compiled in self._compiled(policy, [rule], pods, side)
                    for part in self._parts(compiled, rule.action, reach)
                ]
                if last:
                    rules += self._end(asked, policy, pods, side, reach, is_last=number + 1 == len(about))
                yield self._policy(policy, pods, rules)

    def _pods(self, node: str) -> Bits:
        """The pods of a node; of "" those on none that is known, all where nodes don't tell pods apart."""
        endpoints = self.matcher.spaces.endpoints
        return endpoints.selectable & (self.matcher.pods_on(node) if self.told else endpoints.everything)

    def _reach(self, asked: Filter, node: str, direction: Direction, side: Direction) -> _Reach:
        """The peers whose traffic with the pods of a node passes one direction of a host endpoint.

        A node and its own pods exchange nothing that is forwarded. Through an interface of the fabric goes no traffic
        between pods of one node, what is for a pod comes in by it, and what a pod sends goes out by it.
        """
        spaces, matcher = self.matcher.spaces, self.matcher
        near = matcher.pods_on(node) if node else 0
        unplaced = matcher.ends_on("") | matcher.pods_on("") if node else spaces.endpoints.everything
        every = spaces.everything & ~(matcher.ends_on(node) if node else 0)
        if not asked.is_wildcard:
            every = every & ~near if side is direction else 0
        # What comes from another node has been through DNAT there.
        far = every & ~near & ~unplaced
        translated = far & ~spaces.outside if node and side is Direction.INGRESS else 0
        if asked.doubt or side is not direction:
            doubt = " or ".join(filter(None, (asked.doubt, _NEAR_DOUBT if side is not direction else "")))
            return _Reach(0, every, doubt, translated)
        place = _PLACE_DOUBT if self.told else _MANY_DOUBT
        doubts = ([_NEAR_DOUBT] if every & near else []) + ([place] if every & unplaced else [])
        return _Reach(far, every & ~far, " or ".join(doubts), translated)

    def _compiled(
        self, policy: CalicoPolicy, rules: Iterable[CalicoRule], pods: Bits, side: Direction
    ) -> Iterator[CompiledRule]:
        """Rules for some pods; each is compiled once for all of them."""
        for rule in rules:
            key = policy.ref, rule.label, side
            if key not in self._known:
                every = self.matcher.spaces.endpoints.selectable
                self._known[key] = tuple(compile_rules(policy.ref, (rule,), every, self.matcher, side))
            for part in self._known[key]:
                if subjects := part.subjects & pods:
                    yield replace(part, subjects=subjects)

    def _policy(self, policy: CalicoPolicy, pods: Bits, rules: Iterable[CompiledRule]) -> CompiledPolicy:
        return CompiledPolicy(policy.ref, policy.source, pods, frozenset(), ()).with_rules(rules)

    def _parts(self, rule: CompiledRule, action: CalicoAction, reach: _Reach) -> Iterator[CompiledRule]:
        """What is allowed goes on to the next filter, and so does what is not forwarded at all."""
        if action is CalicoAction.LOG:
            yield from self._denied(rule, reach, Action.LOG)
            return
        if action is CalicoAction.DENY:
            yield from self._denied(rule, reach)
            return
        if action is CalicoAction.PASS:
            perhaps = replace(rule, action=Action.DENY).perhaps(_UNDECIDED)
            yield from self._denied(perhaps, reach)
        yield replace(rule, action=Action.PASS)

    def _denied(self, rule: CompiledRule, reach: _Reach, action: Action = Action.DENY) -> Iterator[CompiledRule]:
        """The rule as one that denies (or logs) what passes the filter, in parts that each know what they hang on."""
        denied = replace(rule, action=action)
        settled = among(denied, reach.sure)
        if settled.sure.any | settled.possible.any:
            yield settled if settled.possible.any else replace(settled, doubt="")
        open_ = among(denied, reach.maybe)
        if open_.sure.any:
            yield replace(open_, possible=Named(), doubt="").perhaps(reach.doubt)
        if open_.possible.any:
            yield replace(open_, sure=Named()).perhaps(reach.doubt)

    def _end(
        self, asked: Filter, policy: CalicoPolicy, pods: Bits, side: Direction, reach: _Reach, *, is_last: bool
    ) -> Iterator[CompiledRule]:
        """The end of a tier: "no rules in the policies allow the traffic, the traffic is denied"."""
        _, passes = self.tiers.get(policy.tier, UNKNOWN_TIER)
        if passes and not is_last:
            return
        spaces = self.matcher.spaces
        end = CompiledRule(
            policy=policy.ref,
            direction=side,
            label="spec",
            source=policy.source,
            text=f"Deny at the end of the tier {policy.tier} of what {asked.name} forwards",
            subjects=pods,
            sure=Named(always=spaces.everything),
            possible=Named(),
            ports=(PortsAt(spaces.everything, spaces.ports.all),),
            action=Action.DENY,
        )
        yield from self._denied(end.perhaps(_UNDECIDED) if passes else end, reach)

    def _before_dnat(self, asked: Filter, pods: Bits, side: Direction, reach: _Reach) -> Iterator[CompiledPolicy]:
        """ "explicitly allowed by pre-DNAT policy, it skips over any normal policy"; what they don't match goes on."""
        for policy, rule, after_pass in rules_before_dnat(asked.before_dnat):
            rules: list[CompiledRule] = []
            for compiled in compile_before_dnat(policy, rule, pods, self.matcher, side, reach.translated):
                judged = compiled.perhaps(SKIPPED_DOUBT) if after_pass else compiled
                if rule.action is CalicoAction.ALLOW:
                    rules.append(replace(judged, action=Action.PASS))
                elif rule.action is CalicoAction.LOG:
                    rules += self._denied(judged, reach, Action.LOG)
                else:
                    for part in beside_failsafe(judged, self.matcher.spaces):
                        rules += self._denied(part, reach)
            yield self._policy(policy, pods, rules)
