"""Checks of subnets: whether they hold what is planned, and what may share them."""

from __future__ import annotations

from collections.abc import Iterator

from lib.facts import reader as facts
from lib.ipplan.allocation import node_subnet_of, pod_subnet_of
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, NetworkModel, Subnet
from lib.ipplan.models import rules_of
from lib.ipplan.pools import size_pools
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.subnets import SubnetPlan, SubnetRole


def check_subnets(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...]) -> Iterator[PlanProblem]:
    """Every subnet by itself, and what the clusters do with them together."""
    for plan in subnets:
        if plan.role is not SubnetRole.OTHER:
            yield from _size(plan)
    for subnet, cluster in _mentions(demand):
        yield from _mention(subnet, cluster)
    for cluster in demand.clusters:
        yield from _unused(cluster)
    yield from _sharing(demand)


def check_vnet_use(vnet_ips: int) -> Iterator[PlanProblem]:
    """The addresses that all clusters together configure in the virtual network."""
    most = facts.get("vnet_private_ips").number
    if vnet_ips > most:
        message = f"The plan configures {vnet_ips} addresses, more than the {most} of a virtual network."
        yield problem("vnet-ips-exceeded", message, "", "vnet")


def _size(plan: SubnetPlan) -> Iterator[PlanProblem]:
    wanted = f"; /{plan.smallest_prefix} would do" if plan.smallest_prefix is not None else ""
    if plan.prefix is None:
        message = f"The subnet {plan.name} needs {plan.ips_with_reserved} addresses."
        yield problem("subnet-too-large-for-azure", message, plan.name, "subnet")
    elif plan.available < 0:
        now = plan.ips_now + plan.ips_other
        offers = f"The subnet {plan.words} offers {plan.usable} addresses"
        if now > plan.usable:
            message = f"{offers}, and {now} are needed at once{wanted}."
            yield problem("subnet-too-small-now", message, plan.name, "subnet")
        else:
            needed = plan.ips_needed + plan.ips_other
            message = f"{offers}, and {needed} are needed with growth and surge{wanted}."
            yield problem("subnet-too-small", message, plan.name, "subnet")


def _mentions(demand: AddressPlanInput) -> Iterator[tuple[Subnet, ClusterDemand]]:
    seen: set[tuple[str, str]] = set()
    for cluster in demand.clusters:
        rules = rules_of(cluster.model)
        for pool in size_pools(cluster):
            found = [node_subnet_of(cluster, pool)]
            if rules.uses_pod_subnet:
                found.append(pod_subnet_of(cluster, pool))
            for subnet in found:
                if (cluster.name, subnet.key) not in seen:
                    seen.add((cluster.name, subnet.key))
                    yield subnet, cluster


def _unused(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    """Pod subnets that are named in a model where pods have no subnet: nobody else would say that they are left out."""
    if rules_of(cluster.model).uses_pod_subnet:
        return
    named = [(cluster.name, cluster.pod_subnet), *((f"{cluster.name}/{p.name}", p.pod_subnet) for p in cluster.pools)]
    for subject, subnet in named:
        if subnet is not None:
            message = f"The pod subnet {subnet.name} plays no part in this network model."
            yield problem("pod-subnet-unused", message, subject, "pod_subnet")


def _mention(subnet: Subnet, cluster: ClusterDemand) -> Iterator[PlanProblem]:
    if subnet.cidr is not None and subnet.cidr.version == 6:
        wanted = facts.get("subnet_ipv6_prefix").number
        if subnet.cidr.prefixlen != wanted:
            message = f"The IPv6 prefix {subnet.cidr} of the subnet {subnet.name} is not a /{wanted}."
            yield problem("subnet-ipv6-prefix", message, subnet.name, "subnet")
        message = f"The subnet {subnet.name} has only the IPv6 prefix {subnet.cidr}."
        yield problem("subnet-ipv6-only", message, subnet.name, "subnet")


def _sharing(demand: AddressPlanInput) -> Iterator[PlanProblem]:
    node_users: dict[str, list[ClusterDemand]] = {}
    pod_users: dict[str, list[ClusterDemand]] = {}
    shown: dict[str, Subnet] = {}
    for cluster in demand.clusters:
        for pool in size_pools(cluster):
            node = node_subnet_of(cluster, pool)
            shown.setdefault(node.key, node)
            _use(node_users, node.key, cluster)
            if rules_of(cluster.model).uses_pod_subnet:
                pods = pod_subnet_of(cluster, pool)
                shown.setdefault(pods.key, pods)
                _use(pod_users, pods.key, cluster)
    for key, users in node_users.items():
        subnet = shown[key]
        if subnet.delegation:
            message = f"The subnet {subnet.name} is delegated to {subnet.delegation}."
            yield problem("subnet-delegated", message, subnet.name, "subnet")
        if len(users) > 1 and any(cluster.model is NetworkModel.KUBENET for cluster in users):
            names = ", ".join(cluster.name for cluster in users)
            message = f"The clusters {names} share the subnet {subnet.name}, and one of them uses kubenet."
            yield problem("subnet-shared-kubenet", message, subnet.name, "node_subnet")
    for key, users in pod_users.items():
        subnet = shown[key]
        if key in node_users:
            message = f"The subnet {subnet.name} holds both nodes and pods."
            yield problem("pod-subnet-not-separate", message, subnet.name, "pod_subnet")
        models = {cluster.model for cluster in users}
        if len(models) > 1:
            message = f"The subnet {subnet.name} serves both dynamic allocation and static blocks."
            yield problem("pod-subnet-modes-mixed", message, subnet.name, "pod_subnet")
        yield from _pod_subnet_prefix(subnet, models)


def _pod_subnet_prefix(subnet: Subnet, models: set[NetworkModel]) -> Iterator[PlanProblem]:
    if subnet.cidr is None:
        return
    for model, name, code in (
        (NetworkModel.POD_SUBNET_STATIC_BLOCK, "pod_subnet_shortest_prefix", "pod-subnet-too-large"),
        (NetworkModel.POD_SUBNET_DYNAMIC, "pod_subnet_shortest_useful_prefix", "pod-subnet-larger-than-useful"),
    ):
        if model in models and subnet.cidr.prefixlen < facts.get(name, model).number:
            message = f"The pod subnet {subnet.name} {subnet.cidr} is larger than /{facts.get(name, model).number}."
            yield problem(code, message, subnet.name, "pod_subnet")


def _use(users: dict[str, list[ClusterDemand]], key: str, cluster: ClusterDemand) -> None:
    found = users.setdefault(key, [])
    if cluster not in found:
        found.append(cluster)
