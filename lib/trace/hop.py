"""What a trace is made of: hops with a verdict each, and the one verdict that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from lib.model.refs import Source


class HopVerdict(Enum):
    """What a hop does with the packet; ``value`` is the word of tables and JSON.

    DEPENDS: it gets through in some cases and in others not; the hop's ways say which.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    DEPENDS = "depends"


class HopKind(Enum):
    """The sorts of hops; ``value`` is the words of tables and JSON."""

    NAME = "name resolution"
    RECORD = "DNS record"
    ADDRESS = "address"
    SECURITY = "security rules"
    BALANCER = "load balancing rule"
    PROBE = "health probe"
    SERVICE = "node"
    EGRESS = "policies of the sender"
    INGRESS = "policies of the receiver"
    POD = "pod"
    CONTROLLER = "ingress controller"
    ROUTE = "route"
    BACKEND = "backend Service"
    WAY_OUT = "way out"
    RETURN = "way back"


@dataclass(frozen=True, slots=True)
class Decider:
    """An object that took part in a hop's verdict, what it did, and where that stands; ``rule`` is its path or name.

    ``line`` is that of ``source`` where it is a text beside the input, whose lines nothing else finds.
    """

    name: str
    effect: str
    rule: str = ""
    text: str = ""
    source: Source | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One case of a hop: the pod that is chosen, the node that received the packet, the protocol."""

    label: str
    verdict: HopVerdict
    reason: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One place that a packet passes.

    ``subject`` names the object, ``source`` its place in the input (None: it is in none). ``change`` says what would
    change the verdict, "" where nothing here does. ``source_after`` and ``destination_after`` are the packet's ends as
    the next hop sees them, "" where they stay as they were. A ``premise`` is taken for granted: it is said with the
    trace's verdict and does not count for it. ``notes`` are what else to know. ``line`` is as a Decider's.
    """

    kind: HopKind
    verdict: HopVerdict
    subject: str
    reason: str
    source: Source | None = None
    deciders: tuple[Decider, ...] = ()
    ways: tuple[Way, ...] = ()
    change: str = ""
    source_after: str = ""
    destination_after: str = ""
    premise: bool = False
    notes: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer to one question; the hops come in the order in which the packet passes them.

    Hops after one that denies are what the packet would meet if it got so far. ``family`` is ``IPv4`` or ``IPv6`` where
    the packet can be of either: then ``others`` are the ways of the other families, and ``hops``, ``stopped_at``,
    ``deciding`` and ``premises`` are about this one. "" where there is one family.
    """

    src: str
    dst: str
    hops: tuple[Hop, ...]
    engine: str = ""
    family: str = ""
    others: tuple[Trace, ...] = ()

    @property
    def by_family(self) -> tuple[Trace, ...]:
        """This way and those of the other families."""
        return (self, *self.others)

    @property
    def stopped_at(self) -> Hop | None:
        """The first hop that denies the packet."""
        return next((hop for hop in self.hops if hop.verdict is HopVerdict.DENIED and not hop.premise), None)

    @property
    def own_verdict(self) -> HopVerdict:
        """This family's alone: one hop that denies is enough; then what is unknown, then what depends."""
        found = {hop.verdict for hop in self.hops if not hop.premise}
        for verdict in (HopVerdict.DENIED, HopVerdict.UNKNOWN, HopVerdict.DEPENDS):
            if verdict in found:
                return verdict
        return HopVerdict.ALLOWED

    @property
    def verdict(self) -> HopVerdict:
        """What every family says; where they differ it depends on the family, unless one of them is unknown."""
        return together(way.own_verdict for way in self.by_family)

    @property
    def premises(self) -> tuple[Hop, ...]:
        """What is taken for granted on the way to the hop that makes the verdict."""
        before = self.hops[: self.hops.index(self.deciding) + 1]
        return tuple(hop for hop in before if hop.premise)

    @property
    def deciding(self) -> Hop:
        """The hop that makes the verdict: the first of that verdict, for an allowed trace the last hop."""
        if self.own_verdict is HopVerdict.ALLOWED:
            return self.hops[-1]
        return next(hop for hop in self.hops if hop.verdict is self.own_verdict and not hop.premise)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, with a part for each family where there are several."""
        if not self.others:
            return self.own_sentence
        same = len({way.own_verdict for way in self.by_family}) == 1
        lead = "" if same else f"{self.verdict.value.capitalize()}: it depends on the IP family. "
        return lead + " ".join(f"{way.family}: {way.own_sentence}" for way in self.by_family)

    @property
    def own_sentence(self) -> str:
        """The verdict of this family alone in one sentence."""
        given = "; ".join(hop.reason for hop in self.premises)
        so = f" Taken for granted: {given}." if given else ""
        hop = self.deciding
        match self.own_verdict:
            case HopVerdict.ALLOWED:
                return f"Allowed: {self.src} reaches {self.dst}.{so}"
            case HopVerdict.DENIED:
                return f"Denied at {hop.kind.value}, {hop.subject}: {hop.reason}.{so}"
            case HopVerdict.DEPENDS:
                return f"Depends at {hop.kind.value}, {hop.subject}: {hop.reason}.{so}"
            case HopVerdict.UNKNOWN:
                return f"Unknown at {hop.kind.value}, {hop.subject}: {hop.reason}.{so}"


def together(verdicts: Iterable[HopVerdict]) -> HopVerdict:
    """What cases amount to, one of which comes about: what all of them say, else unknown where one is, else depends.

    No case at all is UNKNOWN.
    """
    found = set(verdicts)
    if len(found) == 1:
        return found.pop()
    return HopVerdict.UNKNOWN if HopVerdict.UNKNOWN in found or not found else HopVerdict.DEPENDS
