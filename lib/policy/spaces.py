"""The finite spaces that policies are evaluated on: address atoms and port atoms.

All prefixes and port ranges that occur cut the numbers into disjoint ranges ("atoms") which no rule can tell apart
inside; a set is then a bitset of atoms. Endpoints have a space of their own in ``endpoints``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from lib.facts.internet import NEVER_FORWARDED
from lib.model.records import dataclass, field
from lib.model.sets import (
    FIRST_PORT,
    LAST_PORT,
    Address,
    AddressSet,
    ConnectionSet,
    Family,
    Interval,
    Network,
    PortSet,
    Protocol,
    family_of,
)
from lib.policy.bits import Bits, positions, span


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that some rule can tell apart; what is not here need not be kept apart.

    ``namespace_keys`` are label keys of namespaces, ``pod_keys`` of pods, ``node_keys`` of nodes. ``nodes_matter``:
    some rule names nodes, perhaps without a label. ``pod_addresses``: some rule means pods by their addresses, whatever
    the engine does with ipBlocks. ``node_names``: some policy has single nodes as subjects; ``pod_nodes``: one has the
    pods on them.
    """

    pod_keys: frozenset[str] = frozenset()
    namespace_keys: frozenset[str] = frozenset()
    named_ports: frozenset[tuple[str, Protocol]] = frozenset()
    networks: frozenset[Network] = frozenset()
    ports: frozenset[tuple[Protocol, Interval]] = frozenset()
    node_keys: frozenset[str] = frozenset()
    nodes_matter: bool = False
    pod_addresses: bool = False
    node_names: bool = False
    pod_nodes: bool = False

    @classmethod
    def merge(cls, parts: Iterable[Vocabulary]) -> Vocabulary:
        """The vocabulary of all ``parts`` together."""
        listed = list(parts)
        return cls(
            frozenset().union(*(p.pod_keys for p in listed)),
            frozenset().union(*(p.namespace_keys for p in listed)),
            frozenset().union(*(p.named_ports for p in listed)),
            frozenset().union(*(p.networks for p in listed)),
            frozenset().union(*(p.ports for p in listed)),
            frozenset().union(*(p.node_keys for p in listed)),
            any(p.nodes_matter for p in listed),
            any(p.pod_addresses for p in listed),
            any(p.node_names for p in listed),
            any(p.pod_nodes for p in listed),
        )


@dataclass(frozen=True, slots=True)
class AddressSpace:
    """The disjoint ranges that cover both families; atom numbers count IPv4 first, ascending.

    ``ipv4`` and ``ipv6`` hold the first address of every atom.
    """

    ipv4: tuple[int, ...]
    ipv6: tuple[int, ...]

    @classmethod
    def cut_by(cls, networks: Iterable[Network]) -> AddressSpace:
        """Cut both families at the ends of every prefix."""
        starts: dict[Family, set[int]] = {Family.IPV4: {0}, Family.IPV6: {0}}
        for network in networks:
            family = family_of(network)
            starts[family].add(int(network.network_address))
            if (after := int(network.broadcast_address) + 1) <= family.value:
                starts[family].add(after)
        return cls(tuple(sorted(starts[Family.IPV4])), tuple(sorted(starts[Family.IPV6])))

    def __len__(self) -> int:
        return len(self.ipv4) + len(self.ipv6)

    def atom_of(self, address: Address) -> int:
        """The atom that holds ``address``."""
        if family_of(address) is Family.IPV4:
            return bisect_right(self.ipv4, int(address)) - 1
        return len(self.ipv4) + bisect_right(self.ipv6, int(address)) - 1

    def atoms_in(self, addresses: AddressSet) -> Bits:
        """The atoms that ``addresses`` touches; exactly its own when it is made of the prefixes that cut the space."""
        bits = 0
        for starts, offset, intervals in (
            (self.ipv4, 0, addresses.ipv4),
            (self.ipv6, len(self.ipv4), addresses.ipv6),
        ):
            for first, last in intervals:
                bits |= span(offset + bisect_right(starts, first) - 1, offset + bisect_right(starts, last) - 1)
        return bits

    def whole(self, family: Family) -> Bits:
        """All atoms of one family."""
        return span(0, len(self.ipv4) - 1) if family is Family.IPV4 else span(len(self.ipv4), len(self) - 1)

    def never_forwarded(self) -> Bits:
        """The atoms of addresses that no pod on a network of its own can have."""
        bits = 0
        for family, starts, offset in ((Family.IPV4, self.ipv4, 0), (Family.IPV6, self.ipv6, len(self.ipv4))):
            for first, last in NEVER_FORWARDED.of_family(family):
                low, after = bisect_left(starts, first), bisect_left(starts, last + 1)
                # The atom before ``after`` may go on beyond ``last``, but not beyond its family.
                ends_here = last == family.value if after == len(starts) else starts[after] == last + 1
                bits |= span(offset + low, offset + after - (1 if ends_here else 2))
        return bits

    def addresses(self, atoms: Bits) -> AddressSet:
        """The addresses of a set of atoms, neighbours merged."""
        split = len(self.ipv4)
        return AddressSet(
            tuple(_intervals(atoms & span(0, split - 1), self.ipv4, Family.IPV4)),
            tuple(_intervals(atoms >> split, self.ipv6, Family.IPV6)),
        )


