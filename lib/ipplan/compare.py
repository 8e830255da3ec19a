"""The network models side by side for the same demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from lib.facts import reader as facts
from lib.facts.engines import EngineFacts, Known, engine
from lib.facts.networks import network
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, NetworkModel
from lib.ipplan.free_ranges import free_range, taken_around
from lib.ipplan.models import rules_of
from lib.ipplan.plan import plan
from lib.ipplan.pools import with_max_pods
from lib.ipplan.problems import PlanProblem, ProblemClass
from lib.ipplan.ranges import pod_cidr, service_cidr
from lib.ipplan.subnets import SubnetPlan


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One network model's answer to the demand.

    ``vnet_ips`` counts every address of the virtual network, those that Azure keeps included. The prefixes are the
    smallest that fit; None where the model has no such range or none is large enough. ``nodes_max`` and ``pods_max``
    are the model's ceilings for a cluster, None where none is stated. ``problems`` are those that no other service CIDR
    and no other pod CIDR would cure. ``from_vnet`` and ``from_premises`` say who can begin a
    connection between pods and there, ``agc`` whether Application Gateway for Containers works. ``policy_engines`` are
    names, with the last days of those that end.
    """

    model: NetworkModel
    label: str
    family: str
    is_current: bool
    vnet_ips: int
    node_subnet_prefix: int | None
    pod_subnet_prefix: int | None
    pod_cidr_prefix: int | None
    nodes_max: int
    pods_max: int | None
    pods_max_conflict: str
    pods_reachable_from_vnet: Known
    snat: str
    policy_engines: tuple[str, ...]
    windows: Known
    windows_text: str
    dual_stack: Known
    status: str
    status_text: str
    retires: date | None
    migrations: tuple[str, ...]
    from_vnet: str
    from_premises: str
    agc: str
    subnet_shared: bool
    problems: tuple[PlanProblem, ...]
    sources: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether AKS would take the demand with this model."""
        return all(found.problem_class is not ProblemClass.REFUSED for found in self.problems)


def compare_models(demand: ClusterDemand, whole: AddressPlanInput | None = None) -> tuple[ModelRow, ...]:
    """Every model for the same pools: max pods as the demand's own model has them, ranges left to the plan.

    ``whole`` is what the cluster is planned in, such as its virtual network; other clusters in it are left out.
    """
    surroundings = whole or AddressPlanInput((demand,))
    free = _with_free_ranges(with_max_pods(demand), surroundings)
    rows = []
    for model in NetworkModel:
        pod_cidr = None if rules_of(model).family_is_flat else free.pod_cidr
        alone = replace(free, model=model, pod_cidr=pod_cidr)
        rows.append(_row(alone, surroundings, is_current=model is demand.model))
    return tuple(rows)


def _with_free_ranges(demand: ClusterDemand, surroundings: AddressPlanInput) -> ClusterDemand:
    """The cluster with its subnets left to the plan, and with CIDRs that nothing touches, as large as those it has.

    The defaults of AKS overlap many a network, and what is wrong with a range says nothing of a network model.
    """
    pools = tuple(replace(pool, node_subnet=None, pod_subnet=None) for pool in demand.pools)
    free = replace(
        demand, pools=pools, node_subnet=None, pod_subnet=None, dns_service_ip=None, pod_cidr_now=None,
        service_cidr_ipv6=None, pod_cidr_ipv6=None,
    )  # fmt: skip
    taken = taken_around(surroundings, free)
    longer_than = facts.get("service_cidr_prefix_longer_than").number
    services = service_cidr(demand)
    prefix = services.prefixlen if services.version == 4 else facts.get("service_cidr_default").networks[0].prefixlen
    found = free_range(max(prefix, longer_than + 1), taken)
    pods = pod_cidr(demand) or facts.get("pod_cidr_default", NetworkModel.AZURE_CNI_OVERLAY).networks[0]
    for_pods = free_range(pods.prefixlen, (*taken, *((found,) if found else ()))) if pods.version == 4 else None
    return replace(free, service_cidr=found, pod_cidr=for_pods)


def _row(demand: ClusterDemand, surroundings: AddressPlanInput, *, is_current: bool) -> ModelRow:
    found = network(demand.model)
    pods = facts.find("pods_per_cluster", demand.model)
    answer = plan(replace(surroundings, clusters=(demand,)))
    cluster = answer.clusters[0]
    return ModelRow(
        model=demand.model,
        label=found.label,
        family=found.family,
        is_current=is_current,
        vnet_ips=answer.vnet_ips,
        node_subnet_prefix=_prefix(cluster.node_subnets),
        pod_subnet_prefix=_prefix(cluster.pod_subnets),
        pod_cidr_prefix=cluster.pod_cidr.smallest_prefix if cluster.pod_cidr is not None else None,
        nodes_max=facts.get("nodes_per_cluster", demand.model).number,
        pods_max=pods.number if pods is not None else None,
        pods_max_conflict=pods.conflict_text if pods is not None else "",
        pods_reachable_from_vnet=found.pods_reachable_from_vnet,
        snat=found.snat,
        policy_engines=tuple(_engine_text(engine(name)) for name in found.policy_engines),
        windows=found.windows,
        windows_text=found.windows_text,
        dual_stack=found.dual_stack,
        status=found.status,
        status_text=found.status_text,
        retires=found.retires,
        migrations=found.migrations,
        from_vnet=found.from_vnet,
        from_premises=found.from_premises,
        agc=found.application_gateway_for_containers,
        subnet_shared=found.subnet_shared_by_clusters,
        problems=tuple(p for p in answer.problems if p.code not in ("pod-cidr-too-small", "pod-cidr-missing")),
        sources=found.sources,
    )


def _prefix(subnets: tuple[SubnetPlan, ...]) -> int | None:
    return subnets[0].smallest_prefix if subnets else None


def _engine_text(found: EngineFacts) -> str:
    """The engine's name, with its last days where its support ends."""
    ends = " and ".join(f"{e.last_day:%-d %B %Y} on {e.operating_system.capitalize()}" for e in found.ends)
    return f"{found.label} (until {ends})" if ends else found.label
