"""From what az prints to the demand of a plan: clusters, their networks, and what the JSON leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lib.facts.service_subnets import service_subnets
from lib.ipplan.allocation import API_SERVER
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, ExtraSubnet, Subnet
from lib.ipplan.existing.clusters import FoundCluster, FoundPool, owner_of, read_cluster, read_pool
from lib.ipplan.existing.documents import read_json
from lib.ipplan.existing.networks import (
    FoundNetworks,
    FoundSubnet,
    SubnetId,
    other_addresses,
    read_network,
    read_subnet,
)
from lib.ipplan.existing.values import Json, Notes, Unknown
from lib.ipplan.problems import PlanProblem

_KINDS = "the output of az aks show, az aks nodepool list, az network vnet show or az network vnet subnet list"


@dataclass(frozen=True, slots=True)
class ExistingReading:
    """What could be read. ``demand`` is None as soon as something that a plan needs is missing or wrong.

    ``unknown`` names what the JSON does not say, with its path; the plan says what it took in its place.
    """

    demand: AddressPlanInput | None
    problems: tuple[PlanProblem, ...]
    unknown: tuple[Unknown, ...]


def read_existing(texts: Iterable[tuple[str, str]]) -> ExistingReading:
    """Read JSON texts, each with the name of where it is from; nothing raises."""
    notes = Notes()
    networks = FoundNetworks()
    pools: dict[str, list[FoundPool]] = {}
    cluster_objects: list[Json] = []
    for source, text in texts:
        for found in read_json(text, source, notes):
            _sort(found, networks, pools, cluster_objects)
    clusters = []
    for item in cluster_objects:
        cluster = read_cluster(item, pools.pop((item.text("name") or "").lower(), []))
        if cluster is not None:
            clusters.append(cluster)
    for name, listed in pools.items():
        if not listed:
            continue
        expected = "Give the output of az aks show for it too: it says which network model the pools have."
        notes.add_wrong(
            listed[0].path, f"is a node pool of the cluster {name}, which is not there. {expected}", expected
        )
    if not notes.wrong and not clusters:
        notes.add_wrong("The input", f"holds no cluster. Give {_KINDS}.", f"Give {_KINDS}.")
    demand = _demand(clusters, networks, notes) if not notes.wrong else None
    return ExistingReading(demand if not notes.wrong else None, tuple(notes.wrong), tuple(notes.unknown))


def _sort(found: Json, networks: FoundNetworks, pools: dict[str, list[FoundPool]], clusters: list[Json]) -> None:
    """Tell what an object is by what only its kind has."""
    owner = owner_of(found)
    if owner is not None:
        pool = read_pool(found)
        listed = pools.setdefault(owner, [])
        if pool is not None and pool.pool.name in [other.pool.name for other in listed]:
            found.wrong("name", "The input holds this node pool twice.")
        elif pool is not None:
            listed.append(pool)
    elif found.has("networkProfile") or found.has("agentPoolProfiles"):
        clusters.append(found)
    elif found.has("addressSpace"):
        read_network(found, networks)
    elif found.has("addressPrefix") or found.has("addressPrefixes"):
        read_subnet(found, networks)
    else:
        found.notes.add_wrong(found.path, f"is none of what is read: {_KINDS}.", f"Give {_KINDS}.")


def _demand(clusters: list[FoundCluster], networks: FoundNetworks, notes: Notes) -> AddressPlanInput | None:
    named = _unique(clusters)
    pools = [pool for cluster in clusters for pool in cluster.pools]
    used = [id_ for pool in pools for id_ in pool.subnets]
    homes = dict.fromkeys((id_.group, id_.vnet) for id_ in used) or dict.fromkeys(networks.spaces)
    if len(homes) > 1:
        names = ", ".join(vnet for _, vnet in homes)
        expected = "Check the clusters of one virtual network at a time."
        notes.add_wrong("The input", f"speaks of several virtual networks: {names}. {expected}", expected)
        return None
    home = next(iter(homes), None)
    spaces = networks.spaces.get(home, ()) if home is not None else ()
    if not spaces:
        message = "holds no virtual network of the clusters, so overlaps with it are not checked: az network vnet show."
        notes.add_unknown("The input", message)
    if any(pool.node_subnet is None for pool in pools):
        message = "is null for some pools: AKS made their network, so their subnet is sized here as if it were new."
        notes.add_unknown("agentPoolProfiles[].vnetSubnetId", message)
    for id_ in dict.fromkeys(id_.key for id_ in used if id_.key not in networks.subnets):
        message = f"holds no prefix of the subnet {id_[2]}, which is sized as if it were new: az network vnet show."
        notes.add_unknown("The input", message)
    demands = tuple(_with_subnets(demand, cluster, networks) for cluster, demand in named)
    demands = tuple(_with_others(demands, named, networks, notes))
    taken = {id_.key for id_ in used}
    api_servers = {cluster.api_server.key for cluster in clusters if cluster.api_server is not None}
    for key in sorted(api_servers - set(networks.subnets)):
        message = f"holds no prefix of the API server's subnet {key[2]}, which is sized as if it were new."
        notes.add_unknown("The input", message)
    extra = tuple(
        _extra(subnet, key in api_servers)
        for key, subnet in networks.subnets.items()
        if key not in taken and (home is None or key[:2] == home)
    )
    connected = tuple(networks.peers.get(home, ())) if home is not None else ()
    name = networks.names.get(home, "") if home is not None else ""
    group = home[0] if home is not None else ""
    return AddressPlanInput(demands, spaces, extra, connected, vnet_name=name, resource_group=group)


def _extra(subnet: FoundSubnet, is_api_servers: bool) -> ExtraSubnet:
    """A subnet that is no cluster's own; those with a name that Azure demands are held to what their service wants."""
    named = (known.id for known in service_subnets() if known.name and known.name == subnet.id.name)
    service = API_SERVER if is_api_servers else next(named, "")
    return ExtraSubnet(subnet.id.name, subnet.cidr.prefixlen, subnet.cidr, subnet.delegation, service, subnet.ipv6)


