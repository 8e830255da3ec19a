"""Whether health probes get through the security groups to the nodes.

A probe goes to each node's own address and the probe's port, never to a frontend, and comes from an address that
security rules know as AzureLoadBalancer. Source: load-balancer-custom-probe-overview.md of azure-docs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lib.azure.load_balancer import ServiceLoadBalancer, load_balancer_of
from lib.azure.probes import Probe
from lib.azure.security_group import ProviderGroup
from lib.azure.security_group_destinations import Destinations, nodes_behind, nodes_of
from lib.azure.security_group_judge import Judgement, judge
from lib.azure.security_group_match import (
    Fit,
    KnownAddresses,
    Packet,
    Place,
    block_of,
    match_but_ends,
    match_destination,
)
from lib.azure.security_group_subnet import Through, through_of
from lib.model.policies import Verdict
from lib.model.refs import Source
from lib.model.security_rules import SecurityGroup
from lib.model.sets import Address, Family
from lib.model.snapshot import Snapshot

COMPARISONS_MAX: Final = 300_000
"""Destinations and rules that are compared with nodes in all; what is over it stays unknown."""


@dataclass(frozen=True, slots=True)
class ProbeAccess:
    """Whether one probe of a Service gets through to the nodes of the input.

    ``example`` is the judgement at a node that makes ``through`` what it is: at one where it is denied, where it is so
    at some; None where no node or no port is known, as ``why`` then says.
    """

    balancer: ServiceLoadBalancer
    family: Family
    probe: Probe
    through: Through
    example: Judgement | None
    why: str = ""

    @property
    def source(self) -> Source:
        """The Service port whose load balancing rule uses the probe first."""
        return next(rule.source for rule in self.balancer.rules if rule.probe == self.probe.name)

    def __str__(self) -> str:
        if self.example is None:
            return f"Unknown: {self.why}."
        where = f"To {self.example.packet.destination}: " if self.through is Through.SOME else ""
        return f"{where}{self.example}"


def probe_accesses(
    snapshot: Snapshot, provider: ProviderGroup, groups: Sequence[SecurityGroup], known: KnownAddresses
) -> Iterator[ProbeAccess]:
    """Every probe of every Service, in the Services' order; ``groups`` are those on the way, the provider's too."""
    asking = ProbeGroups(snapshot, groups, known)
    for access in provider.accesses:
        balancer = load_balancer_of(access.service, provider.settings)
        found = {(rule.family, p.name): p for rule in balancer.rules if (p := balancer.probe(rule)) is not None}
        for (family, _), probe in found.items():
            yield asking.access(balancer, family, probe)


@dataclass(slots=True)
class ProbeGroups:
    """The security groups on the way, as probes are asked about one after the other.

    What the groups can't tell apart, nodes and ports, is judged once. ``left`` bounds the work on all probes together.
    """

    snapshot: Snapshot
    groups: Sequence[SecurityGroup]
    known: KnownAddresses
    left: int = COMPARISONS_MAX
    behind: dict[Family, Destinations] = field(default_factory=dict)
    about: dict[Family, tuple[SecurityGroup, ...]] = field(default_factory=dict)
    alike: dict[Family, dict[int, Address]] = field(default_factory=dict)
    narrowed: dict[tuple[Family, int], tuple[SecurityGroup, ...]] = field(default_factory=dict)
    answers: dict[tuple[Family, int, int], Judgement] = field(default_factory=dict)

    def access(self, balancer: ServiceLoadBalancer, family: Family, probe: Probe) -> ProbeAccess:
        """Whether one probe of a Service gets through to the nodes."""
        at = ProbeAccess(balancer, family, probe, Through.UNKNOWN, None)
        if family not in self.behind:
            self.behind[family] = nodes_behind(self.snapshot, family)
        nodes = nodes_of(balancer.service, self.behind[family])
        if probe.port is None:
            return replace(at, why="the API server has yet to allocate the probe's port")
        if not nodes.addresses:
            missing = nodes.unknown[0] if nodes.unknown else f"any node with an {family.label} address"
            return replace(at, why=f"the input does not show {missing}")
        return self._judged(at, nodes.addresses, probe.port)

    def _judged(self, at: ProbeAccess, nodes: Sequence[Address], port: int) -> ProbeAccess:
        self._prepare(at.family, nodes)
        first: dict[Verdict, Judgement] = {}
        for number, node in self.alike[at.family].items():
            found = self._judge(at.family, number, node, port)
            if found is None:
                return replace(at, why="the groups are too large to compare them with every node")
            first.setdefault(found.verdict, found)
        worst = next(v for v in (Verdict.DENIED, Verdict.UNKNOWN, Verdict.ALLOWED) if v in first)
        return replace(at, through=through_of(first), example=first[worst])

    def _prepare(self, family: Family, nodes: Sequence[Address]) -> None:
        """Keep what may be about a probe of the family, and a node of each class; its nodes are always the same."""
        if family in self.about:
            return
        packet = Packet(Place.PROBE, nodes[0], 1)
        self.about[family] = tuple(
            replace(
                group, rules=tuple(r for r in group.rules if match_but_ends(r, packet, self.known).fit is not Fit.NO)
            )
            for group in self.groups
        )
        rules = [rule for group in self.about[family] for rule in (*group.rules, *group.unseen)]
        blocks = filter(None, map(block_of, {text for rule in rules for text in rule.destinations}))
        intervals = (interval for block in blocks for interval in block.of_family(family))
        bounds = sorted({number for first, last in intervals for number in (first, last + 1)})
        self.alike[family] = {bisect_right(bounds, int(node)): node for node in reversed(nodes)}

    def _judge(self, family: Family, number: int, node: Address, port: int) -> Judgement | None:
        packet = Packet(Place.PROBE, node, port)
        if (family, number) not in self.narrowed:
            groups = self.about[family]
            self.left -= sum(len(rule.destinations) for group in groups for rule in group.rules)
            if self.left < 0:
                return None
            self.narrowed[family, number] = tuple(self._narrow(group, packet) for group in groups)
        key = (family, number, port)
        if key not in self.answers:
            groups = self.narrowed[family, number]
            self.left -= sum(len(group.rules) for group in groups)
            if self.left < 0:
                return None
            self.answers[key] = judge(packet, groups, self.known)
        return self.answers[key]

    def _narrow(self, group: SecurityGroup, packet: Packet) -> SecurityGroup:
        about = (rule for rule in group.rules if match_destination(rule, packet, self.known).fit is not Fit.NO)
        return replace(group, rules=tuple(about))
