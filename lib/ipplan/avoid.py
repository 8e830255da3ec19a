"""What suggested subnets keep out of: connected networks, the clusters' own CIDRs, ranges that Azure keeps."""

from __future__ import annotations

from lib.facts import reader as facts
from lib.ipplan import ranges
from lib.ipplan.demand import AddressPlanInput
from lib.ipplan.layout import Avoided
from lib.ipplan.models import rules_of


def avoided(demand: AddressPlanInput) -> tuple[Avoided, ...]:
    """Every range that a subnet must not touch, named for a person; a range that several clusters use is told once."""
    found = [Avoided(f"connected network {other.name}".rstrip(), other.cidr) for other in demand.connected]
    for cluster in demand.clusters:
        services = (ranges.service_cidr(cluster), ranges.service_cidr_ipv6(cluster))
        pods = (ranges.pod_cidr(cluster), ranges.pod_cidr_ipv6(cluster))
        found += [Avoided("service CIDR", cidr) for cidr in services if cidr is not None]
        if not rules_of(cluster.model).family_is_flat:
            found += [Avoided("pod CIDR", cidr) for cidr in pods if cidr is not None]
    for name in ("reserved_ranges", "vnet_forbidden_ranges"):
        found += [Avoided("kept by Azure", cidr) for cidr in facts.get(name).networks]
    return tuple(dict.fromkeys(found))
