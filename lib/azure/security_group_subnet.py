"""A security group of one's own on the nodes' subnet: what of the Services' ports it lets through.

AKS writes into its own group only, so that a group on the subnet has to let the same packets in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import Final

from lib.azure.annotations import Annotations
from lib.azure.security_group import ProviderGroup, azure_default_rules
from lib.azure.security_group_access import ServiceAccess
from lib.azure.security_group_arrival import SentJudgement, judge_for, keeps_destination
from lib.azure.security_group_destinations import frontends_of
from lib.azure.security_group_match import (
    INTERNET_TAG,
    LOAD_BALANCER,
    VIRTUAL_NETWORK,
    End,
    Fit,
    KnownAddresses,
    Packet,
    Place,
    block_of,
    match_whoever_sends,
    private_use,
)
from lib.facts.internet import INTERNET
from lib.model.policies import Verdict
from lib.model.refs import ObjectRef, Source
from lib.model.security_rules import Attachment, SecurityGroup, SecurityRule, in_evaluation_order
from lib.model.services import ServicePort
from lib.model.sets import Address, AddressSet, Family, Interval, Protocol, family_of
from lib.model.snapshot import Snapshot

PARTS_MAX: Final = 512
"""Into so many parts, which the group may treat differently, the senders of one rule are cut at most."""
COMPARISONS_MAX: Final = 2_000_000
"""Addresses and tags of the group's rules that are compared in all; what is over it stays unknown."""


class Through(Enum):
    """What a group on the subnet does with senders that AKS's group lets in; the value is the word for people."""

    ALL = "allowed"
    SOME = "partly denied"
    NONE = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PortThrough:
    """Whether the senders that one Service admits get through to one of its ports.

    ``senders`` is a prefix, a service tag or ``VirtualNetwork``. ``example`` is the judgement on a sender that makes
    ``through`` what it is: of one who is denied, where only some are; None where no address of the frontend or of the
    senders is known.
    """

    service: ObjectRef
    frontend: str
    port: ServicePort
    senders: str
    through: Through
    example: SentJudgement | None
    source: Source
    why: str = ""


def group_of_ones_own(
    name: str, rules: Sequence[SecurityRule], unplaced: Sequence[SecurityRule], attachment: Attachment
) -> SecurityGroup:
    """A group that somebody gave, with Azure's default rules; ``unplaced`` rules may stand anywhere in it."""
    every = in_evaluation_order([*rules, *azure_default_rules()])
    return SecurityGroup(name or "your group", attachment, "as you gave it", every, tuple(unplaced))


def through_subnet(
    snapshot: Snapshot, provider: ProviderGroup, subnet: SecurityGroup, known: KnownAddresses
) -> Iterator[PortThrough]:
    """For every Service port and everybody whom its Service admits, whether the subnet's group lets them through."""
    comparing = _Comparing(snapshot, subnet, known)
    for access in provider.accesses:
        if access.refused:
            continue
        for family, frontend in _frontends(access):
            for port in access.service.ports:
                for senders in _admitted(access, family):
                    own, place = access.service, port.source or access.service.source
                    at = PortThrough(own.ref, str(frontend or ""), port, senders, Through.UNKNOWN, None, place)
                    if frontend is None:
                        yield replace(at, why=f"{frontends_of(access.service).of(family).unknown[0]} is not known")
                    else:
                        yield comparing.judged(at, access, frontend)


