"""Reads a plan's demand from a file or from flags; nothing raises, what is wrong becomes a problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from lib.facts import reader as facts
from lib.facts.engines import engine_facts
from lib.ipplan.demand import (
    AddressPlanInput,
    ClusterDemand,
    ConnectedNetwork,
    ExtraSubnet,
    Network,
    NetworkModel,
    NodePool,
    OperatingSystem,
    OtherAddresses,
    PoolMode,
    Subnet,
    Surge,
)
from lib.ipplan.problems import PlanProblem, unreadable
from lib.ipplan.read_values import Fields, shown

TEXT_LENGTH_MAX = 2_000_000
DEPTH_MAX = 20
POOLS_MAX = 10_000
CLUSTERS_MAX = 1_000
_POOL_FIELDS = ("nodes", "nodes_max", "max_pods", "surge", "max_unavailable", "mode", "os", "replaced", "pods_expected")


@dataclass(frozen=True, slots=True)
class PlanReading:
    """What could be read. ``demand`` is None as soon as one value could not be: a plan of guesses helps nobody."""

    demand: AddressPlanInput | None
    problems: tuple[PlanProblem, ...]


def read_plan_text(text: str) -> PlanReading:
    """Read a plan file: YAML, of which JSON is a part."""
    if len(text) > TEXT_LENGTH_MAX:
        return _failed(f"The plan file has more than {TEXT_LENGTH_MAX} characters.", "A plan file is a short text.")
    try:
        if refused := _refused(text):
            return refused
        data = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark is not None else ""
        return _failed(f"The plan file is not valid YAML or JSON{place}.", "Correct the syntax.")
    except (ValueError, RecursionError):
        return _failed("The plan file holds a value that YAML can't read.", "Put texts in quotes.")
    if not isinstance(data, Mapping):
        found = "empty" if data is None else f"{shown(data)}, not a mapping of fields"
        return _failed(f"The plan file is {found}.", "A plan file is a mapping with the field clusters.")
    return read_plan(data)


def _refused(text: str) -> PlanReading | None:
    """What must not be handed to the loader: it would overflow the stack by recursion in C, or drop a value unsaid."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            return _failed("The plan file uses YAML aliases.", "Write every value out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            return _failed(
                f"The plan file has more than {DEPTH_MAX} lists and mappings inside each other.", "A plan file is flat."
            )
    again = next(_keys_again(yaml.compose(text, yaml.CSafeLoader)), None)
    if again is None:
        return None
    place = f" at line {again.start_mark.line + 1}" if again.start_mark is not None else ""
    return _failed(f"The plan file has the field {shown(again.value)} twice{place}.", "Keep one of the two.")


def _keys_again(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The keys that their mapping already has: YAML's loader would keep the last value and say nothing."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _keys_again(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys_again(item)


def read_plan(values: Mapping[Any, Any]) -> PlanReading:
    """Read a plan from a mapping: ``clusters`` with ``pools``, or the fields of one cluster and one pool directly.

    The flags of the command line are such a mapping too: ``node_pool`` then holds texts such as
    ``name=apps,nodes=3,max-pods=30``.
    """
    problems: list[PlanProblem] = []
    fields = Fields(values, "", problems)
    vnet = _networks(fields, "vnet")
    connected = _connected(fields)
    extra = tuple(
        found for place, item in fields.mappings("extra_subnets") if (found := _extra(Fields(item, place, problems)))
    )
    if fields.has("clusters"):
        entries = fields.mappings("clusters")
        if len(entries) > CLUSTERS_MAX:
            fields.add("clusters", f"The plan has {len(entries)} clusters.", f"At most {CLUSTERS_MAX} are planned.")
            entries = []
        clusters = tuple(
            _cluster(Fields(item, place, problems), f"cluster{number}" if number else "cluster")
            for number, (place, item) in enumerate(entries)
        )
        fields.raw("clusters")
        fields.finish()
    else:
        clusters = (_cluster(fields, "cluster"),)
    if not clusters and not problems:
        fields.add("clusters", "The plan has no cluster.", "Give at least one cluster.")
    _unique(fields, "clusters", [cluster.name for cluster in clusters])
    if problems:
        return PlanReading(None, tuple(problems))
    return PlanReading(AddressPlanInput(clusters, vnet, extra, connected), ())


def _cluster(fields: Fields, default_name: str) -> ClusterDemand:
    pools = _pools(fields)
    cluster = ClusterDemand(
        name=fields.name("name", default_name),
        model=fields.choice("model", NetworkModel, NetworkModel.AZURE_CNI_OVERLAY),
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
        ),
        dual_stack=fields.flag("dual_stack"),
        policy_engine=fields.word("policy_engine", tuple(found.id for found in engine_facts())),
        services=fields.optional_count("services"),
    )
    fields.finish()
    return cluster


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
    _unique(fields, "pools", [pool.name for pool in pools])
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
    )
    if alone:
        fields.finish()
    return pool


