"""Address demand counted one node and one address at a time, from the words of the sources; imports nothing of ours.

Demands are plan files as mappings. The numbers below are those that AKS's pages print: five addresses of a subnet are
Azure's, a subnet is /29 to /8, a node takes a /24 of the pod CIDR, dynamic allocation hands out batches of 16 and keeps
8 free up to 250 a node, static blocks are /28 and a node keeps one address of them, one node more while upgrading.
"""

from __future__ import annotations

from fractions import Fraction
from ipaddress import ip_network
from typing import Any

Plan = dict[str, Any]
MAX_PODS = {
    "azure_cni_overlay": 250, "azure_cni_overlay_cilium": 250, "kubenet": 110, "pod_subnet_dynamic": 250,
    "pod_subnet_static_block": 110, "node_subnet": 30, "byo_cni": 250,
}  # fmt: skip
NODES_PER_CLUSTER = {"kubenet": 400}
MOMENTS = ("now", "at_max", "needed")


def nodes(pool: Plan, moment: str) -> int:
    """The nodes of a pool now, at its maximum, or then while it is upgraded."""
    now = pool.get("nodes", 1)
    most = max(now, pool.get("nodes_max") or 0)
    if moment == "now":
        return now
    if moment == "at_max":
        return most
    if pool.get("replaced"):
        return most + most
    surge = pool.get("surge", 0 if pool.get("auto_provisioned") else 1)
    extra = 0
    wanted = Fraction(most * int(surge[:-1]), 100) if isinstance(surge, str) else Fraction(surge)
    while extra < wanted and extra < most:
        extra += 1
    return most + extra


def max_pods(cluster: Plan, pool: Plan) -> int:
    return pool.get("max_pods") or MAX_PODS[cluster.get("model", "azure_cni_overlay")]


def batches(pods: int) -> int:
    """What one node with ``pods`` pods has asked for by and by."""
    held = 16
    while held - pods < 8:
        held += 16
    return min(held, 250)


def dearest(count: int, pods: int, most_a_node: int) -> int:
    """The most that ``count`` nodes can hold for ``pods`` pods: every way to spread them is tried."""
    best = [0] * (pods + 1)
    for _ in range(count):
        best = [max(best[p - own] + batches(own) for own in range(min(p, most_a_node) + 1)) for p in range(pods + 1)]
    return max(best)


def blocks(most: int) -> int:
    """The /28 blocks of one node: one address of them is the node's."""
    found = 1
    while found * ip_network("10.0.0.0/28").num_addresses - 1 < most:
        found += 1
    return found


def pod_addresses(cluster: Plan, pool: Plan, count: int) -> int:
    """Addresses of the pod subnet that ``count`` nodes of the pool take."""
    most = max_pods(cluster, pool)
    if cluster["model"] == "pod_subnet_static_block":
        return sum(16 * blocks(most) for _ in range(count))
    expected = pool.get("pods_expected")
    if expected is None:
        return sum(batches(most) for _ in range(count))
    return dearest(count, min(expected, count * most), most)


def node_addresses(cluster: Plan, pool: Plan, count: int) -> int:
    """Addresses of the node subnet that ``count`` nodes of the pool take."""
    own = 1 + max_pods(cluster, pool) if cluster["model"] == "node_subnet" else 1
    return sum(own for _ in range(count))


def subnet_key(written: str | None, otherwise: str) -> str:
    """What tells subnets apart: the range, else the name."""
    parts = (written or otherwise).split()
    return next((part for part in parts if "/" in part), parts[0])


def subnets(plan: Plan) -> dict[str, dict[str, int]]:
    """For every subnet of the clusters the addresses at each moment, and those of load balancers and the like."""
    found: dict[str, dict[str, int]] = {}
    for cluster in plan["clusters"]:
        for number, pool in enumerate(cluster["pools"]):
            written = pool.get("node_subnet") or cluster.get("node_subnet")
            mine = found.setdefault(
                subnet_key(written, f"{cluster['name']}-nodes"), dict.fromkeys((*MOMENTS, "other"), 0)
            )
            for moment in MOMENTS:
                mine[moment] += node_addresses(cluster, pool, nodes(pool, moment))
            if number == 0:
                mine["other"] += cluster.get("internal_load_balancers", 0) + cluster.get("private_endpoints", 0)
                mine["other"] += cluster.get("private_link_services", 0) * cluster.get("private_link_ips", 1)
                mine["other"] += cluster.get("other_addresses", 0)
            if cluster["model"].startswith("pod_subnet"):
                written = pool.get("pod_subnet") or cluster.get("pod_subnet")
                pods = found.setdefault(
                    subnet_key(written, f"{cluster['name']}-pods"), dict.fromkeys((*MOMENTS, "other"), 0)
                )
                for moment in MOMENTS:
                    pods[moment] += pod_addresses(cluster, pool, nodes(pool, moment))
    return found


