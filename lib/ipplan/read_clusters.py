"""Reads one cluster of a plan and its node pools; what is wrong becomes a problem."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from lib.facts import reader as facts
from lib.facts.engines import engine_facts
from lib.facts.networks import network
from lib.facts.outbound import outbound_types
from lib.ipplan.demand import (
    ClusterDemand,
    Growth,
    NetworkModel,
    NodePool,
    OperatingSystem,
    OtherAddresses,
    Outbound,
    PoolMode,
    Subnet,
    Surge,
)
from lib.ipplan.growth import months_between
from lib.ipplan.read_values import Fields, shown

POOLS_MAX = 10_000
_POOL_FIELDS = (
    "nodes", "nodes_max", "max_pods", "surge", "max_unavailable", "mode", "os", "replaced", "pods_expected", "zones",
    "auto_provisioned", "egress_prefix",
)  # fmt: skip


def read_cluster(fields: Fields, default_name: str, start: date | None) -> ClusterDemand:
    pools = _pools(fields)
    model = fields.choice("model", NetworkModel, NetworkModel.AZURE_CNI_OVERLAY)
    growth, until = _growth(fields, pools, start)
    cluster = ClusterDemand(
        name=fields.name("name", default_name),
        model=model,
        pools=pools,
        service_cidr=fields.network("service_cidr"),
        service_cidr_ipv6=fields.ipv6_network("service_cidr_ipv6"),
        dns_service_ip=fields.address("dns_service_ip"),
        pod_cidr=fields.network("pod_cidr"),
        pod_cidr_ipv6=fields.ipv6_network("pod_cidr_ipv6"),
        node_subnet=_subnet(fields, "node_subnet"),
        pod_subnet=_subnet(fields, "pod_subnet"),
        other=OtherAddresses(
            internal_load_balancers=fields.count("internal_load_balancers", 0),
            private_link_services=fields.count("private_link_services", 0),
            private_endpoints=fields.count("private_endpoints", 0),
            other=fields.count("other_addresses", 0),
            private_link_ips=fields.count("private_link_ips", 1, 1, facts.get("private_link_service_ips_max").number),
        ),
        dual_stack=fields.flag("dual_stack"),
        policy_engine=fields.word("policy_engine", tuple(found.id for found in engine_facts())),
        services=fields.optional_count("services"),
        load_balancer_ports=fields.count("load_balancer_ports", 0),
        pod_cidr_now=fields.network("pod_cidr_now"),
        pods_ceiling=_pods_ceiling(fields, model),
        api_server_vnet_integration=fields.flag("api_server_vnet_integration"),
        growth=growth,
        growth_until=until,
        outbound=_outbound(fields),
    )
    fields.finish()
    return cluster


def _outbound(fields: Fields) -> Outbound:
    """The way out; addresses or ports without a type stand for the default one."""
    types = {found.id.lower(): found.id for found in outbound_types()}
    word = fields.word("outbound_type", tuple(types))
    ips = fields.optional_count("outbound_ips", 1)
    ports = fields.optional_count("outbound_ports_per_node")
    default = next((found.id for found in outbound_types() if found.is_default), "")
    given = ips is not None or ports is not None
    return Outbound(types.get(word, default if given else ""), ips or 1, ports or 0)


def _pods_ceiling(fields: Fields, model: NetworkModel) -> int | None:
    """Which of the figures that sources state for the pods of a cluster counts."""
    found = fields.optional_count("pods_ceiling")
    fact = facts.find("pods_per_cluster", model)
    stated = [fact.value, *(claim.value for claim in fact.conflict)] if fact is not None else []
    if found is None or found in stated:
        return found
    label = network(model).label
    expected = f"For {label} sources state {' or '.join(map(str, stated)) or 'none'}."
    fields.add("pods_ceiling", f"{fields.place('pods_ceiling')} is {found}. {expected}", expected)
    return None


def _growth(fields: Fields, pools: tuple[NodePool, ...], start: date | None) -> tuple[Growth | None, date | None]:
    """The growth as given, or the one that leads from the nodes of now to their maxima at the target date."""
    growth, until = fields.growth("growth_per_month"), fields.day("target_date")
    if until is None:
        return growth, None
    place = fields.place("target_date")
    if growth is not None:
        fields.add("target_date", f"{place} stands beside a growth per month.", "Give one of the two.")
    elif start is None:
        fields.add("target_date", f"{place} needs the field start.", "Give the day that growth is counted from.")
    elif (months := months_between(start, until)) < 1:
        message = f"{place} {until} is not in a later month than the start {start}."
        fields.add("target_date", message, "Give a later month.")
    else:
        more = sum(max(0, (pool.nodes_max or 0) - pool.nodes) for pool in pools)
        if not more:
            message = f"{place} says by when the nodes grow, and no pool has a nodes_max to grow to."
            fields.add("target_date", message, "Give nodes_max of the pools.")
        return Growth(Fraction(more, months)), until
    return None, until


def _pools(fields: Fields) -> tuple[NodePool, ...]:
    single = [name for name in _POOL_FIELDS if fields.has(name)]
    entries = _pool_texts(fields) if fields.has("node_pool") else fields.mappings("pools")
    if (fields.has("pools") or fields.has("node_pool")) and single:
        message = f"{fields.place(single[0])} stands beside a list of pools."
        fields.add(single[0], message, "Put it into the pool it belongs to.")
    if len(entries) > POOLS_MAX:
        fields.add("pools", f"The cluster has {len(entries)} pools.", f"At most {POOLS_MAX} are planned.")
        return ()
    if fields.has("pools") or fields.has("node_pool"):
        for name in _POOL_FIELDS:
            fields.raw(name)
        pools = tuple(
            _pool(Fields(item, place, fields.problems), f"pool{number}" if number else "pool", alone=True)
            for number, (place, item) in enumerate(entries)
        )
        if not pools and not fields.problems:
            fields.add("pools", f"{fields.place('pools')} is empty.", "Give at least one pool.")
    else:
        fields.raw("pools")
        fields.raw("node_pool")
        pools = (_pool(fields, "pool", alone=False),)
    unique(fields, "pools", [pool.name for pool in pools])
    return pools


def _pool_texts(fields: Fields) -> list[tuple[str, Mapping[Any, Any]]]:
    value = fields.raw("node_pool")
    fields.raw("pools")
    found: list[tuple[str, Mapping[Any, Any]]] = []
    for index, text in enumerate(value if isinstance(value, list | tuple) else [value]):
        place = f"{fields.place('node_pool')}[{index}]"
        parts = [part.partition("=") for part in text.split(",")] if isinstance(text, str) else []
        if not parts or any(not equals or not key.strip() for key, equals, _ in parts):
            expected = "A node pool is written as name=apps,nodes=3,max-pods=30."
            fields.add(f"node_pool[{index}]", f"{place} is {shown(text)}. {expected}", expected)
        else:
            found.append((place, {key.strip(): item.strip() for key, _, item in parts}))
    return found


def _pool(fields: Fields, default_name: str, *, alone: bool) -> NodePool:
    """One pool; ``alone`` is False where its fields stand among the cluster's."""
    nodes = fields.count("nodes", 1)
    nodes_max = fields.optional_count("nodes_max")
    if nodes_max is not None and nodes_max < nodes:
        message = f"{fields.place('nodes_max')} is {nodes_max}, less than the {nodes} nodes of now."
        fields.add("nodes_max", message, "The maximum is at least the present number of nodes.")
    pool = NodePool(
        name=fields.name("name", default_name) if alone else default_name,
        nodes=nodes,
        nodes_max=nodes_max,
        max_pods=fields.optional_count("max_pods"),
        surge=fields.optional_share("surge"),
        max_unavailable=fields.optional_share("max_unavailable") or Surge(0),
        mode=fields.choice("mode", PoolMode, PoolMode.SYSTEM),
        operating_system=fields.choice("os", OperatingSystem, OperatingSystem.LINUX),
        replaced=fields.flag("replaced"),
        pods_expected=fields.optional_count("pods_expected"),
        node_subnet=_subnet(fields, "node_subnet") if alone else None,
        pod_subnet=_subnet(fields, "pod_subnet") if alone else None,
        zones=fields.zones("zones"),
        auto_provisioned=fields.flag("auto_provisioned"),
        egress_prefix=fields.optional_count(
            "egress_prefix",
            facts.get("egress_gateway_prefix_shortest").number,
            facts.get("egress_gateway_prefix_longest").number,
        ),
    )
    if alone:
        fields.finish()
    return pool


