"""Why a flow is allowed or not: both directions, filtered from the compiled rules that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from lib.model.policies import Direction, Verdict
from lib.model.records import dataclass, replace
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, ConnectionSet, Family, PortSet, Protocol
from lib.policy.bits import Bits
from lib.policy.by_family import Masks
from lib.policy.decide import Decision, Reason
from lib.policy.judge import decide, reach_of
from lib.policy.near_misses import Known, NearMiss, near_misses
from lib.policy.points import End, Point, name_of, pairs_of
from lib.policy.points_of_family import family_asked, points_of_family
from lib.policy.rules import Action
from lib.policy.walk import Closing, Logged

if TYPE_CHECKING:
    from lib.policy.engine import Engine

ON_SOME_PORTS: Final = "allowed on some ports"
_PARTIAL: Final = "partial"
# No node has this name, since it can't be one.
_ELSEWHERE: Final = "\0"
# Allowed by what policies say, port by port; other reasons hold for every port.
_JUDGED: Final = frozenset(
    {Reason.NOT_DECIDED, Reason.PASSED_ON, Reason.DENIED_IN_PART, Reason.RULE_PERMITS, Reason.RULE_PERMITS_SOME}
)
LOGS: Final = "logs"
MAY_LOG: Final = "may log"
_EFFECTS: Final = {Action.ALLOW: "permits", Action.DENY: "denies", Action.PASS: "passes"}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one policy, or one rule of it, did in its ``tier``; ``rule`` is "" for the whole policy.

    ``effect``: permits, denies, passes, isolates or undecided; or logs, which decides nothing, and may log.
    """

    tier: str
    policy: ObjectRef
    effect: str
    rule: str
    source: Source
    text: str = ""


@dataclass(frozen=True, slots=True)
class DirectionAnswer:
    """One direction: the decisions of all pairs of pods that differ, and what follows from them.

    ``verdict`` is ``allowed``, ``denied``, ``unknown`` or, where pods differ, ``partial``. ``tiers`` are the names of
    all stages, first asked first; ``effects`` and ``near_misses`` come in that order.
    """

    direction: Direction
    decisions: tuple[Decision, ...]
    near_misses: tuple[NearMiss, ...]
    tiers: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The verdict in one word."""
        return _common({d.verdict for d in self.decisions})

    @property
    def word(self) -> str:
        """What people read: the verdict, and where only some of the asked ports are allowed, that."""
        in_part = any(d.reason in _JUDGED and not d.evidence.covers_all for d in self.decisions)
        return ON_SOME_PORTS if in_part and self.verdict == Verdict.ALLOWED.value else self.verdict

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
        """The rules that took part; for what is not allowed also the policies that isolate."""
        found = dict.fromkeys(e for d in self.decisions for e in _effects(d))
        return tuple(sorted(found, key=lambda e: self.tiers.index(e.tier)))

    @property
    def deciding(self) -> tuple[Effect, ...]:
        """Those of them that decide something, without rules that only log."""
        return tuple(effect for effect in self.effects if effect.effect not in (LOGS, MAY_LOG))


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to one question.

    ``connections`` are the asked ports that every pair of pods has, over every IP family that both ends speak,
    or over ``family`` where only packets of one were asked about and the ends speak more.
    """

    src: str
    dst: str
    asked: ConnectionSet
    verdict: str
    connections: ConnectionSet
    directions: tuple[DirectionAnswer, ...]
    family: Family | None = None

    @property
    def word(self) -> str:
        """What people read: the verdict, and where not every pair has every asked port, that.

        ``verdict`` is ``allowed`` as soon as every pair has some port, though it may be another one for each.
        """
        if self.verdict != Verdict.ALLOWED.value or self.connections == self.asked:
            return self.verdict
        return ON_SOME_PORTS if self.connections else _PARTIAL


def _common(verdicts: set[Verdict]) -> str:
    if len(verdicts) == 1:
        return next(iter(verdicts)).value
    if Verdict.ALLOWED in verdicts:
        return _PARTIAL
    return Verdict.UNKNOWN.value


def _effects(decision: Decision) -> Iterator[Effect]:
    allowed = decision.verdict is Verdict.ALLOWED
    for each in decision.evidence.trail:
        if isinstance(each, Closing):
            if not allowed:
                yield from (Effect(each.stage, policy.ref, "isolates", "", policy.source) for policy in each.policies)
        elif isinstance(each, Logged):
            rule = each.rule
            yield Effect(each.stage, rule.policy, LOGS if each.sure else MAY_LOG, rule.label, rule.source, rule.text)
        elif each.sure or not allowed:
            rule = each.rule
            effect = _EFFECTS[rule.action] if each.sure else "undecided"
            yield Effect(each.stage, rule.policy, effect, rule.label, rule.source, rule.text)


@dataclass(frozen=True, slots=True)
class _Case:
    """One pair of pods, over one family or (None) over all that both speak, which then have the same."""

    src: Point
    dst: Point
    family: Family | None
    masks: Masks
    decisions: tuple[Decision, ...]