@dataclass(slots=True)
class _Comparing:
    """The comparison of one group with many ports; what the group can't tell apart is compared once."""

    snapshot: Snapshot
    subnet: SecurityGroup
    known: KnownAddresses
    left: int = COMPARISONS_MAX
    narrowed: dict[tuple[Address, int, Protocol], tuple[SecurityGroup, Hashable]] = field(default_factory=dict)
    verdicts: dict[Hashable, tuple[tuple[End, Verdict], ...]] = field(default_factory=dict)

    def judged(self, at: PortThrough, access: ServiceAccess, frontend: Address) -> PortThrough:
        """The row with its verdict."""
        family = family_of(frontend)
        floating = keeps_destination(access, family)
        group, key = self._narrow(frontend, at.port) if floating else (self.subnet, (access.service.ref, at.port))
        cost = sum(len(rule.sources) + len(rule.destinations) for rule in group.rules)
        found = self.verdicts.get((key, at.senders, family))
        if found is None:
            ends = _parts(at.senders, family, _bounds(group, self.known, family), self.known)
            if not ends:
                return replace(at, why=f"which addresses the service tag {at.senders} has is not known here")
            if len(ends) > PARTS_MAX:
                return replace(at, why=f"the group cuts {at.senders} into more than {PARTS_MAX} parts")
            self.left -= cost * len(ends)
            if self.left < 0:
                return replace(at, why="the group is too large to compare it with every port")
            found = tuple((end, self._judge(at, access, frontend, end, group).verdict) for end in ends)
            self.verdicts[key, at.senders, family] = found
        first = {verdict: end for end, verdict in reversed(found)}
        through = through_of(first)
        worst = next(v for v in (Verdict.DENIED, Verdict.UNKNOWN, Verdict.ALLOWED) if v in first)
        return replace(at, through=through, example=self._judge(at, access, frontend, first[worst], group))

    def _judge(
        self, at: PortThrough, access: ServiceAccess, frontend: Address, end: End, group: SecurityGroup
    ) -> SentJudgement:
        packet = Packet(end, frontend, at.port.port, at.port.protocol)
        return judge_for(access, at.port, packet, self.snapshot, [group], self.known)

    def _narrow(self, frontend: Address, port: ServicePort) -> tuple[SecurityGroup, Hashable]:
        """The group without what surely is about other packets, and what tells this case apart from others."""
        at = (frontend, port.port, port.protocol)
        if at not in self.narrowed:
            packet = Packet(Place.PROBE, frontend, port.port, port.protocol)
            self.left -= sum(len(rule.destinations) for rule in self.subnet.rules)
            found = [(rule, match_whoever_sends(rule, packet, self.known)) for rule in self.subnet.rules]
            about = [(rule, said) for rule, said in found if said.fit is not Fit.NO]
            group = replace(self.subnet, rules=tuple(rule for rule, _ in about))
            unseen = tuple(match_whoever_sends(rule, packet, self.known) for rule in self.subnet.unseen)
            self.narrowed[at] = group, (tuple((id(rule), said) for rule, said in about), unseen)
        return self.narrowed[at]


def through_of(verdicts: Collection[Verdict]) -> Through:
    """What verdicts on several cases, each once, come to."""
    if len(verdicts) > 1:
        return Through.SOME if Verdict.DENIED in verdicts else Through.UNKNOWN
    (verdict,) = verdicts
    return {Verdict.ALLOWED: Through.ALL, Verdict.DENIED: Through.NONE}.get(verdict, Through.UNKNOWN)


def _frontends(access: ServiceAccess) -> Iterator[tuple[Family, Address | None]]:
    for family in Family:
        found = frontends_of(access.service).of(family)
        for address in found.addresses or ((None,) if found.unknown else ()):
            yield family, address


def _admitted(access: ServiceAccess, family: Family) -> tuple[str, ...]:
    """Whom AKS's group lets in by the Service's own rules; the virtual network, where an internal one names nobody."""
    named = (*access.tags, *access.ranges(family))
    if named or access.invalid_ranges:
        return named
    return (VIRTUAL_NETWORK,) if Annotations(access.service).internal_in_any_case else ()


def _bounds(group: SecurityGroup, known: KnownAddresses, family: Family) -> Sequence[int]:
    """Where the group may begin to treat senders differently: the first addresses of its prefixes and after them."""
    texts = {text for rule in (*group.rules, *group.unseen) for text in rule.sources}
    blocks = [block for block in map(block_of, texts) if block is not None]
    intervals = (i for block in (*blocks, known.virtual_network, private_use()) for i in block.of_family(family))
    return sorted({number for first, last in intervals for number in (first, last + 1)})


def _parts(senders: str, family: Family, bounds: Sequence[int], known: KnownAddresses) -> Sequence[End]:
    """One sender for each part of the senders that the group may treat differently; none where they are not known.

    The virtual network is more than the input shows of it, so that somebody unknown stands for the rest.
    """
    everything = AddressSet.from_intervals(family, [(0, family.value)])
    rest: list[End] = []
    if senders == LOAD_BALANCER:
        return [Place.PROBE]
    if senders == INTERNET_TAG:
        whole = (INTERNET & everything) - known.virtual_network
    elif senders == VIRTUAL_NETWORK:
        whole = known.virtual_network & everything
        rest = [] if known.whole else [Place.VIRTUAL_NETWORK]
    else:
        whole = (block_of(senders) or AddressSet()) & everything
    kind = IPv4Address if family is Family.IPV4 else IPv6Address
    return [*rest, *(kind(n) for n in islice(_starts(whole.of_family(family), bounds), PARTS_MAX + 1))]


def _starts(intervals: Sequence[Interval], bounds: Sequence[int]) -> Iterator[int]:
    """The first address of each interval, and every bound inside one."""
    for first, last in intervals:
        yield first
        yield from bounds[bisect_right(bounds, first) : bisect_right(bounds, last)]
