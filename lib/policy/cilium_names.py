"""Which addresses ``toFQDNs`` means for which pods: those of the names whose DNS answers Cilium's proxy reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from lib.model.cilium_policies import (
    CiliumPeer,
    CiliumPolicy,
    CiliumRule,
    CiliumSelector,
    CiliumSpec,
    EndpointsPeer,
    NamesPeer,
)
from lib.model.domain_names import NameEntry, NamePattern, addresses_of
from lib.model.policies import AllPorts, Direction, NumberedPorts
from lib.model.sets import DNS_PORT, Protocol
from lib.policy.bits import Bits, union
from lib.policy.compile import Spaces
from lib.policy.domain_names import SEVERAL_LEVELS, SHOWN, listed, open_doubt


class Part(NamedTuple):
    """What the names of a rule mean for some of its subjects; ``names`` are those of which more is possible."""

    subjects: Bits
    sure: Bits = 0
    maybe: Bits = 0
    doubts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class _Group(NamedTuple):
    """Entries of the table that the same classes may ask for: their ends, the first of their names and their number."""

    readers: Bits
    at: Bits
    names: tuple[str, ...]
    number: int


class _Cell(NamedTuple):
    """Subjects for which a rule's names mean the same; ``unread`` are the first of ``number`` names not learnt."""

    subjects: Bits
    sure: Bits = 0
    maybe: Bits = 0
    unread: tuple[str, ...] = ()
    number: int = 0

    def split(self, group: _Group) -> Iterator[_Cell]:
        """The subjects that surely learn the group apart from the others."""
        reading = self.subjects & group.readers
        if reading:
            yield self._replace(subjects=reading, sure=self.sure | group.at)
        if reading != self.subjects or not self.subjects:
            unread = (*self.unread, *group.names)[:SHOWN]
            maybe, number = self.maybe | group.at, self.number + group.number
            yield _Cell(self.subjects & ~reading, self.sure, maybe, unread, number)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why of the names that can't be learnt nobody knows."""
        if not self.number:
            return ()
        names = listed(list(self.unread), count=self.number)
        return (
            f"whether Cilium learns the addresses of {names}, which no DNS rule in layer 7 lets these pods ask for",
        )


