"""What a pod exchanges with nodes, where it depends on whether that is the node it runs on.

Rows of the reachability say of classes of pods and nodes what holds wherever they run. Two things hang on it: that the
traffic between a pod and its own node is exempt, and rules that name a pod's own node, or all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from lib.facts.engines import Known
from lib.model.policies import Direction
from lib.model.records import dataclass, field
from lib.model.sets import Family
from lib.policy.bits import Bits, positions, union
from lib.policy.by_family import Reach, one_of, over_both, over_either
from lib.policy.compile import Spaces
from lib.policy.reachability import Reachability
from lib.policy.rules import Action, CompiledRule, NodeScope, Stage
from lib.policy.walk import Question, Walk, stages_by_subject, walk

_OTHER: Final = {Direction.EGRESS: Direction.INGRESS, Direction.INGRESS: Direction.EGRESS}


@dataclass(frozen=True)
class OwnNodes:
    """Answers for pairs of a pod and an end on a node's network; with other pairs nodes have nothing to do.

    ``spares_own_pods``: nodes reach the pods that run on them whatever policies say.
    """

    spaces: Spaces
    stages: tuple[Stage, ...]
    reachability: Reachability
    spares_own_pods: bool
    _found: dict[object, Reach] = field(default_factory=dict)

    def exempt(self, direction: Direction) -> Known:
        """Whether what isolates a pod does not count between it and its own node; ``direction`` is the pod's."""
        profile = self.spaces.profile
        return (
            profile.own_node_egress_allowed
            if direction is Direction.EGRESS
            else profile.cluster.own_node_ingress_allowed
        )

    def matter(self, direction: Direction) -> bool:
        """Whether it can make any difference on which nodes pods run."""
        hosts = self.by_node[_OTHER[direction]] & self.spaces.endpoints.host_network
        return self.exempt(direction) is not Known.NO or self.by_node[direction] != 0 or hosts != 0

    @cached_property
    def by_node(self) -> Mapping[Direction, Bits]:
        """The classes for which some rule is about their own node, or about all others."""
        return self._subjects(lambda rule: rule.nodes is not NodeScope.ANY)

    def masks(self, direction: Direction, source: int, destination: int, *, same: bool | None) -> Reach:
        """What one end has towards the other, of which one is a pod's and one a node's.

        ``same``: the pod runs on this node; None: nobody knows.
        """
        if same is None:
            return one_of(tuple(self.masks(direction, source, destination, same=known) for known in (True, False)))
        every = self.spaces.ports.all
        if same and direction is Direction.INGRESS and self.spares_own_pods:
            return Reach(every, every)
        subject, peer = (source, destination) if direction is Direction.EGRESS else (destination, source)
        governed = peer in self.selecting
        apart = self.by_node[direction] >> subject & 1 or self.by_node[_OTHER[direction]] >> peer & 1
        exempt = self.exempt(direction) if same else Known.NO
        if exempt is Known.NO and not apart:
            return self.reachability.between(source, destination)
        if exempt is Known.YES and not governed and not self._denying[direction] >> subject & 1:
            return Reach(every, every)
        key = direction, subject, self._alike[peer], same
        found = self._found.get(key)
        if found is None:
            answers = [self._walked(direction, source, destination, same, exempt is Known.YES)]
            if exempt is Known.UNKNOWN:
                answers.append(self._walked(direction, source, destination, same, True))
            beside = self._walked(_OTHER[direction], source, destination, same, False)
            families = self._in_common(source, destination)
            both = tuple(_common(each, beside, families) for each in answers)
            found = self._found[key] = one_of(both)
        return found

    def entering(self, node: int, pod: int) -> Reach:
        """What a pod lets in that another node only sends on, so that no policy about the node's own traffic counts."""
        seen = self._walked(Direction.INGRESS, node, pod, False, False)
        return _common(seen, seen, self._in_common(node, pod))

    def _in_common(self, one: int, other: int) -> int:
        """How many families two ends have in common."""
        return sum(self.spaces.speaking(family) >> one & self.spaces.speaking(family) >> other & 1 for family in Family)

    def exempt_ports(self, direction: Direction, source: int, destination: int) -> Bits:
        """The ports that are allowed to and from the pod's own node if what isolates the pod does not count."""
        subject = source if direction is Direction.EGRESS else destination
        spared = direction is Direction.INGRESS and self.spares_own_pods
        if spared or not self._denying[direction] >> subject & 1:
            return self.spaces.ports.all
        return self._walked(direction, source, destination, True, True).allowed

    def _walked(self, direction: Direction, source: int, destination: int, same: bool, exempt: bool) -> Walk:
        subject, peer = (source, destination) if direction is Direction.EGRESS else (destination, source)
        every = self.spaces.ports.all
        asked = Question(direction, subject, peer, destination, every, exempt=exempt, same_node=same)
        return walk(self.spaces, self.selecting.get(subject, ()), asked)

    @cached_property
    def selecting(self) -> Mapping[int, tuple[Stage, ...]]:
        """Class → the stages with only the policies that select it."""
        return stages_by_subject(self.stages)

    @cached_property
    def _denying(self) -> Mapping[Direction, Bits]:
        """The classes to which some policy denies something also between them and their nodes."""
        denied = self._subjects(lambda rule: rule.action is Action.DENY)
        binding = [p for stage in self.stages for p in stage.policies if p.binds_own_node]
        return {d: bits | union(p.isolates(d) for p in binding) for d, bits in denied.items()}

    def _subjects(self, chosen: Callable[[CompiledRule], bool]) -> Mapping[Direction, Bits]:
        policies = [p for stage in self.stages for p in stage.policies]
        return {d: union(p.subjects for p in policies if any(map(chosen, p.rules_for(d)))) for d in Direction}

    @cached_property
    def _alike(self) -> Mapping[int, int]:
        """Each end on a node's network → the first one that no rule tells apart from it."""
        hosts = self.spaces.endpoints.host_network
        sets = dict.fromkeys(self.spaces.speaking(family) & hosts for family in Family)
        for stage in self.stages:
            sets.update(dict.fromkeys(policy.subjects & hosts for policy in stage.policies))
            for rule in (rule for policy in stage.policies for rule in policy.rules):
                sets[rule.subjects & hosts] = None
                for named in (rule.sure, rule.possible):
                    sets.update(dict.fromkeys(bits & hosts for bits in named))
                sets.update(dict.fromkeys(at.destinations & hosts for at in rule.ports))
        signatures: dict[int, list[int]] = {host: [] for host in positions(hosts)}
        for number, bits in enumerate(sets):
            if bits != hosts:
                for host in positions(bits):
                    signatures[host].append(number)
        first: dict[tuple[int, ...], int] = {}
        return {host: first.setdefault(tuple(signature), host) for host, signature in signatures.items()}


def _common(one: Walk, other: Walk, families: int) -> Reach:
    """What both directions leave between ends with so many families in common."""
    ipv4, ipv6 = ((a & c, b & d) for (a, b), (c, d) in ((one.ipv4, other.ipv4), (one.ipv6, other.ipv6)))
    return over_both(ipv4, ipv6) if families == len(Family) else over_either(ipv4, ipv6)
