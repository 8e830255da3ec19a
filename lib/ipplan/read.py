"""Reads a plan's demand from a file or from flags; nothing raises, what is wrong becomes a problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from lib.facts import reader as facts
from lib.facts.service_subnets import service_subnet, service_subnets
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, ConnectedNetwork, ExtraSubnet, Network, Subnet
from lib.ipplan.problems import PlanProblem, unreadable
from lib.ipplan.read_clusters import read_cluster, unique
from lib.ipplan.read_places import read_places
from lib.ipplan.read_values import Fields, shown

TEXT_LENGTH_MAX = 2_000_000
DEPTH_MAX = 20
CLUSTERS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class PlanReading:
    """What could be read. ``demand`` is None as soon as one value could not be: a plan of guesses helps nobody."""

    demand: AddressPlanInput | None
    problems: tuple[PlanProblem, ...]


def read_plan_text(text: str, today: date | None = None) -> PlanReading:
    """Read a plan file: YAML, of which JSON is a part. ``today`` is the day growth starts where the file names none."""
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
    return read_plan(data, today)


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


def read_plan(values: Mapping[Any, Any], today: date | None = None) -> PlanReading:
    """Read a plan from a mapping: ``clusters`` with ``pools``, or the fields of one cluster and one pool directly.

    The flags of the command line are such a mapping too: ``node_pool`` then holds texts such as
    ``name=apps,nodes=3,max-pods=30``.
    """
    problems: list[PlanProblem] = []
    fields = Fields(values, "", problems)
    vnet = _networks(fields, "vnet")
    connected = _connected(fields)
    kept = read_places(fields)
    start = fields.day("start") or today
    names = fields.name("vnet_name", ""), fields.text("resource_group")
    extra = tuple(
        found for place, item in fields.mappings("extra_subnets") if (found := _extra(Fields(item, place, problems)))
    )
    if fields.has("clusters"):
        entries = fields.mappings("clusters")
        if len(entries) > CLUSTERS_MAX:
            fields.add("clusters", f"The plan has {len(entries)} clusters.", f"At most {CLUSTERS_MAX} are planned.")
            entries = []
        clusters = tuple(
            read_cluster(Fields(item, place, problems), f"cluster{number}" if number else "cluster", start)
            for number, (place, item) in enumerate(entries)
        )
        fields.raw("clusters")
        fields.finish()
    else:
        clusters = (read_cluster(fields, "cluster", start),)
    if not clusters and not problems:
        fields.add("clusters", "The plan has no cluster.", "Give at least one cluster.")
    unique(fields, "extra_subnets", [found.name for found in extra])
    unique(fields, "clusters", [cluster.name for cluster in clusters])
    _told_apart(fields, clusters, extra)
    if problems:
        return PlanReading(None, tuple(problems))
    return PlanReading(AddressPlanInput(clusters, vnet, extra, connected, kept, start, *names), ())


def _told_apart(fields: Fields, clusters: tuple[ClusterDemand, ...], extra: tuple[ExtraSubnet, ...]) -> None:
    """Report an extra subnet with the name of a cluster's: without a range only names tell subnets apart."""
    own: list[Subnet | None] = []
    for cluster in clusters:
        own += [cluster.node_subnet, cluster.pod_subnet]
        own += [subnet for pool in cluster.pools for subnet in (pool.node_subnet, pool.pod_subnet)]
    names = {subnet.name for subnet in own if subnet is not None and subnet.cidr is None}
    names |= {f"{cluster.name}-{role}" for cluster in clusters for role in ("nodes", "pods")}
    for found in extra:
        if found.name in names:
            message = f"The name {shown(found.name)} in {fields.place('extra_subnets')} is a cluster's subnet too."
            fields.add("extra_subnets", message, "Each subnet has a name of its own.")


def _extra(fields: Fields) -> ExtraSubnet | None:
    """A subnet of another service: ``service`` fills in what its sources state; else by ``prefix`` or ``cidr``."""
    cidr, ipv6 = fields.ipv4_network("cidr"), fields.ipv6_network("ipv6")
    longest, shortest = facts.get("subnet_ipv4_longest_prefix").number, facts.get("subnet_ipv4_shortest_prefix").number
    service = fields.word("service", tuple(found.id for found in service_subnets()))
    known = service_subnet(service) if service else None
    prefix = fields.optional_count("prefix", shortest)
    name = fields.name("name", known.name or known.id.replace("_", "-") if known is not None else "extra")
    delegation = fields.delegation("delegation") or (known.delegation if known is not None else "")
    if cidr is None and prefix is None and known is not None and not fields.has("prefix") and not fields.has("cidr"):
        prefix = known.prefix
    if cidr is None and prefix is None and not fields.has("prefix") and not fields.has("cidr"):
        fields.add("prefix", f"{fields.place('prefix')} is missing.", "Give the prefix length or the range.")
    if prefix is not None and prefix > longest:
        fields.add("prefix", f"{fields.place('prefix')} is {prefix}.", f"A subnet is at least /{longest}.")
    fields.finish()
    if cidr is None and prefix is None:
        return None
    return ExtraSubnet(name, cidr.prefixlen if cidr is not None else prefix or longest, cidr, delegation, service, ipv6)


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
    """Ranges, each with or without a name before it (``hq 10.100.0.0/16``), or mappings of ``name`` and ``cidr``."""
    value = fields.raw("connected")
    if isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)):
        texts = value.split(",") if isinstance(value, str) else value
        named: list[ConnectedNetwork] = []
        for text in texts:
            name, _, range_text = str(text).strip().rpartition(" ")
            cidr = fields.as_network("connected", range_text)
            if cidr is not None:
                named.append(ConnectedNetwork(name.strip(), cidr))
        return tuple(named)
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


def _failed(message: str, expected: str) -> PlanReading:
    return PlanReading(None, (unreadable(message, "", expected),))