class CiliumNames:
    """Answers what the names in rules mean.

    "Only IPs in intercepted DNS responses to an application will be allowed in the Cilium policy rules"; interception
    "is, itself, a separate policy rule governing DNS requests, and must be specified separately" (docs.cilium.io,
    "Obtaining DNS Data for use by toFQDNs"). So the table's addresses are surely meant for pods with a layer 7 rule
    that lets them ask for the name, and without one that may deny them DNS to the same ends. For other pods they are
    possible: "IPs from responses to all pods managed by a Cilium instance are allowed", and before version 1.17 a pod's
    annotation could turn the proxy on.
    """

    def __init__(
        self,
        policies: Iterable[CiliumPolicy],
        spaces: Spaces,
        endpoints: Callable[[CiliumSelector], tuple[Bits, Bits]],
        ends: Callable[[CiliumPeer, CiliumRule], tuple[Bits, Bits]],
    ) -> None:
        self._policies = tuple(policies)
        self._spaces = spaces
        self._table = spaces.names
        self._endpoints = endpoints
        self._ends = ends
        self._grouped: dict[NamePattern, tuple[_Group, ...]] = {}
        self._possible: dict[NamePattern, Bits] = {}

    def possible(self, pattern: NamePattern) -> Bits:
        """The ends that a pattern may mean for some subject."""
        bits = self._possible.get(pattern)
        if bits is None:
            found = self._table.resolve(pattern)
            bits = self._spaces.outside if found.open else self._at((*found.entries, *found.perhaps))
            self._possible[pattern] = bits
        return bits

    def parts(self, rule: CiliumRule, subjects: Bits) -> Iterator[Part]:
        """The rule's subjects, parted by what its names mean for them; one part where the rule has none.

        ``possible`` has told the ends that are not sure; a part has the doubts about them.
        """
        named = dict.fromkeys(peer.pattern for peer in rule.peers if isinstance(peer, NamesPeer))
        if not named:
            yield Part(subjects)
            return
        cells = [_Cell(subjects)]
        doubts, unsettled = [], []
        for pattern in named:
            found = self._table.resolve(pattern)
            doubts += [SEVERAL_LEVELS] if found.perhaps else []
            unsettled += [pattern] if found.open else []
            for group in self._groups(pattern):
                cells = [part for cell in cells for part in cell.split(group)]
        doubts += [open_doubt(unsettled)] if unsettled else []
        names = tuple(map(str, unsettled))
        for cell in cells:
            yield Part(cell.subjects, cell.sure, cell.maybe, (*cell.doubts, *doubts), names)

    def _groups(self, pattern: NamePattern) -> tuple[_Group, ...]:
        """The entries that a pattern surely means, by who may ask for them."""
        found = self._grouped.get(pattern)
        if found is None:
            by_readers: dict[Bits, list[NameEntry]] = defaultdict(list)
            for entry in self._table.resolve(pattern).entries:
                by_readers[self._readers_of.get(entry.name, 0)].append(entry)
            found = self._grouped[pattern] = tuple(
                _Group(readers, self._at(entries), tuple(e.name for e in entries[:SHOWN]), len(entries))
                for readers, entries in by_readers.items()
            )
        return found

    def _at(self, entries: Iterable[NameEntry]) -> Bits:
        """Outside ends only: "If the resolved IPs are IPs within the kubernetes cluster, the ToFQDN rule will not
        apply to that IP" (pkg/policy/api/egress.go)."""
        return self._spaces.addresses.atoms_in(addresses_of(entries)) << self._spaces.first_address

    @property
    def readers(self) -> Bits:
        """The classes that surely may ask DNS for some name under a layer 7 rule."""
        return union(readers for readers, _ in self._asking)

    @cached_property
    def _readers_of(self) -> Mapping[str, Bits]:
        """Name → the classes that surely may ask for it under a layer 7 rule."""
        by_pattern: dict[NamePattern, Bits] = defaultdict(int)
        for readers, rule in self._asking:
            for pattern in rule.asks:
                by_pattern[pattern] |= readers
        found: dict[str, Bits] = defaultdict(int)
        for pattern, readers in by_pattern.items():
            for entry in self._table.resolve(pattern).entries:
                found[entry.name] |= readers
        return found

    @cached_property
    def _asking(self) -> tuple[tuple[Bits, CiliumRule], ...]:
        """The rules with DNS in layer 7, each with the classes whose DNS it surely lets through."""
        return tuple(
            (self._endpoints(spec.subject)[0] & ~self._denied(rule), rule)
            for spec, rule in self._egress_rules()
            if spec.subject is not None and rule.asks and not rule.doubt
        )

    def _denied(self, rule: CiliumRule) -> Bits:
        """The classes to which a rule may deny DNS to some of the ends to which ``rule`` allows it."""
        found = [self._ends(peer, rule) for peer in rule.peers]
        if asked := union(sure for sure, _ in found):
            return union(subjects for (ends, _), subjects in self._denials.items() if ends & asked)
        # The DNS servers are pods that the input lacks: they are taken for such as any rule about pods may mean.
        asked = self._spaces.endpoints.everything | union(maybe for _, maybe in found)
        return union(subjects for (ends, by_labels), subjects in self._denials.items() if by_labels or ends & asked)

    @cached_property
    def _denials(self) -> Mapping[tuple[Bits, bool], Bits]:
        """The ends to which DNS may be denied, and whether by labels of pods → the classes for which it may be."""
        found: dict[tuple[Bits, bool], Bits] = defaultdict(int)
        for spec, rule in self._egress_rules():
            if spec.subject is not None and rule.denies and _may_mean_dns(rule):
                ends = union(bits for peer in rule.peers for bits in self._ends(peer, rule))
                by_labels = any(isinstance(peer, EndpointsPeer) for peer in rule.peers)
                sure, maybe = self._endpoints(spec.subject)
                found[ends, by_labels] |= sure | maybe
        return found

    def _egress_rules(self) -> Iterator[tuple[CiliumSpec, CiliumRule]]:
        for policy in self._policies:
            for spec in policy.specs:
                yield from ((spec, r) for r in spec.rules if r.peers and r.direction is Direction.EGRESS)


def _may_mean_dns(rule: CiliumRule) -> bool:
    return any(
        isinstance(port, AllPorts)
        or (port.protocol is Protocol.UDP and not (isinstance(port, NumberedPorts) and DNS_PORT not in port.ports))
        for port in rule.ports
    )
