"""The security rules that the Azure cloud provider writes for all Services together, in the nodes' group.

The provider reconciles one Service after the other; here they are taken by namespace and name. Rules are shared: the
name is a hash of protocol, sources and ports, and a Service whose rule is there already only adds its destinations.
Source: ``pkg/provider/securitygroup`` of cloud-provider-azure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from lib.azure.balanced import is_azure_load_balancer
from lib.azure.load_balancer import load_balancer_of
from lib.azure.provider_settings import ProviderSettings
from lib.azure.security_group_access import ServiceAccess, service_access
from lib.azure.security_group_destinations import Destinations, destinations
from lib.facts.nsg import DefaultRule, default_rules, group_limits, provider_rules
from lib.model.refs import ObjectRef
from lib.model.security_rules import (
    ANY,
    Access,
    Attachment,
    RuleDirection,
    SecurityGroup,
    SecurityRule,
    in_evaluation_order,
)
from lib.model.sets import Family
from lib.model.snapshot import Snapshot

FRESH: Final = "fresh reconcile"
"""The origin of a group whose priorities nobody gave: a group that is in use may number its rules otherwise."""
RECONCILED: Final = "the group that you gave, reconciled: its priorities are kept"
_UNNAMED: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Contribution:
    """Which destinations one Service put into one rule."""

    rule: str
    service: ObjectRef
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProviderGroup:
    """The nodes' group, and who wrote what into it.

    ``accesses`` holds every Service with a load balancer of the provider's. ``left_out`` holds those whose rules are
    not written although they should be, with the reason. ``settings`` are those of the cloud provider.
    """

    group: SecurityGroup
    contributions: tuple[Contribution, ...]
    accesses: tuple[ServiceAccess, ...]
    left_out: tuple[tuple[ObjectRef, str], ...]
    settings: ProviderSettings

    @property
    def written(self) -> tuple[SecurityRule, ...]:
        """The rules without Azure's default ones."""
        return tuple(rule for rule in self.group.rules if not rule.is_default)


def allow_name(family: Family, protocol: str, sources: Iterable[str], ports: Iterable[int]) -> str:
    """The name of an allow rule, with its hash.

    The hash tells rules apart and protects nothing; the provider uses MD5, so it is MD5 here.
    """
    text = "_".join((protocol, ",".join(sorted(sources)), ",".join(sorted(map(str, ports)))))
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return provider_rules().allow_name.format(family=family.label, hash=digest)


def deny_name(family: Family) -> str:
    """The name of the rule that closes destinations to all who are not let in."""
    return provider_rules().deny_name.format(family=family.label)


def azure_default_rules() -> tuple[SecurityRule, ...]:
    """The rules that every group has, inbound first."""
    return tuple(_default(rule, way) for way in RuleDirection for rule in default_rules(way.value.lower()))


def _default(rule: DefaultRule, direction: RuleDirection) -> SecurityRule:
    return SecurityRule(
        rule.name,
        rule.priority,
        direction,
        Access(rule.access),
        sources=(rule.source,),
        destinations=(rule.destination,),
        is_default=True,
    )


def provider_group(
    snapshot: Snapshot, existing: SecurityGroup | None = None, settings: ProviderSettings | None = None
) -> ProviderGroup:
    """The nodes' group after the provider has reconciled every Service of ``snapshot``.

    With ``existing``, the group as it is now, rules keep their priorities and what others wrote stays. A Service whose
    load balancer the provider refuses gets no rules, since those come after it.
    """
    settings = settings or ProviderSettings()
    services = sorted((s for s in snapshot.services if is_azure_load_balancer(s)), key=lambda s: (s.namespace, s.name))
    accesses = tuple(service_access(s, load_balancer_of(s, settings).refused) for s in services)
    planned = {a.service.ref: tuple(_planned(snapshot, a)) for a in accesses if not a.refused}
    ledger = _Ledger(existing, {d for rules in planned.values() for p in rules for d in p.rule.destinations})
    left_out = []
    for access in accesses:
        ref = access.service.ref
        reason = access.refused or (ledger.add(ref, planned[ref]) if access.writes else "")
        if reason:
            left_out.append((ref, reason))
    origin = FRESH if existing is None else RECONCILED
    # The provider drops a rule of its own that has lost its last destination.
    kept = [rule for rule in ledger.rules.values() if not is_managed(rule) or amounts(rule)["rules"]]
    rules = [*kept, *azure_default_rules()]
    unseen = () if existing is not None or snapshot.is_complete("Service") else (_unseen_services(),)
    group = SecurityGroup("AKS's group", Attachment.NIC, origin, in_evaluation_order(rules), unseen)
    return ProviderGroup(group, tuple(ledger.contributions), accesses, tuple(left_out), settings)


def _unseen_services() -> SecurityRule:
    """What Services that are not in the input may have opened: their own frontends, on any port."""
    return SecurityRule(
        "of Services that are not in the input",
        provider_rules().first_priority,
        RuleDirection.INBOUND,
        Access.ALLOW,
        destinations=(),
        open_destinations=("the frontends of Services that are not in it",),
        open_destinations_unused=True,
    )


@dataclass(frozen=True, slots=True)
class _Planned:
    """A rule that a Service wants, still without a priority."""

    rule: SecurityRule
    last_first: bool


