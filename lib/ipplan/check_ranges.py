"""Checks of address ranges: reserved ones, sizes, overlaps in both directions, the DNS service IP."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from lib.facts import reader as facts
from lib.ipplan import ranges
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, ConnectedNetwork, Network
from lib.ipplan.free_ranges import free_range, taken_around
from lib.ipplan.models import rules_of
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.subnets import SubnetPlan

Named = tuple[str, str, Network]  # what it is called in a sentence, the field it comes from, the range


def overlaps(one: Network, other: Network) -> bool:
    """Whether two ranges share an address; ranges of different families never do."""
    if one.version != other.version:
        return False
    # The library's own overlaps takes four times as long, and every range is compared with every other.
    return int(one.network_address) <= int(other.broadcast_address) and int(other.network_address) <= int(
        one.broadcast_address
    )


def within(inner: Network, outer: Network) -> bool:
    """Whether every address of ``inner`` is one of ``outer``."""
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def check_cluster_ranges(
    cluster: ClusterDemand, demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...]
) -> Iterator[PlanProblem]:
    """The service CIDR and the pod CIDR of one cluster against everything they must not touch.

    ``subnets`` are all of the virtual network's; a subnet without a prefix yet overlaps nothing.
    """
    services = _services(cluster)
    pods = _pods(cluster)
    free = _Free(cluster, demand, (*services, *pods))
    for named in (*services, *pods):
        yield from _reserved(named, cluster.name)
        yield from _connected(named, demand, cluster.name)
    yield from _service_sizes(cluster)
    yield from _dns(cluster)
    yield from _pod_range(cluster)
    for words, field, service in services:
        # A subnet of a space that overlaps anyway would only repeat it.
        hit = [space for space in demand.vnet if overlaps(service, space)]
        others: list[Named] = [("the virtual network", "vnet", space) for space in hit]
        others += [
            (f"the subnet {plan.name}".removesuffix(f" {prefix}"), "", prefix)
            for plan in subnets
            for prefix in plan.prefixes
            if not any(within(prefix, space) for space in hit)
        ]
        for other_words, _, other in (*others, *pods):
            if overlaps(service, other):
                message = f"{words} {service} overlaps {other_words} {other}{free.instead_of(service, field)}."
                yield problem("service-cidr-overlap", message, cluster.name, field)
    for words, field, pod in pods:
        for plan in subnets:
            for prefix in plan.prefixes:
                if overlaps(pod, prefix):
                    message = f"{words} {pod} overlaps the subnet {plan.called(prefix)}{free.instead_of(pod, field)}."
                    yield problem("pod-cidr-overlap", message, cluster.name, field)
        for space in demand.vnet:
            if overlaps(pod, space):
                message = f"{words} {pod} overlaps the virtual network {space}{free.instead_of(pod, field)}."
                yield problem("pod-cidr-in-vnet", message, cluster.name, field)


@dataclasses.dataclass(slots=True)
class _Free:
    """Ranges that a cluster's own could move to: each touches nothing, and no other that is named here."""

    cluster: ClusterDemand
    demand: AddressPlanInput
    own: tuple[Named, ...]
    found: dict[tuple[Network, str], IPv4Network | None] = dataclasses.field(default_factory=dict)

    def instead_of(self, cidr: Network, field: str) -> str:
        """Words that name a range of the same size; "" for IPv6, and where none is left."""
        key = (cidr, field)
        if key not in self.found:
            others = (*(own for _, of, own in self.own if of != field), *filter(None, self.found.values()))
            taken = (*taken_around(self.demand, self.cluster), *others)
            self.found[key] = free_range(cidr.prefixlen, taken) if cidr.version == 4 else None
        found = self.found[key]
        return f"; {found} is free" if found is not None else ""