def _unique(clusters: list[FoundCluster]) -> list[tuple[FoundCluster, ClusterDemand]]:
    """Each cluster with a name of its own: several resource groups may hold one of the same name."""
    seen: dict[str, int] = {}
    found = []
    for cluster in clusters:
        count = seen[cluster.demand.name] = seen.get(cluster.demand.name, 0) + 1
        name = cluster.demand.name if count == 1 else f"{cluster.demand.name}-{count}"
        found.append((cluster, replace(cluster.demand, name=name)))
    return found


def _with_subnets(demand: ClusterDemand, cluster: FoundCluster, networks: FoundNetworks) -> ClusterDemand:
    pools = tuple(
        replace(
            pool.pool, node_subnet=_subnet(pool.node_subnet, networks), pod_subnet=_subnet(pool.pod_subnet, networks)
        )
        for pool in cluster.pools
    )
    return replace(demand, pools=pools)


def _subnet(id_: SubnetId | None, networks: FoundNetworks) -> Subnet | None:
    if id_ is None:
        return None
    found = networks.subnets.get(id_.key)
    return Subnet(found.id.name, found.cidr, found.delegation, found.ipv6) if found is not None else Subnet(id_.name)


def _with_others(
    demands: tuple[ClusterDemand, ...],
    named: list[tuple[FoundCluster, ClusterDemand]],
    networks: FoundNetworks,
    notes: Notes,
) -> Iterator[ClusterDemand]:
    """The clusters with what else has addresses in their subnets, counted with the first that begins in it.

    A plan counts other addresses in the subnet of a cluster's first pool. What is elsewhere can't be counted, and is
    told.
    """
    counted: set[tuple[str, str, str]] = set()
    groups = frozenset(cluster.node_group for cluster, _ in named if cluster.node_group)
    for demand, (cluster, _) in zip(demands, named, strict=True):
        first = cluster.pools[0].node_subnet
        found = networks.subnets.get(first.key) if first is not None else None
        if found is None or found.id.key in counted:
            yield demand
            continue
        counted.add(found.id.key)
        if found.uses is None:
            message = "is missing: load balancers and endpoints in the subnet are not counted."
            notes.add_unknown(f"{found.path}.ipConfigurations", message)
        yield replace(demand, other=other_addresses(found, groups))
    ids = dict.fromkeys(id_.key for cluster, _ in named for pool in cluster.pools for id_ in pool.subnets)
    for key in ids:
        left = networks.subnets.get(key)
        if left is not None and key not in counted and (count := other_addresses(left, groups).total):
            message = f"holds {count} addresses that are not of nodes or pods; they are not counted."
            notes.add_unknown(f"{left.path}.ipConfigurations", message)