def _planned(snapshot: Snapshot, access: ServiceAccess) -> Iterator[_Planned]:
    """The rules for one Service in the order in which the provider adds them."""
    ends = {family: destinations(snapshot, access, family) for family in Family}
    for ports in access.ports:
        for family in Family:
            if not ends[family]:
                continue
            sources: list[tuple[str, ...]] = [(tag,) for tag in access.tags]
            if ranges := access.ranges(family):
                sources.append(ranges)
            for source in sources:
                name = allow_name(family, ports.protocol, source, ports.ports)
                if ports.unknown:
                    # Which rule it is hangs on the node ports; the Service's name keeps it apart from all others.
                    unsettled = f"{_UNNAMED}: {access.service.ref.qualified_name} {ports.protocol} {','.join(source)}"
                    name = provider_rules().allow_name.format(family=family.label, hash=unsettled)
                yield _Planned(
                    _rule(
                        name,
                        Access.ALLOW,
                        ends[family],
                        access.service.ref,
                        protocol=ports.protocol,
                        sources=source,
                        ports=tuple(sorted(map(str, ports.ports))),
                        open_ports=ports.unknown,
                    ),
                    last_first=False,
                )
    if access.deny_all:
        for family in Family:
            if ends[family]:
                rule = _rule(deny_name(family), Access.DENY, ends[family], access.service.ref)
                yield _Planned(rule, last_first=True)


def _rule(
    name: str,
    access: Access,
    ends: Destinations,
    ref: ObjectRef,
    *,
    protocol: str = ANY,
    sources: tuple[str, ...] = (ANY,),
    ports: tuple[str, ...] = (ANY,),
    open_ports: tuple[str, ...] = (),
) -> SecurityRule:
    return SecurityRule(
        name,
        0,
        RuleDirection.INBOUND,
        access,
        protocol,
        sources=sources,
        destinations=tuple(sorted({str(a) for a in ends.addresses})),
        ports=ports,
        open_destinations=ends.unknown,
        open_destinations_unused=ends.unused,
        open_ports=open_ports,
        services=(ref,),
    )


@dataclass(slots=True)
class _Ledger:
    """The group while it is being written: rules by name, priorities that are taken, and how much there is."""

    existing: SecurityGroup | None
    ours: set[str]
    rules: dict[str, SecurityRule] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    contributions: list[Contribution] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((g.name for g in group_limits()), 0))

    def __post_init__(self) -> None:
        """Take over what stands in the existing group, without the destinations that Services will add again."""
        if self.existing is None:
            return
        for rule in self.existing.rules:
            if rule.is_default:
                continue
            if is_managed(rule):
                rule = replace(rule, destinations=tuple(d for d in rule.destinations if d not in self.ours))
            self.rules[rule.name] = rule
            if rule.direction is RuleDirection.INBOUND:
                self.taken.add(rule.priority)
            self._count(rule, 1)

    def add(self, ref: ObjectRef, planned: Iterable[_Planned]) -> str:
        """Write a Service's rules, all or none; returns why there are none, or ""."""
        changed: dict[str, SecurityRule] = {}
        added: list[Contribution] = []
        before, taken = dict(self.counts), set(self.taken)
        for want in planned:
            present = changed.get(want.rule.name) or self.rules.get(want.rule.name)
            if present is not None:
                self._count(present, -1)
                changed[want.rule.name] = _joined(present, want.rule)
            else:
                priority = self._free(want.last_first)
                if priority is None:
                    self.counts, self.taken = before, taken
                    return "no priority is free"
                self.taken.add(priority)
                changed[want.rule.name] = replace(want.rule, priority=priority)
            self._count(changed[want.rule.name], 1)
            added.append(Contribution(want.rule.name, ref, want.rule.destinations + want.rule.open_destinations))
        for limit in group_limits():
            if changed and self.counts[limit.name] > limit.value:
                reason = f"the group would hold {self.counts[limit.name]} {limit.label.lower()}, over {limit.value}"
                self.counts, self.taken = before, taken
                return reason
        self.rules.update(changed)
        self.contributions += added
        return ""

    def _free(self, last_first: bool) -> int | None:
        found = provider_rules()
        numbers = range(found.first_priority, found.last_priority + 1)
        return next((n for n in (reversed(numbers) if last_first else numbers) if n not in self.taken), None)

    def _count(self, rule: SecurityRule, sign: int) -> None:
        for name, amount in amounts(rule).items():
            self.counts[name] += sign * amount


def amounts(rule: SecurityRule) -> dict[str, int]:
    """What one rule takes of each limit of a group; a rule that names no destination is not kept and takes nothing."""
    ends = len(rule.destinations) + len(rule.open_destinations)
    sources = len(rule.sources) + len(rule.open_sources)
    kept = int(ends > 0)
    return {"rules": kept, "source_addresses": kept * sources, "destination_addresses": ends}


def is_managed(rule: SecurityRule) -> bool:
    """Whether the provider takes a rule for one of its own, by its name and priority."""
    found = provider_rules()
    # One more than the last priority that it gives, since that is where its own test ends.
    in_range = found.first_priority <= rule.priority <= found.last_priority + 1
    return rule.name.startswith(found.managed_prefix) and in_range


def _joined(present: SecurityRule, more: SecurityRule) -> SecurityRule:
    return replace(
        present,
        access=more.access,
        protocol=more.protocol,
        sources=more.sources,
        ports=more.ports,
        destinations=tuple(sorted({*present.destinations, *more.destinations})),
        open_destinations=tuple(dict.fromkeys((*present.open_destinations, *more.open_destinations))),
        open_destinations_unused=all(r.open_destinations_unused for r in (present, more) if r.open_destinations),
        services=tuple(dict.fromkeys((*present.services, *more.services))),
    )