def _subnet(fields: Fields, name: str) -> Subnet | None:
    """A subnet as a range, as a name, or as a mapping of ``name``, ``cidr`` and ``delegation``."""
    value = fields.raw(name)
    if value is None:
        return None
    if isinstance(value, Mapping):
        inner = Fields(value, fields.place(name), fields.problems)
        subnet = Subnet(inner.name("name", name), inner.network("cidr"), inner.text("delegation"))
        inner.finish()
        return subnet
    if isinstance(value, str) and "/" in value:
        cidr = fields.as_network(name, value)
        return Subnet(value.strip(), cidr) if cidr is not None else None
    return Subnet(fields.name(name, name))


def _extra(fields: Fields) -> ExtraSubnet | None:
    cidr = fields.ipv4_network("cidr")
    longest, shortest = facts.get("subnet_ipv4_longest_prefix").number, facts.get("subnet_ipv4_shortest_prefix").number
    prefix = fields.optional_count("prefix", shortest)
    name = fields.name("name", "extra")
    delegation = fields.text("delegation")
    if cidr is None and prefix is None and not fields.has("prefix") and not fields.has("cidr"):
        fields.add("prefix", f"{fields.place('prefix')} is missing.", "Give the prefix length or the range.")
    if prefix is not None and prefix > longest:
        fields.add("prefix", f"{fields.place('prefix')} is {prefix}.", f"A subnet is at least /{longest}.")
    fields.finish()
    if cidr is None and prefix is None:
        return None
    return ExtraSubnet(name, cidr.prefixlen if cidr is not None else prefix or longest, cidr, delegation)


def _networks(fields: Fields, name: str) -> tuple[Network, ...]:
    value = fields.raw(name)
    if value is None:
        return ()
    texts: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    if isinstance(value, str):
        texts = value.split(",")
    found = tuple(fields.as_network(name, text) for text in texts)
    return tuple(network for network in found if network is not None)


def _connected(fields: Fields) -> tuple[ConnectedNetwork, ...]:
    value = fields.raw("connected")
    if isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)):
        return tuple(ConnectedNetwork("", network) for network in _networks(fields, "connected"))
    found: list[ConnectedNetwork] = []
    for place, item in fields.mappings("connected"):
        inner = Fields(item, place, fields.problems)
        cidr = inner.network("cidr")
        name = inner.text("name")
        if not inner.has("cidr"):
            inner.add("cidr", f"{inner.place('cidr')} is missing.", "Give the range of the connected network.")
        inner.finish()
        if cidr is not None:
            found.append(ConnectedNetwork(name, cidr))
    return tuple(found)


def _unique(fields: Fields, name: str, names: list[str]) -> None:
    twice = sorted({item for item in names if names.count(item) > 1}) if len(set(names)) < len(names) else []
    for item in twice:
        fields.add(name, f"The name {shown(item)} is used twice in {fields.place(name)}.", "Each name stands once.")


def _failed(message: str, expected: str) -> PlanReading:
    return PlanReading(None, (unreadable(message, "", expected),))