def explain(
    engine: Engine,
    src: End,
    dst: End,
    protocol: Protocol | None,
    port: int | None,
    family: Family | None = None,
    *,
    sent_on: bool = False,
) -> Explanation:
    """Ask every pair of differing pods of both ends, and put their answers together.

    Where the IP families that both ends speak differ, each is a case of its own. With ``family`` only packets of one
    are asked about, as where an end is an address: raises ModelError where an end has no address of it. ``sent_on``:
    of a node as ``src``, what it sends on for others with its own address. What it lets its own pods have is for its
    own processes, so that it then counts as any node that is not theirs.
    """
    asked = _asked(engine, protocol, port)
    family = family or family_asked(engine, (src, dst))
    sources = points_of_family(engine, src, family)
    if sent_on:
        sources = tuple(p._replace(node=_ELSEWHERE) if p.on_host else p for p in sources)
    pairs = tuple(pairs_of(sources, points_of_family(engine, dst, family)))
    cases = [case for a, b in pairs for case in _cases(engine, a, b, asked, (src, dst), family)]
    every = asked if cases else 0
    for case in cases:
        every &= case.masks[0]
    tiers = tuple(stage.name for stage in engine.stages)
    missed = [_missed(engine, direction, cases, asked) for direction in _DIRECTIONS]
    return Explanation(
        src=name_of(src),
        dst=name_of(dst),
        asked=engine.connections(asked) if protocol is None else _exactly(engine, asked, protocol, port),
        verdict=_common({_verdict(*case.masks) for case in cases}) if cases else Verdict.UNKNOWN.value,
        connections=engine.connections(every) if port is None else _exactly(engine, every, protocol, port),
        directions=tuple(
            DirectionAnswer(
                direction,
                tuple(dict.fromkeys(case.decisions[i] for case in cases)),
                tuple(sorted(missed[i], key=lambda n: tiers.index(n.tier))),
                tiers,
            )
            for i, direction in enumerate(_DIRECTIONS)
        ),
        family=family if any(_have_more(engine, a, b) for a, b in pairs) else None,
    )


def _have_more(engine: Engine, a: Point, b: Point) -> bool:
    """Whether packets between both can be of either IP family."""
    return len(engine.spaces.common_families(a.number, b.number)) == len(Family)


def _cases(
    engine: Engine, a: Point, b: Point, asked: Bits, ends: tuple[End, End], family: Family | None
) -> Iterator[_Case]:
    """A pair as one case, or as one for each family where these are not judged alike."""
    reach = reach_of(engine, a, b)
    if family is not None:
        masks = reach.over(family is Family.IPV4, asked)
        yield _Case(a, b, family, masks, _decisions(engine, a, b, asked, ends, family))
        return
    together = _decisions(engine, a, b, asked, ends, None)
    if reach.is_parted(asked) or _is_one_sided(engine, a, b, asked, ends, together):
        plain = [_decisions(engine, a, b, asked, ends, each) for each in Family]
        named = [_decisions(engine, a, b, asked, ends, each, say_family=True) for each in Family]
        for each, alone, told in zip(Family, plain, named, strict=True):
            # A direction that says the same of all families names none.
            said = tuple(
                p if plain[0][i] == plain[1][i] else n for i, (p, n) in enumerate(zip(alone, told, strict=True))
            )
            yield _Case(a, b, each, reach.over(each is Family.IPV4, asked), said)
    else:
        yield _Case(a, b, None, (reach.some & asked, reach.possible & asked), together)


def _is_one_sided(
    engine: Engine, a: Point, b: Point, asked: Bits, ends: tuple[End, End], together: tuple[Decision, ...]
) -> bool:
    """Whether one direction's verdict is another one for each family, though both directions together are not."""
    if not engine.reachability().parts_families or any(d.reason is Reason.NO_COMMON_FAMILY for d in together):
        return False
    if not _have_more(engine, a, b):
        return False
    ipv4, ipv6 = (_decisions(engine, a, b, asked, ends, family) for family in Family)
    return [d.verdict for d in ipv4] != [d.verdict for d in ipv6]


def _decisions(
    engine: Engine,
    a: Point,
    b: Point,
    asked: Bits,
    ends: tuple[End, End],
    family: Family | None,
    *,
    say_family: bool = False,
) -> tuple[Decision, ...]:
    return tuple(_decided(engine, d, a, b, asked, ends, family, say_family=say_family) for d in _DIRECTIONS)


def _decided(
    engine: Engine,
    direction: Direction,
    a: Point,
    b: Point,
    asked: Bits,
    ends: tuple[End, End],
    family: Family | None,
    *,
    say_family: bool,
) -> Decision:
    """The decision on a pair. Of addresses outside, whose side nobody governs, all parts say the same."""
    found = decide(engine, direction, a, b, asked, family, say_family=say_family)
    if not found.evidence.subject_outside:
        return found
    end = ends[0 if direction is Direction.EGRESS else 1]
    return Decision(
        replace(found.evidence, subject=name_of(end) if isinstance(end, AddressSet) else found.evidence.subject)
    )


_DIRECTIONS: Final = (Direction.EGRESS, Direction.INGRESS)


def _missed(engine: Engine, direction: Direction, cases: list[_Case], asked: Bits) -> Iterable[NearMiss]:
    """The near misses of all pairs, each rule with the first reason that is found."""
    known: Known = {}
    found: dict[tuple[str, ObjectRef, str], NearMiss] = {}
    for case in cases:
        for miss in near_misses(engine, direction, case.src, case.dst, asked, known, case.family):
            found.setdefault((miss.tier, miss.policy, miss.rule), miss)
    return found.values()


def _verdict(allowed: Bits, possible: Bits) -> Verdict:
    if allowed:
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if possible else Verdict.DENIED


def _asked(engine: Engine, protocol: Protocol | None, port: int | None) -> Bits:
    if protocol is None and port is None:
        return engine.spaces.ports.all
    ports = PortSet.all() if port is None else PortSet.of(port)
    return engine.spaces.ports.mask(protocol or Protocol.TCP, ports)


def _exactly(engine: Engine, mask: Bits, protocol: Protocol | None, port: int | None) -> ConnectionSet:
    if port is None:
        return engine.connections(mask)
    return ConnectionSet.of(protocol or Protocol.TCP, port) if mask else ConnectionSet()