def check_vnet_ranges(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...]) -> Iterator[PlanProblem]:
    """The virtual network and its subnets: forbidden ranges, sizes, containment, overlaps."""
    # A subnet without a name of its own is called by its range, which is said anyway.
    chosen: list[Named] = [
        (f"The subnet {plan.name}".removesuffix(f" {prefix}"), "subnet", prefix)
        for plan in subnets
        for prefix in plan.prefixes
    ]
    spaces: list[Named] = [("The virtual network", "vnet", space) for space in demand.vnet]
    for named in (*spaces, *chosen):
        yield from _reserved(named, "")
        yield from _forbidden(named)
        yield from _connected(named, demand, "")
    shortest = facts.get("subnet_ipv4_shortest_prefix").number
    for words, field, space in spaces:
        if space.version == 4 and space.prefixlen < shortest:
            yield problem("vnet-too-large", f"{words} {space} is larger than /{shortest}.", "", field)
    longest, ipv6 = facts.get("subnet_ipv4_longest_prefix").number, facts.get("subnet_ipv6_prefix").number
    for words, field, cidr in chosen:
        if cidr.version == 6 and cidr.prefixlen != ipv6:
            yield problem("subnet-ipv6-prefix", f"{words} {cidr} is not a /{ipv6}.", "", field)
        elif cidr.version == 4 and not shortest <= cidr.prefixlen <= longest:
            yield problem("subnet-size", f"{words} {cidr} is not between /{shortest} and /{longest}.", "", field)
        if demand.vnet and not any(within(cidr, space) for space in demand.vnet):
            spaces_text = ", ".join(str(space) for space in demand.vnet)
            yield problem(
                "subnet-outside-vnet", f"{words} {cidr} is outside the virtual network {spaces_text}.", "", field
            )
    yield from _subnet_overlaps(subnets)
    yield from _space_overlaps(demand)
    for cluster in demand.clusters:
        if cluster.dual_stack and demand.vnet and all(space.version == 4 for space in demand.vnet):
            message = f"The cluster {cluster.name} is dual-stack, and the virtual network has no IPv6 space."
            yield problem("dual-stack-vnet", message, cluster.name, "vnet")


def _subnet_overlaps(subnets: tuple[SubnetPlan, ...]) -> Iterator[PlanProblem]:
    # Sorted by first address, a subnet overlaps an earlier one exactly if it begins before the furthest end so far.
    placed = sorted(
        ((prefix, plan) for plan in subnets for prefix in plan.prefixes),
        key=lambda item: (item[0].version, int(item[0].network_address), item[0].prefixlen),
    )
    furthest: tuple[Network, SubnetPlan] | None = None
    for cidr, plan in placed:
        if furthest is not None and overlaps(cidr, furthest[0]):
            message = f"The subnets {furthest[1].called(furthest[0])} and {plan.called(cidr)} overlap."
            yield problem("subnets-overlap", message, plan.name, "subnet")
        if (
            furthest is None
            or cidr.version != furthest[0].version
            or int(cidr.broadcast_address) > int(furthest[0].broadcast_address)
        ):
            furthest = (cidr, plan)


def _space_overlaps(demand: AddressPlanInput) -> Iterator[PlanProblem]:
    ordered = sorted(demand.vnet, key=lambda space: (space.version, int(space.network_address), space.prefixlen))
    outer: Network | None = None
    for space in ordered:
        # Ranges are powers of two, so one that overlaps another lies in it.
        if outer is not None and overlaps(outer, space):
            message = f"The address spaces {outer} and {space} of the virtual network overlap."
            yield problem("vnet-spaces-overlap", message, "", "vnet")
        else:
            outer = space


def _services(cluster: ClusterDemand) -> tuple[Named, ...]:
    named: list[Named] = [("The service CIDR", "service_cidr", ranges.service_cidr(cluster))]
    ipv6 = ranges.service_cidr_ipv6(cluster)
    return (*named, ("The IPv6 service CIDR", "service_cidr_ipv6", ipv6)) if ipv6 is not None else tuple(named)


def _pods(cluster: ClusterDemand) -> tuple[Named, ...]:
    if rules_of(cluster.model).family_is_flat:
        return ()
    named: list[Named] = []
    pod_cidr, ipv6 = ranges.pod_cidr(cluster), ranges.pod_cidr_ipv6(cluster)
    if pod_cidr is not None:
        named.append(("The pod CIDR", "pod_cidr", pod_cidr))
    if ipv6 is not None:
        named.append(("The IPv6 pod CIDR", "pod_cidr_ipv6", ipv6))
    return tuple(named)


def _reserved(named: Named, subject: str) -> Iterator[PlanProblem]:
    words, field, network = named
    hit = [str(kept) for kept in facts.get("reserved_ranges").networks if overlaps(network, kept)]
    if hit:
        message = f"{words} {network} overlaps {' and '.join(hit)}, which AKS keeps."
        yield problem("reserved-range", message, subject, field)


