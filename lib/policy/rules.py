"""What every kind of policy is compiled to: bitsets over the spaces, with provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple, Protocol

from lib.model.policies import Direction
from lib.model.records import dataclass, field, replace
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Family
from lib.policy.bits import Bits, union
from lib.policy.conditions import Alternatives, no_alternatives


class Action(Enum):
    """What a rule does with what it matches: ALLOW and DENY are final, PASS hands it to the next stage.

    LOG decides nothing: the next rule is asked.
    """

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 -- the name of an action
    LOG = "log"


class NodeScope(Enum):
    """Which of the nodes that a rule names it means, seen from each of its subjects."""

    ANY = "any"
    OWN = "the pod's own node"
    OWN_PERHAPS = "the pod's own node, perhaps"
    OTHERS = "all nodes but the pod's own"

    def holds(self, same_node: bool | None) -> bool | None:
        """Whether a node is meant that is, or is not, the subject's own; None where that is not known."""
        if self is NodeScope.ANY or same_node is None or (self is NodeScope.OWN_PERHAPS and same_node):
            return None
        return same_node is (self is not NodeScope.OTHERS)


class Grant(NamedTuple):
    """A rule's action holds for every end in ``sources`` towards every end in ``destinations`` on ``ports``.

    Ends are numbers of ``Spaces``: classes, then address atoms. ``ports`` is a mask of ``PortSpace``. Named ports are
    already resolved: a rule becomes one grant for each number that destinations declare. ``family`` is the only one
    that it holds for, None where it holds for both.
    """

    sources: Bits
    destinations: Bits
    ports: Bits
    family: Family | None = None


class Named(NamedTuple):
    """Ends that a rule names, parted by the family of the packets that it names them for.

    ``always`` are outside addresses, and pods named by their labels; the others are pods and nodes of which only the
    addresses of one family stand in an ipBlock.
    """

    always: Bits = 0
    ipv4: Bits = 0
    ipv6: Bits = 0

    @classmethod
    def of(cls, always: Bits, ipv4: Bits, ipv6: Bits) -> Named:
        """What is named for both families counts as always named."""
        always |= ipv4 & ipv6
        return cls(always, ipv4 & ~always, ipv6 & ~always)

    @property
    def any(self) -> Bits:
        """The ends that are named for some packets."""
        return self.always | self.ipv4 | self.ipv6

    def parts(self) -> tuple[tuple[Family | None, Bits], ...]:
        """Each family with its ends, None with those that are named whatever the family."""
        return (None, self.always), (Family.IPV4, self.ipv4), (Family.IPV6, self.ipv6)


class PortsAt(NamedTuple):
    """The ports that a rule names, for the destinations that it means them for.

    Numbers mean every destination; a named port means the classes that declare it, one entry for each number.
    """

    destinations: Bits
    mask: Bits


