"""Reads a plan's demand from a file or from flags; nothing raises, what is wrong becomes a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from lib.facts import reader as facts
from lib.facts.service_subnets import service_subnet, service_subnets
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, ConnectedNetwork, ExtraSubnet, Network, Subnet
from lib.ipplan.plan_file import PlanText, PlanTextFault, parse_plan_text
from lib.ipplan.plan_lines import with_lines
from lib.ipplan.problems import PlanProblem, unreadable
from lib.ipplan.read_clusters import POOLS_MAX, read_cluster, unique
from lib.ipplan.read_places import read_places
from lib.ipplan.read_values import Fields, shown

CLUSTERS_MAX = 200
SPACES_MAX = 50
# Of everything else that a plan lists: every one is compared with every other, and a mistake must not take minutes.
ENTRIES_MAX = 500


@dataclass(frozen=True, slots=True)
class PlanReading:
    """What could be read. ``demand`` is None as soon as one value could not be: a plan of guesses helps nobody.

    ``text`` is the file that it was read from, None for flags and forms.
    """

    demand: AddressPlanInput | None
    problems: tuple[PlanProblem, ...]
    text: PlanText | None = field(default=None, compare=False)


def read_plan_text(text: str, today: date | None = None) -> PlanReading:
    """Read a plan file: YAML, of which JSON is a part. ``today`` is the day growth starts where the file names none."""
    try:
        parsed = parse_plan_text(text)
    except PlanTextFault as fault:
        return PlanReading(None, (replace(unreadable(fault.message, "", fault.remedy), line=fault.line),))
    if not isinstance(parsed.data, Mapping):
        found = "empty" if parsed.data is None else f"{shown(parsed.data)}, not a mapping of fields"
        return _failed(f"The plan file is {found}.", "A plan file is a mapping with the field clusters.")
    reading = read_plan(parsed.data, today)
    return PlanReading(reading.demand, with_lines(reading.problems, parsed), parsed)


def read_plan(values: Mapping[Any, Any], today: date | None = None) -> PlanReading:
    """Read a plan from a mapping: ``clusters`` with ``pools``, or the fields of one cluster and one pool directly.

    The flags of the command line are such a mapping too: ``node_pool`` then holds texts such as
    ``name=apps,nodes=3,max-pods=30``.
    """
    problems: list[PlanProblem] = []
    fields = Fields(values, "", problems)
    _bound(fields)
    if problems:
        return PlanReading(None, tuple(problems))
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
        clusters = tuple(
            read_cluster(Fields(item, place, problems), f"cluster{number}" if number else "cluster", start)
            for number, (place, item) in enumerate(entries)
        )
        fields.raw("clusters")
        fields.finish()
    elif "clusters" in values:
        fields.add("clusters", "The field clusters is empty.", "Give at least one cluster.")
        return PlanReading(None, tuple(problems))
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


def _bound(fields: Fields) -> None:
    """Report what there is too much of, before any of it is read."""
    for name, most in (("vnet", SPACES_MAX), *((name, ENTRIES_MAX) for name in ("connected", "keep", "extra_subnets"))):
        value = fields.raw(name)
        count = value.count(",") + 1 if isinstance(value, str) else len(value) if isinstance(value, Sized) else 0
        if count > most:
            fields.add(name, f"{fields.place(name)} has {count} entries.", f"At most {most} are planned.")
    clusters = fields.raw("clusters")
    if not isinstance(clusters, list | tuple):
        return
    if len(clusters) > CLUSTERS_MAX:
        fields.add("clusters", f"The plan has {len(clusters)} clusters.", f"At most {CLUSTERS_MAX} are planned.")
    lists = (cluster.get("pools") for cluster in clusters if isinstance(cluster, Mapping))
    pools = sum(len(found) for found in lists if isinstance(found, list | tuple))
    if pools > POOLS_MAX:
        fields.add("clusters", f"The plan has {pools} node pools.", f"At most {POOLS_MAX} are planned.")


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