def _forbidden(named: Named) -> Iterator[PlanProblem]:
    words, field, network = named
    hit = [str(kept) for kept in facts.get("vnet_forbidden_ranges").networks if overlaps(network, kept)]
    if hit:
        message = f"{words} {network} overlaps {' and '.join(hit)}, which no virtual network can hold."
        yield problem("vnet-forbidden-range", message, "", field)


def _connected(named: Named, demand: AddressPlanInput, subject: str) -> Iterator[PlanProblem]:
    words, field, network = named
    for other in demand.connected:
        if overlaps(network, other.cidr):
            message = f"{words} {network} overlaps {_called(other)} {other.cidr}."
            yield problem("connected-network-overlap", message, subject, field)


def _called(network: ConnectedNetwork) -> str:
    return f"the connected network {network.name}".rstrip()


def _service_sizes(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    cidr = ranges.service_cidr(cluster)
    if cidr.version == 6:
        yield problem("service-cidr-family", f"The service CIDR {cidr} is IPv6.", cluster.name, "service_cidr")
    boundary = facts.get("service_cidr_prefix_longer_than").number
    if cidr.version == 4 and cidr.prefixlen <= boundary:
        message = f"The service CIDR {cidr} is not smaller than /{boundary}."
        yield problem("service-cidr-too-large", message, cluster.name, "service_cidr")
    shortest = facts.get("service_cidr_ipv6_shortest_prefix").number
    for ipv6 in (cidr if cidr.version == 6 else None, ranges.service_cidr_ipv6(cluster)):
        if ipv6 is not None and ipv6.prefixlen < shortest:
            message = f"The IPv6 service CIDR {ipv6} is larger than /{shortest}."
            yield problem("service-cidr-ipv6-too-large", message, cluster.name, "service_cidr_ipv6")
    if cluster.services is not None and cluster.services > ranges.service_addresses(cidr):
        message = (
            f"{cluster.services} Services don't fit into the service CIDR {cidr}, "
            f"which has {ranges.service_addresses(cidr)} addresses to give."
        )
        yield problem("services-exceed-cidr", message, cluster.name, "services")


def _dns(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    cidr, address = ranges.service_cidr(cluster), ranges.dns_service_ip(cluster)
    if address.version != cidr.version or address not in cidr:
        message = f"The DNS service IP {address} is not in the service CIDR {cidr}."
        yield problem("dns-service-ip-outside", message, cluster.name, "dns_service_ip")
    elif int(address) - int(cidr.network_address) < 2:
        message = f"The DNS service IP {address} is the first address of the service CIDR {cidr}."
        yield problem("dns-service-ip-first", message, cluster.name, "dns_service_ip")
    elif int(address) - int(cidr.network_address) > ranges.service_addresses(cidr):
        message = f"The DNS service IP {address} is the last address of the service CIDR {cidr}."
        yield problem("dns-service-ip-last", message, cluster.name, "dns_service_ip")


def _pod_range(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    rules = rules_of(cluster.model)
    cidr = ranges.pod_cidr(cluster)
    if rules.family_is_flat:
        if cluster.pod_cidr is not None:
            message = f"The pod CIDR {cluster.pod_cidr} plays no part in this network model."
            yield problem("pod-cidr-unused", message, cluster.name, "pod_cidr")
        return
    if cidr is None:
        yield problem("pod-cidr-missing", "No pod CIDR is given.", cluster.name, "pod_cidr")
        return
    private = facts.get("private_ranges").networks
    if cidr.version == 4 and not any(within(cidr, allowed) for allowed in private):
        message = f"The pod CIDR {cidr} is outside the private ranges."
        yield problem("pod-cidr-public", message, cluster.name, "pod_cidr")
    plan = ranges.plan_pod_cidr(cluster)
    if plan is not None and cidr.version == 6:
        message = (
            f"The pod CIDR {cidr} is IPv6 and has no block for a node; give the IPv4 range, and this one beside it."
        )
        yield problem("pod-cidr-too-small", message, cluster.name, "pod_cidr")
    elif plan is not None and plan.nodes_needed > plan.nodes_max:
        blocks = "no node" if plan.nodes_max == 0 else "1 node" if plan.nodes_max == 1 else f"{plan.nodes_max} nodes"
        wanted = f"; /{plan.smallest_prefix} or shorter would do" if plan.smallest_prefix is not None else ""
        message = f"The pod CIDR {cidr} has room for {blocks}, and an upgrade needs {plan.nodes_needed}{wanted}."
        yield problem("pod-cidr-too-small", message, cluster.name, "pod_cidr")