class Placed(Protocol):
    """A rule of whatever kind: its direction, and where it stands in its policy and in the input."""

    @property
    def direction(self) -> Direction:
        """The direction that it is about."""
        ...

    @property
    def label(self) -> str:
        """Its place in the policy, such as ``spec.ingress[0]``."""
        ...

    @property
    def source(self) -> Source:
        """Its place in the input."""
        ...


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule over the spaces: its subjects, its peers and its ports.

    ``sure`` are the ends that it surely names; ``possible`` those that it names if something holds that the input does
    not show (``doubt`` says what). ``names_pods``: some peer is a pod selector, so that pods which are
    not in the input may be let in too. ``nodes``: all that its possible ends hang on is whether they are on the
    subject's own node, which is known pair by pair. ``names`` are domain names of which more addresses are possible
    ends. ``alternatives`` are the conditions that ``sure`` and ``possible`` come from.
    """

    policy: ObjectRef
    direction: Direction
    label: str
    source: Source
    text: str
    subjects: Bits
    sure: Named
    possible: Named
    ports: tuple[PortsAt, ...]
    names_pods: bool = False
    doubt: str = ""
    action: Action = Action.ALLOW
    nodes: NodeScope = NodeScope.ANY
    names: tuple[str, ...] = ()
    alternatives: Alternatives = field(default=no_alternatives, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        policy: ObjectRef,
        rule: Placed,
        *,
        text: str,
        subjects: Bits,
        sure: Named,
        possible: Named,
        ports: tuple[PortsAt, ...] = (),
        names_pods: bool = False,
        doubt: str = "",
        action: Action = Action.ALLOW,
        names: tuple[str, ...] = (),
        alternatives: Alternatives = no_alternatives,
    ) -> CompiledRule:
        """The compiled form of a rule at its place; the doubt counts only where there is a possible end."""
        doubt = doubt if possible.any else ""
        return cls(
            policy,
            rule.direction,
            rule.label,
            rule.source,
            text,
            subjects,
            sure,
            possible,
            ports,
            names_pods,
            doubt,
            action,
            names=names if possible.any else (),
            alternatives=alternatives,
        )

    def perhaps(self, doubt: str) -> CompiledRule:
        """The same rule where it may not count at all; a doubt that it has already stands beside the other."""
        sure, possible = self.sure, self.possible
        named = Named.of(sure.always | possible.always, sure.ipv4 | possible.ipv4, sure.ipv6 | possible.ipv6)
        both = " or ".join(dict.fromkeys(filter(None, (self.doubt, doubt))))
        return replace(self, sure=Named(), possible=named, doubt=both, nodes=NodeScope.ANY)

    @property
    def peers(self) -> Bits:
        """The ends that it surely names, for some packets at least."""
        return self.sure.any

    @property
    def possible_peers(self) -> Bits:
        """The ends that it may name and does not surely name."""
        return self.possible.any & ~self.sure.any

    def mask_at(self, destination: int) -> Bits:
        """The ports that the rule names at one destination."""
        return union(p.mask for p in self.ports if p.destinations >> destination & 1)

    def grants(self, named: Named) -> Iterator[Grant]:
        """What the rule speaks about with the ``named`` ends as its peers."""
        for family, peers in named.parts():
            sources, destinations = self.subjects, peers
            if self.direction is Direction.INGRESS:
                sources, destinations = peers, self.subjects
            for meant, mask in self.ports:
                if sources and (reached := destinations & meant):
                    yield Grant(sources, reached, mask, family)


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """One policy: the classes that it selects, and its rules in the order of the spec.

    ``directions`` are those in which it isolates its subjects: what no rule of its stage decides is denied there;
    ``binds_own_node``: also what they send to the node that they run on. ``told`` are the rules with those that only
    log at their places; empty where none does.
    """

    ref: ObjectRef
    source: Source
    subjects: Bits
    directions: frozenset[Direction]
    rules: tuple[CompiledRule, ...]
    binds_own_node: bool = False
    told: tuple[CompiledRule, ...] = ()

    def with_rules(self, rules: Iterable[CompiledRule]) -> CompiledPolicy:
        """The same policy with other rules, of which some may only log."""
        told = tuple(rules)
        deciding = tuple(rule for rule in told if rule.action is not Action.LOG)
        return replace(self, rules=deciding, told=told if len(told) > len(deciding) else ())

    def isolates(self, direction: Direction) -> Bits:
        """The classes that it isolates for ``direction``."""
        return self.subjects if direction in self.directions else 0

    def rules_for(self, direction: Direction) -> tuple[CompiledRule, ...]:
        """Its rules of one direction, in their order."""
        return tuple(r for r in self.rules if r.direction is direction)

    def told_for(self, direction: Direction) -> tuple[CompiledRule, ...]:
        """The same with those that only log."""
        return tuple(r for r in self.told or self.rules if r.direction is direction)

    def is_about(self, direction: Direction) -> bool:
        """Whether it has something to say about its subjects in a direction."""
        return direction in self.directions or any(r.direction is direction for r in self.rules)

    def governs(self, direction: Direction) -> Bits:
        """The classes to which it can deny something."""
        denies = any(r.action is Action.DENY and r.direction is direction for r in self.rules)
        return self.subjects if denies else self.isolates(direction)


@dataclass(frozen=True, slots=True)
class Stage:
    """Policies that are asked together; what they leave undecided goes to the next stage.

    ``levels`` are asked one after the other; the policies of one level have equal precedence, so that the answer is
    not known where they disagree. Stages are asked by ascending ``order``, which is Calico's numbering of tiers.
    ``reader``: the engine that alone asks it, where two may enforce the policies; else "".
    """

    name: str
    order: float
    levels: tuple[tuple[CompiledPolicy, ...], ...]
    reader: str = ""

    @property
    def policies(self) -> tuple[CompiledPolicy, ...]:
        """All its policies, first asked first."""
        return tuple(p for level in self.levels for p in level)

    def closes(self, direction: Direction) -> Bits:
        """The classes for which it denies what its rules did not decide."""
        return union(p.isolates(direction) for level in self.levels for p in level)


@dataclass(frozen=True, slots=True)
class CompiledRejection:
    """A policy that was rejected, and the classes whose verdicts it could change, by direction."""

    ref: ObjectRef
    source: Source
    subjects: Bits
    directions: frozenset[Direction]

    def touches(self, direction: Direction) -> Bits:
        """The classes whose verdict for ``direction`` it could change."""
        return self.subjects if direction in self.directions else 0


def of_each_reader(stages: Iterable[Stage]) -> tuple[tuple[Stage, ...], ...]:
    """The stages that are asked one after the other, for each engine that may ask them; of no stage one empty list."""
    found: dict[str, list[Stage]] = {}
    for stage in stages:
        found.setdefault(stage.reader, []).append(stage)
    return tuple(map(tuple, found.values())) or ((),)