def _subnet(fields: Fields, name: str) -> Subnet | None:
    """A subnet as a range, as a name, as both (``pods 10.20.16.0/20``), or as a mapping of its fields.

    An IPv6 prefix may stand after the IPv4 one, and what the subnet is delegated to at the end.
    """
    value = fields.raw(name)
    if value is None:
        return None
    if isinstance(value, str) and 1 < len(parts := value.split()) <= 4:
        value = _subnet_parts(parts)
    if isinstance(value, Mapping):
        inner = Fields(value, fields.place(name), fields.problems)
        cidr, ipv6 = inner.network("cidr"), inner.ipv6_network("ipv6")
        if ipv6 is not None and cidr is None and not inner.has("cidr"):
            inner.add("ipv6", f"{inner.place('ipv6')} stands without cidr.", "Give the IPv4 range of the subnet too.")
        own_name = inner.name("name", name if cidr is None else str(cidr)) if inner.has("name") or cidr is None else ""
        subnet = Subnet(own_name or str(cidr), cidr, inner.delegation("delegation"), ipv6)
        inner.finish()
        return subnet
    if isinstance(value, str) and "/" in value:
        cidr = fields.as_network(name, value)
        return Subnet(str(cidr), cidr) if cidr is not None else None
    return Subnet(fields.name(name, name))


def _subnet_parts(parts: list[str]) -> dict[str, str]:
    """The words of a subnet by their fields; the name may be missing where a range comes first."""
    names = ["cidr", "delegation"] if "/" in parts[0] else ["name", "cidr", "delegation"]
    at = names.index("cidr") + 1
    if len(parts) > at and ":" in parts[at]:
        names.insert(at, "ipv6")
    found = dict(zip(names, parts, strict=False))
    if len(parts) > len(names):
        found[" ".join(parts[len(names) :])] = ""
    return found


def unique(fields: Fields, name: str, names: list[str]) -> None:
    """Report every name that stands more than once under ``name``."""
    twice = sorted({item for item in names if names.count(item) > 1}) if len(set(names)) < len(names) else []
    for item in twice:
        fields.add(name, f"The name {shown(item)} is used twice in {fields.place(name)}.", "Each name stands once.")
