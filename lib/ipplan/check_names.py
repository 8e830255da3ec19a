"""Checks of names: which of them Azure takes."""

from __future__ import annotations

from collections.abc import Iterator

from lib.facts import reader as facts
from lib.facts.name_rules import name_rule
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, NetworkModel
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.subnets import SubnetPlan

_OVERLAY = (NetworkModel.AZURE_CNI_OVERLAY, NetworkModel.AZURE_CNI_OVERLAY_CILIUM)
Named = tuple[str, str, str]  # the kind of resource, its name, the field that says it


def check_names(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...]) -> Iterator[PlanProblem]:
    """The names of clusters, subnets, virtual network and resource group; what has no name yet is not checked."""
    of_network: list[Named] = [
        ("virtual_network", demand.vnet_name, "vnet_name"),
        ("resource_group", demand.resource_group, "resource_group"),
    ]
    # A subnet that is called by its range gets a name when it is exported.
    of_subnets: list[Named] = [
        ("subnet", plan.name, "subnet") for plan in subnets if plan.cidr is None or plan.name != str(plan.cidr)
    ]
    of_clusters: list[Named] = [("cluster", cluster.name, "name") for cluster in demand.clusters]
    for named in (*of_network, *of_subnets, *of_clusters):
        yield from _taken(named)
    overlay = [cluster for cluster in demand.clusters if cluster.model in _OVERLAY]
    own = {name for cluster in overlay for name in _subnets_of(cluster, subnets)}
    for kind, name, field in (*of_network, *(item for item in of_subnets if item[1] in own)):
        if overlay:
            yield from _short_enough(overlay[0], kind, name, field)


def _taken(named: Named) -> Iterator[PlanProblem]:
    kind, name, field = named
    rule = name_rule(kind)
    if not name or rule.takes(name):
        return
    if rule.shortest <= len(name) <= rule.longest:
        what = f"is not made of {rule.words}"
    else:
        what = f"has {len(name)} characters, and {rule.shortest} to {rule.longest} are taken"
    yield problem("name-not-taken", f"The name of the {rule.label} {name} {what}.", name, field)


def _short_enough(cluster: ClusterDemand, kind: str, name: str, field: str) -> Iterator[PlanProblem]:
    most = facts.get("byo_subnet_name_length", cluster.model).number
    if len(name) > most:
        label = name_rule(kind).label
        message = f"The name of the {label} {name} has {len(name)} characters, more than {most}."
        yield problem("subnet-name-length", message, name, field)


def _subnets_of(cluster: ClusterDemand, subnets: tuple[SubnetPlan, ...]) -> Iterator[str]:
    return (plan.name for plan in subnets if cluster.name in plan.clusters)
