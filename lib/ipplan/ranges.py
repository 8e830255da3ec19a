"""The service CIDR, the DNS service IP and the pod CIDR of a cluster, with the defaults of AKS applied."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network

from lib.facts import reader as facts
from lib.ipplan.demand import Address, ClusterDemand, Network
from lib.ipplan.models import rules_of
from lib.ipplan.pools import size_pools
from lib.ipplan.result import Assumption, PodCidrPlan, ServiceCidrPlan
from lib.ipplan.subnets import IPV4_BITS


def service_cidr(cluster: ClusterDemand) -> Network:
    """The service CIDR chosen, else the default."""
    return cluster.service_cidr or facts.get("service_cidr_default").networks[0]


def service_cidr_ipv6(cluster: ClusterDemand) -> IPv6Network | None:
    """The IPv6 service CIDR of a dual-stack cluster, chosen or default."""
    return _ipv6(cluster.service_cidr_ipv6, "service_cidr_default_ipv6", cluster)


def pod_cidr(cluster: ClusterDemand) -> Network | None:
    """The pod CIDR chosen, else the model's default; None where the model knows none."""
    if cluster.pod_cidr is not None:
        return cluster.pod_cidr
    default = facts.find("pod_cidr_default", cluster.model)
    return default.networks[0] if default is not None else None


def pod_cidr_ipv6(cluster: ClusterDemand) -> IPv6Network | None:
    """The IPv6 pod CIDR of a dual-stack cluster, chosen or default."""
    return _ipv6(cluster.pod_cidr_ipv6, "pod_cidr_default_ipv6", cluster)


def dns_service_ip(cluster: ClusterDemand) -> Address:
    """The DNS service IP chosen, else the conventional one of the service CIDR."""
    if cluster.dns_service_ip is not None:
        return cluster.dns_service_ip
    services = service_cidr(cluster)
    offset = min(facts.get("dns_service_ip_offset").number, service_addresses(services), services.num_addresses - 1)
    return services.network_address + offset


def service_addresses(cidr: Network) -> int:
    """The addresses of a service CIDR that Kubernetes gives out: not the first, and of IPv4 not the last."""
    unused = facts.get("service_cidr_unused_ipv4" if cidr.version == 4 else "service_cidr_unused_ipv6").number
    return max(0, cidr.num_addresses - unused)


def nodes_that_fit(cidr: Network, model: str) -> int:
    """The nodes for which an IPv4 pod CIDR has a block; 0 if it is smaller than one block or not IPv4."""
    per_node = facts.get("pod_cidr_prefix_per_node", model).number
    return int(2 ** (per_node - cidr.prefixlen)) if cidr.version == 4 and cidr.prefixlen <= per_node else 0


def smallest_pod_cidr_prefix(nodes: int, model: str) -> int | None:
    """The longest prefix of a pod CIDR that has a block for every one of ``nodes``; None if even /8 has not."""
    per_node = facts.get("pod_cidr_prefix_per_node", model).number
    return next((prefix for prefix in range(per_node, 7, -1) if 2 ** (per_node - prefix) >= nodes), None)


def plan_pod_cidr(cluster: ClusterDemand) -> PodCidrPlan | None:
    """The pod CIDR and its blocks; None for a model without one."""
    cidr = pod_cidr(cluster)
    if cidr is None or not rules_of(cluster.model).uses_pod_cidr:
        return None
    pools = size_pools(cluster)
    peak = sum(pool.peak for pool in pools)
    return PodCidrPlan(
        cidr=cidr,
        ipv6=pod_cidr_ipv6(cluster),
        nodes_max=nodes_that_fit(cidr, cluster.model),
        nodes_now=sum(pool.now for pool in pools),
        nodes_at_max=sum(pool.maximum for pool in pools),
        nodes_needed=peak,
        smallest_prefix=smallest_pod_cidr_prefix(peak, cluster.model),
    )


def plan_service_cidr(cluster: ClusterDemand) -> ServiceCidrPlan:
    """The service CIDR, its DNS address and the band for hand-picked addresses."""
    cidr = service_cidr(cluster)
    return ServiceCidrPlan(
        cidr=cidr,
        ipv6=service_cidr_ipv6(cluster),
        dns_service_ip=dns_service_ip(cluster),
        size=cidr.num_addresses,
        usable=service_addresses(cidr),
        services=cluster.services,
        static_band=static_band(cidr),
        smallest_prefix=smallest_service_cidr_prefix(cluster.services) if cluster.services is not None else None,
    )


def smallest_service_cidr_prefix(services: int) -> int | None:
    """The longest prefix of an IPv4 service CIDR that has an address for each of ``services``; None if none has.

    There is room for the cluster's own two Services, the API server's and the DNS, also where fewer are expected.
    """
    shortest = facts.get("service_cidr_prefix_longer_than").number + 1
    unused = facts.get("service_cidr_unused_ipv4").number
    needed = max(services, 2) + unused
    return next((prefix for prefix in range(IPV4_BITS, shortest - 1, -1) if 1 << (IPV4_BITS - prefix) >= needed), None)


def static_band(cidr: Network) -> int:
    """The low addresses of a service CIDR that Kubernetes leaves for hand-picked ClusterIPs as long as it can."""
    least = facts.get("service_cidr_static_band_min").number
    share = facts.get("service_cidr_static_band_share").number
    most = facts.get("service_cidr_static_band_max").number
    return min(max(least, cidr.num_addresses // share), most)


def assumptions(cluster: ClusterDemand) -> tuple[Assumption, ...]:
    """Everything that the person left open and the facts decided."""
    found: list[Assumption] = []

    def take(field: str, words: str, fact: facts.Fact) -> None:
        found.append(Assumption(field, f"{words}: {fact.value_text}", fact.sources, fact.conflict_text))

    if cluster.service_cidr is None:
        take("service_cidr", "service CIDR by default", facts.get("service_cidr_default"))
    if cluster.dns_service_ip is None:
        fact = facts.get("dns_service_ip_offset")
        found.append(
            Assumption("dns_service_ip", f"DNS service IP by convention: {dns_service_ip(cluster)}", fact.sources)
        )
    if cluster.pod_cidr is None and rules_of(cluster.model).uses_pod_cidr:
        take("pod_cidr", "pod CIDR by default", facts.get("pod_cidr_default", cluster.model))
    if any(pool.max_pods is None for pool in cluster.pools):
        stated = facts.find("max_pods_default", cluster.model)
        if stated is not None:
            take("max_pods", "max pods by default", stated)
        else:
            take(
                "max_pods", "max pods, no default stated, highest value taken", facts.get("max_pods_per_node_hard_max")
            )
    if any(pool.surge is None and not pool.replaced and not pool.auto_provisioned for pool in cluster.pools):
        surge = facts.get("surge_default_nodes")
        text = f"surge by default: {surge.number} node{'' if surge.number == 1 else 's'}"
        found.append(Assumption("surge", text, surge.sources, surge.conflict_text))
    if any(pool.auto_provisioned and pool.surge is None for pool in cluster.pools):
        text = "nodes that replace auto-provisioned ones count against the maximum entered; give a surge if they do not"
        found.append(Assumption("auto_provisioned", text, facts.get("auto_provisioning_models").sources))
    return tuple(found)


def _ipv6(chosen: IPv6Network | None, default: str, cluster: ClusterDemand) -> IPv6Network | None:
    if chosen is not None or not cluster.dual_stack:
        return chosen
    fact = facts.find(default, cluster.model)
    network = ip_network(fact.networks[0]) if fact is not None else None
    return network if isinstance(network, IPv6Network) else None
