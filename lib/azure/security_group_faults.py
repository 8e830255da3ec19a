"""What of the security rules is not as the Services' settings seem to say, each as a finding with its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lib.azure.annotations import (
    ALLOWED_RANGES,
    ALLOWED_TAGS,
    DENY_ALL_EXCEPT,
    LEGACY_RANGES,
    NO_SECURITY_RULE,
    Annotations,
)
from lib.azure.security_group import ProviderGroup
from lib.azure.security_group_access import ServiceAccess
from lib.azure.security_group_destinations import frontends_of
from lib.model.finding import Finding, finding
from lib.model.refs import Source
from lib.model.sets import Address, Family
from lib.routing.reach import limits_nobody


def security_group_faults(provider: ProviderGroup) -> Iterator[Finding]:
    """Every fault of the security rules but those of single annotations."""
    refused = {access.service.ref for access in provider.accesses if access.refused}
    services = {access.service.ref: access.service for access in provider.accesses}
    for ref, reason in provider.left_out:
        if ref not in refused:
            yield finding("azure-security-rules-left-out", ref, services[ref].source, reason=reason)
    for access in provider.accesses:
        if not access.writes:
            source = Annotations(access.service).source(NO_SECURITY_RULE)
            yield finding("azure-security-rules-disabled", access.service.ref, source)
        elif not access.refused:
            yield from _closed_family(access)
            yield from _open_network(access)
    yield from _closed_for_others(provider)


def _closed_family(access: ServiceAccess) -> Iterator[Finding]:
    """Ranges of one family let nobody in to a frontend of the other."""
    if access.tags or not (access.ipv4_ranges or access.ipv6_ranges):
        return
    frontends = frontends_of(access.service)
    for family in Family:
        if frontends.of(family) and not access.ranges(family):
            other = Family.IPV6 if family is Family.IPV4 else Family.IPV4
            yield finding(
                "azure-ranges-of-one-family",
                access.service.ref,
                _ranges_source(access),
                given=other.label,
                closed=family.label,
            )


def _open_network(access: ServiceAccess) -> Iterator[Finding]:
    """Ranges and tags of an internal Service that only the groups enforce leave the virtual network as it is."""
    notes = Annotations(access.service)
    limited = [name for name in (ALLOWED_RANGES, LEGACY_RANGES, ALLOWED_TAGS) if notes.text(name) is not None]
    enforced_by_nodes = bool(access.service.load_balancer_source_ranges_written)
    limits = limited and not limits_nobody(access.service)
    if notes.internal and limits and not enforced_by_nodes and not access.deny_all:
        yield finding(
            "azure-ranges-leave-network-open",
            access.service.ref,
            notes.source(limited[0]),
            annotation=notes.key(limited[0]),
        )


def _ranges_source(access: ServiceAccess) -> Source:
    notes = Annotations(access.service)
    for name in (ALLOWED_RANGES, LEGACY_RANGES):
        if notes.text(name) is not None:
            return notes.source(name)
    return access.service.source.at("spec", "loadBalancerSourceRanges")


def _closed_for_others(provider: ProviderGroup) -> Iterator[Finding]:
    """A rule that closes a frontend closes it for every Service that shares it."""
    sharing: dict[Address, list[ServiceAccess]] = defaultdict(list)
    for access in provider.accesses:
        for address in frontends_of(access.service).addresses:
            sharing[address].append(access)
    for address, accesses in sharing.items():
        for closing in accesses:
            others = [a.service.ref.qualified_name for a in accesses if a is not closing and not a.deny_all]
            if closing.deny_all and closing.writes and closing.floating_ip and not closing.refused and others:
                notes = Annotations(closing.service)
                told = notes.text(DENY_ALL_EXCEPT) is not None
                yield finding(
                    "azure-shared-frontend-closed",
                    closing.service.ref,
                    notes.source(DENY_ALL_EXCEPT) if told else _ranges_source(closing),
                    address=address,
                    others=", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else ""),
                )