def _intervals(atoms: Bits, starts: tuple[int, ...], family: Family) -> Iterator[Interval]:
    """The runs of neighbouring atoms as addresses, ascending."""
    first = 0
    while atoms:
        gap = (atoms & -atoms).bit_length() - 1
        atoms >>= gap
        length = (~atoms & (atoms + 1)).bit_length() - 1
        first += gap
        after = first + length
        yield starts[first], starts[after] - 1 if after < len(starts) else family.value
        atoms >>= length
        first = after


@dataclass(frozen=True, slots=True)
class PortSpace:
    """The disjoint port ranges of every protocol; a set of connections is a bitset ("mask") of them."""

    atoms: tuple[tuple[Protocol, int, int], ...]
    _offsets: dict[Protocol, tuple[int, tuple[int, ...]]] = field(repr=False, compare=False)

    @classmethod
    def cut_by(cls, ranges: Iterable[tuple[Protocol, Interval]]) -> PortSpace:
        """Cut every protocol at the ends of all ``ranges`` (inclusive)."""
        starts: dict[Protocol, set[int]] = {p: {FIRST_PORT} for p in Protocol}
        for protocol, (first, last) in ranges:
            starts[protocol].add(first)
            if last < LAST_PORT:
                starts[protocol].add(last + 1)
        atoms: list[tuple[Protocol, int, int]] = []
        offsets = {}
        for protocol in Protocol:
            firsts = tuple(sorted(starts[protocol]))
            offsets[protocol] = (len(atoms), firsts)
            lasts = (*(f - 1 for f in firsts[1:]), LAST_PORT)
            atoms += [(protocol, first, last) for first, last in zip(firsts, lasts, strict=True)]
        return cls(tuple(atoms), offsets)

    @property
    def all(self) -> Bits:
        """Every port of every protocol."""
        return (1 << len(self.atoms)) - 1

    def mask(self, protocol: Protocol, ports: PortSet) -> Bits:
        """The atoms that ``ports`` touches; exactly its own when its ends cut the space."""
        offset, firsts = self._offsets[protocol]
        bits = 0
        for first, last in ports.intervals:
            bits |= span(offset + bisect_right(firsts, first) - 1, offset + bisect_right(firsts, last) - 1)
        return bits

    def connections(self, mask: Bits) -> ConnectionSet:
        """The ports of a mask as a canonical set."""
        spans: dict[Protocol, list[Interval]] = {p: [] for p in Protocol}
        for i in positions(mask):
            protocol, first, last = self.atoms[i]
            spans[protocol].append((first, last))
        return ConnectionSet.from_ports({p: PortSet.from_intervals(s) for p, s in spans.items()})
