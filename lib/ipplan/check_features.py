"""Checks of what stands beside plain clusters: special node pools, load balancers, subnets of other services."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from lib.facts import reader as facts
from lib.facts.engines import engine
from lib.facts.networks import network
from lib.facts.service_subnets import service_subnet
from lib.ipplan.allocation import API_SERVER
from lib.ipplan.demand import (
    AddressPlanInput,
    ClusterDemand,
    ExtraSubnet,
    NetworkModel,
    OperatingSystem,
    PoolMode,
)
from lib.ipplan.limits import egress_gateway_nodes, load_balancer_backends
from lib.ipplan.outbound import check_outbound
from lib.ipplan.pools import SizedPool, size_pools
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.ranges import pod_cidr
from lib.ipplan.subnets import SubnetPlan

AGC: Final = "application_gateway_for_containers"


def check_features(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    """Pool names, node auto-provisioning, gateway pools, load balancers and an existing pod CIDR of one cluster."""
    pools = size_pools(cluster)
    for pool in pools:
        yield from _name(cluster, pool)
        if pool.pool.auto_provisioned:
            yield from _auto_provisioned(cluster, pool)
        if pool.pool.mode is PoolMode.GATEWAY:
            yield from _gateway(cluster, pool)
    limit = facts.get("load_balancer_backend_ip_configurations").number
    backends = load_balancer_backends(cluster, pools)
    if backends > limit:
        nodes = sum(pool.peak for pool in pools)
        message = f"{cluster.load_balancer_ports} ports × {nodes} nodes = {backends}, more than {limit}."
        yield problem("load-balancer-full", message, cluster.name, "load_balancer_ports")
    yield from _expansion(cluster)
    yield from check_outbound(cluster)


def _name(cluster: ClusterDemand, sized: SizedPool) -> Iterator[PlanProblem]:
    name, is_windows = sized.pool.name, sized.pool.operating_system is OperatingSystem.WINDOWS
    longest = facts.get("pool_name_length_windows" if is_windows else "pool_name_length_linux").number
    is_plain = name.isascii() and name.isalnum() and name == name.lower() and name[:1].isalpha()
    if sized.pool.auto_provisioned or (is_plain and len(name) <= longest):
        return
    if len(name) > longest:
        what = f"has {len(name)} characters; on {sized.pool.operating_system.value.capitalize()} {longest} are allowed"
    else:
        what = "is not made of lowercase letters and digits beginning with a letter"
    yield problem("pool-name", f"The name of the node pool {name} {what}.", f"{cluster.name}/{name}", "name")


def _auto_provisioned(cluster: ClusterDemand, sized: SizedPool) -> Iterator[PlanProblem]:
    label, subject = network(cluster.model).label, f"{cluster.name}/{sized.pool.name}"
    refused = facts.get("auto_provisioning_models_refused").words
    if cluster.model.value in refused:
        message = f"Node auto-provisioning is not supported with {label}."
        yield problem("auto-provisioning-not-supported", message, subject, "auto_provisioned")
    elif cluster.model.value not in facts.get("auto_provisioning_models").words:
        message = f"Whether {label} can be used with node auto-provisioning is not stated."
        yield problem("auto-provisioning-not-stated", message, subject, "auto_provisioned")
    if cluster.policy_engine in facts.get("auto_provisioning_engines_refused").words:
        message = f"Node auto-provisioning is not supported with {engine(cluster.policy_engine).label}."
        yield problem("auto-provisioning-not-supported", message, subject, "policy_engine")


def _gateway(cluster: ClusterDemand, sized: SizedPool) -> Iterator[PlanProblem]:
    subject = f"{cluster.name}/{sized.pool.name}"
    if cluster.model.value in facts.get("egress_gateway_models_refused").words:
        message = f"A gateway node pool is not supported with {network(cluster.model).label}."
        yield problem("egress-gateway-not-supported", message, subject, "mode")
    if sized.pool.operating_system is OperatingSystem.WINDOWS:
        message = f"The gateway node pool {sized.pool.name} has Windows nodes."
        yield problem("egress-gateway-not-supported", message, subject, "os")
    if cluster.dual_stack:
        message = f"The cluster {cluster.name} is dual-stack and has the gateway node pool {sized.pool.name}."
        yield problem("egress-gateway-not-supported", message, subject, "dual_stack")
    if sized.maximum > sized.now:
        message = f"The gateway node pool {sized.pool.name} is to scale from {sized.now} to {sized.maximum} nodes."
        yield problem("egress-gateway-not-supported", message, subject, "nodes_max")
    prefix = sized.pool.egress_prefix
    if prefix is not None and sized.maximum > egress_gateway_nodes(prefix):
        most = egress_gateway_nodes(prefix)
        message = f"{sized.maximum} gateway nodes are more than the {most} addresses of a public IP prefix /{prefix}."
        yield problem("egress-gateway-too-large", message, subject, "egress_prefix")


def _expansion(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    old, new = cluster.pod_cidr_now, pod_cidr(cluster)
    if old is None or new is None or old == new:
        return
    reasons = []
    if cluster.model.value not in facts.get("pod_cidr_expand_models").words:
        reasons.append(f"{network(cluster.model).label} can't change it")
    if not isinstance(old, IPv4Network) or not isinstance(new, IPv4Network):
        reasons.append("IPv6 can't be expanded")
    elif not old.subnet_of(new):
        reasons.append("the new range does not hold the old one")
    if any(pool.operating_system is OperatingSystem.WINDOWS for pool in cluster.pools):
        reasons.append("the cluster has Windows nodes")
    if reasons:
        message = f"The pod CIDR can't be changed from {old} to {new}: {'; '.join(reasons)}."
        yield problem("pod-cidr-expansion", message, cluster.name, "pod_cidr_now")


def check_service_subnets(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...]) -> Iterator[PlanProblem]:
    """The subnets of other services: their sizes, and the names that some of them demand."""
    for extra in demand.extra_subnets:
        if not extra.service:
            continue
        known = service_subnet(extra.service)
        prefix = extra.cidr.prefixlen if extra.cidr is not None else extra.prefix
        if known.longest_prefix is not None and prefix > known.longest_prefix:
            code = "service-subnet-size" if known.problem_class == "refused" else "service-subnet-recommended"
            message = f"The subnet {extra.name} /{prefix} for {known.label} is smaller than /{known.longest_prefix}."
            yield problem(code, message, extra.name, "extra_subnets", known.sources)
        if known.name and extra.name != known.name:
            message = f"The subnet {extra.name} for {known.label} is not called {known.name}."
            yield problem("service-subnet-name", message, extra.name, "extra_subnets", known.sources)
        yield from _service_of_all(demand, extra)
    for plan in subnets:
        if plan.delegation == service_subnet(API_SERVER).delegation and plan.ips_needed > plan.usable:
            message = (
                f"The subnet {plan.name} has {plan.usable} usable addresses, and {len(plan.clusters)} clusters "
                f"take {plan.ips_needed} for their API servers."
            )
            yield problem("api-server-subnet-full", message, plan.name, "extra_subnets")


def _service_of_all(demand: AddressPlanInput, extra: ExtraSubnet) -> Iterator[PlanProblem]:
    """A service that none of the plan's clusters can use; which of several it is for the plan does not say."""
    label = service_subnet(extra.service).label
    if extra.service in facts.get("kubenet_services_refused").words and all(
        cluster.model is NetworkModel.KUBENET for cluster in demand.clusters
    ):
        message = f"The subnet {extra.name} is for {label}, and every cluster has kubenet."
        yield problem("kubenet-service-subnet", message, extra.name, "extra_subnets")
    only = facts.get("agc_subnet_prefix_overlay").number
    prefix = extra.cidr.prefixlen if extra.cidr is not None else extra.prefix
    if extra.service == AGC and prefix < only and all(_is_overlay(cluster) for cluster in demand.clusters):
        message = (
            f"The subnet {extra.name} /{prefix} for {label} is larger than /{only}, and every cluster has Overlay."
        )
        yield problem("agc-subnet-overlay", message, extra.name, "extra_subnets")
    if extra.service in facts.get("dual_stack_services_refused").words and all(c.dual_stack for c in demand.clusters):
        message = f"The subnet {extra.name} is for {label}, and every cluster is dual-stack."
        yield problem("dual-stack-virtual-nodes", message, extra.name, "extra_subnets")


def _is_overlay(cluster: ClusterDemand) -> bool:
    return cluster.model in (NetworkModel.AZURE_CNI_OVERLAY, NetworkModel.AZURE_CNI_OVERLAY_CILIUM)