def smallest(addresses: int) -> int | None:
    """The longest prefix from /29 to /8 whose subnet has as many addresses beside Azure's five."""
    for prefix in range(29, 7, -1):
        if ip_network(f"0.0.0.0/{prefix}").num_addresses - 5 >= addresses:
            return prefix
    return None


def pod_cidr_nodes(cidr: str) -> int:
    """The nodes for which an IPv4 pod CIDR has a /24."""
    network = ip_network(cidr)
    return len(list(network.subnets(new_prefix=24))) if network.version == 4 and network.prefixlen <= 24 else 0


def service_addresses(cidr: str) -> tuple[int, int, int]:
    """All addresses of a service CIDR, those for ClusterIPs, and how many are for picking by hand: size/16, 16 to 256.

    The network's own address and the broadcast address are given to nobody.
    """
    network = ip_network(cidr)
    return network.num_addresses, len(list(network.hosts())), min(max(16, network.num_addresses // 16), 256)


def with_more(plan: Plan, cluster: int, pool: int, more: int) -> Plan:
    """The plan with ``more`` nodes at the maximum of one pool, each of which brings as many pods as were expected."""
    copy = {**plan, "clusters": [{**c, "pools": [dict(p) for p in c["pools"]]} for c in plan["clusters"]]}
    wanted = copy["clusters"][cluster]["pools"][pool]
    top = nodes(wanted, "at_max")
    wanted["nodes_max"] = top + more
    if wanted.get("pods_expected"):
        if top == 0:
            del wanted["pods_expected"]
        else:
            present = min(wanted["pods_expected"], top * max_pods(copy["clusters"][cluster], wanted))
            additional = 0
            while additional * top < present * more:
                additional += 1
            wanted["pods_expected"] = present + additional
    return copy


def used(plan: Plan, cluster: int, limit: str) -> int:
    """How much of a limit of one cluster is used."""
    own = plan["clusters"][cluster]
    peaks = [nodes(pool, "needed") for pool in own["pools"]]
    if limit in ("nodes_per_cluster", "pod_cidr"):
        return sum(peaks)
    if limit == "pods_per_cluster":
        total = 0
        for pool in own["pools"]:
            fit = nodes(pool, "at_max") * max_pods(own, pool)
            # Where every node takes the addresses of all its pods when it is made, all of them count.
            takes_all = own["model"] in ("node_subnet", "pod_subnet_static_block")
            wanted = None if takes_all else pool.get("pods_expected")
            total += fit if wanted is None else min(wanted, fit)
        return total
    if limit == "nodes_per_pool":
        # A pool that is replaced has another beside it, with nodes of its own.
        own_pools = [pool for pool in own["pools"] if not pool.get("auto_provisioned")]
        return max(nodes(pool, "at_max" if pool.get("replaced") else "needed") for pool in own_pools)
    if limit == "vnet_private_ips":
        return sum(_configured(each) for each in plan["clusters"])
    raise KeyError(limit)


def _configured(cluster: Plan) -> int:
    """Configured addresses of the virtual network; a static block counts once."""
    total = cluster.get("internal_load_balancers", 0) + cluster.get("private_endpoints", 0)
    total += 9 if cluster.get("api_server_vnet_integration") else 0
    for pool in cluster["pools"]:
        count = nodes(pool, "needed")
        total += node_addresses(cluster, pool, count)
        if cluster["model"] == "pod_subnet_static_block":
            total += count * blocks(max_pods(cluster, pool))
        elif cluster["model"] == "pod_subnet_dynamic":
            total += pod_addresses(cluster, pool, count)
    return total


def month_of(cluster: Plan, value: int) -> int | None:
    """The first month in which the cluster's nodes, surge nodes included, are more than ``value``; None in 50 years."""
    growth = str(cluster["growth_per_month"])
    now = sum(nodes(pool, "now") for pool in cluster["pools"])
    most = sum(nodes(pool, "at_max") for pool in cluster["pools"])
    peak = sum(nodes(pool, "needed") for pool in cluster["pools"])
    wanted = Fraction(now)
    for month in range(601):
        total = -(-wanted.numerator // wanted.denominator)
        if peak + max(0, total - most) > value:
            return month
        wanted = wanted * (1 + Fraction(growth[:-1]) / 100) if growth.endswith("%") else wanted + Fraction(growth)
    return None
