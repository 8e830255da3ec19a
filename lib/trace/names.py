"""Name resolution: whether policies let the sender ask DNS, and what the name leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from lib.facts.cluster_dns import cluster_dns, local_dns
from lib.facts.cluster_profile import local_dns_label
from lib.model.cluster import Pod, Workload
from lib.model.domain_names import NamePattern
from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.services import Service, ServiceType
from lib.model.sets import AddressSet, Protocol, parse_address
from lib.policy.points import End, points_of
from lib.trace.between import between_nodes_hop
from lib.trace.context import Context
from lib.trace.documented_dns import leaving_to_documented_dns
from lib.trace.ends import Start
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way, together
from lib.trace.policies import Asked, Flow, ask, deciders_of, source_of
from lib.trace.service import Target, targets_of

_NDOTS: Final = 5
_LISTED: Final = 4
_NODES_MAX: Final = 32


def name_hop(context: Context, start: Start, host: str) -> Hop:
    """Whether the sender can ask for ``host``: UDP and TCP 53 to the cluster's DNS, and LocalDNS where it runs."""
    pods = [end for end in start.ends if isinstance(end, Workload | Pod)]
    if elsewhere := _asks_elsewhere(start):
        change = "dnsPolicy ClusterFirst (on the node's network ClusterFirstWithHostNet) asks the cluster's DNS"
        asks = start.pods[0].source if start.pods else None
        return Hop(HopKind.NAME, HopVerdict.UNKNOWN, host, elsewhere, asks, change=change, premise=True)
    fact = cluster_dns()
    notes = _notes(context, host, pods[0].namespace)
    told = _runs_local_dns(context, pods[0])
    if context.given.local_dns or told:
        return _by_local_dns(context, pods[0], host, (*notes, told) if told else notes)
    servers = _servers(context)
    if not servers:
        return _without_server(context, pods[0], host, notes)
    asked = ask(context, (Flow(pods[0], e, p, n, _label(name, p)) for name, e, p, n in servers))
    ways = [_way(each) for each in asked]
    verdict = _verdict(ways)
    deciders = deciders_of(d for each in asked for d in each.answer.directions)
    view = context.service(ObjectRef(fact.namespace, fact.service, "Service"))
    source = view.service.source if view else source_of(servers[0][1])
    change = "" if verdict is HopVerdict.ALLOWED else _change(start.name, servers[0][0])
    fast = local_dns()
    listens = " or ".join((fast.address, *fast.other_addresses))
    local = f"Where nodes run {fast.label}, pods ask {listens} on their node instead: say so to judge it."
    notes = (*notes, local)
    reason = _reason(ways, verdict, "the cluster's DNS")
    found = Hop(HopKind.NAME, verdict, host, reason, source, deciders, tuple(ways), change, notes=notes)
    return _through_group(context, start, servers, found)


def _through_group(
    context: Context, start: Start, servers: Sequence[tuple[str, End, Protocol, int]], found: Hop
) -> Hop:
    """The hop with what a group of one's own on the subnet says to UDP between the nodes of both ends."""
    asked = [Target(name, (end,), port) for name, end, protocol, port in servers if protocol is Protocol.UDP]
    between = between_nodes_hop(context, start, start.ends, asked, Protocol.UDP)
    if between is None or between.verdict is HopVerdict.ALLOWED or found.verdict is not HopVerdict.ALLOWED:
        return found
    why = f"{between.subject}: {between.reason}"
    return replace(
        found, verdict=between.verdict, reason=why, deciders=between.deciders, ways=between.ways, change=between.change
    )


def _asks_elsewhere(start: Start) -> str:
    """Whom a sender asks that does not ask the cluster's DNS; "" where it does.

    core/v1, PodSpec.dnsPolicy: ClusterFirst counts like Default for pods on the node's network.
    """
    if not start.in_cluster:
        return f"a resolver outside the cluster, which {start.name} asks, knows the name (it is not in the input)"
    if not start.pods:
        return f"its node's resolver, which {start.name} asks, knows the name (it is not in the input)"
    for pod in start.pods:
        if pod.dns_policy == "None":
            return (
                f"the DNS servers of the dnsConfig of {pod.ref} (its dnsPolicy is None) know the name; it is not read"
            )
        if pod.dns_policy == "Default" or (pod.host_network and pod.dns_policy == "ClusterFirst"):
            said = "it is on its node's network" if pod.host_network else "its dnsPolicy is Default"
            return (
                f"the resolver of its node, which {pod.ref} asks since {said}, knows the name (it is not in the input)"
            )
    return ""


def listed_hop(context: Context, host: str, addresses: AddressSet) -> Hop:
    """Where a name outside leads: to ``addresses``, which the table of names has; without any it may be anywhere on
    the Internet, unless the table says that there is none."""
    found = context.snapshot.domain_names.resolve(NamePattern.exactly(host))
    places = tuple(Decider(entry.place, "says", "", ", ".join(map(str, entry.networks))) for entry in found.entries)
    if addresses:
        shown = [f"{a}-{b}" if a != b else str(a) for a, b in islice(addresses.ranges(), _LISTED + 1)]
        listed = ", ".join(shown[:_LISTED]) + (" and more" if len(shown) > _LISTED else "")
        why, change = f"the table of names says {listed}", "another entry in the table of names"
        return Hop(HopKind.RECORD, HopVerdict.ALLOWED, host, why, None, places, change=change, destination_after=listed)
    if not found.open:
        why = "the table of names says that it has no address"
        return Hop(
            HopKind.RECORD, HopVerdict.DENIED, host, why, None, places, change="its address in the table of names"
        )
    why = f"the addresses of {host} are of the Internet (the table of names has none)"
    change = "give its addresses in the table of names"
    return Hop(HopKind.RECORD, HopVerdict.UNKNOWN, host, why, change=change, premise=True)


def _by_local_dns(context: Context, sender: Workload | Pod, host: str, notes: tuple[str, ...]) -> Hop:
    ways = _local(context, sender)
    verdict = _verdict(ways)
    change = (
        "" if verdict is HopVerdict.ALLOWED else _change(str(sender.ref), f"{local_dns().address} and the own node")
    )
    reason = _reason(ways, verdict, local_dns().label)
    return Hop(HopKind.NAME, verdict, host, reason, None, (), tuple(ways), change, notes=notes)


def _label(name: str, protocol: Protocol) -> str:
    return f"{protocol.value} to {name}"


def _servers(context: Context) -> list[tuple[str, End, Protocol, int]]:
    """Where the cluster's DNS answers, by its Service, else by its documented labels, for UDP and TCP."""
    fact = cluster_dns()
    view = context.service(ObjectRef(fact.namespace, fact.service, "Service"))
    found: list[tuple[str, End, Protocol, int]] = []
    for protocol in (Protocol.UDP, Protocol.TCP):
        port = view.port(fact.port, protocol) if view else None
        if view is not None and port is not None:
            found += [(t.name, e, protocol, t.port) for t in targets_of(context, view, port) for e in t.ends]
    if found:
        return found
    for workload in context.snapshot.workloads_by_namespace.get(fact.namespace, ()):
        if workload.endpoints and all(p.labels.get(k) == v for p in workload.endpoints for k, v in fact.labels):
            found += [(str(workload.ref), workload, p, fact.port) for p in (Protocol.UDP, Protocol.TCP)]
    return found


def _without_server(context: Context, sender: Workload | Pod, host: str, notes: tuple[str, ...]) -> Hop:
    """The cluster's DNS is not in the input: only a sender that may send anywhere surely reaches it."""
    held = context.engine.governed(Direction.EGRESS)
    free = not any(held >> point.number & 1 for point in points_of(context.engine, sender))
    why = f"{cluster_dns().label} is not in the input"
    if free:
        why += "; no policy holds back what the sender sends"
        return Hop(HopKind.NAME, HopVerdict.ALLOWED, host, why, notes=notes)
    change = f"load the namespace {cluster_dns().namespace}"
    leaving = leaving_to_documented_dns(context, sender, Protocol.UDP)
    deciders = deciders_of([leaving])
    source = deciders[0].source if deciders else None
    if leaving.verdict == "denied":
        why += f"; a server with its documented labels could not be asked: {leaving.reason}"
        missing = _change(str(sender.ref), cluster_dns().label)
        return Hop(HopKind.NAME, HopVerdict.DENIED, host, why, source, deciders, change=missing, notes=notes)
    if leaving.verdict == "allowed":
        why = f"{cluster_dns().label}, which is not in the input, has its documented labels and lets the sender in"
        why += "; the sender's own policies let it ask"
        return Hop(HopKind.NAME, HopVerdict.UNKNOWN, host, why, source, deciders, (), change, premise=True, notes=notes)
    why += ", and policies let the sender out to some ends only"
    return Hop(HopKind.NAME, HopVerdict.UNKNOWN, host, why, change=change, notes=notes)


def _way(asked: Asked) -> Way:
    reasons = "; ".join(
        f"{d.direction.field}: {asked.open[n] or d.reason}"
        for n, d in enumerate(asked.answer.directions)
        if asked.on_side(n) is not HopVerdict.ALLOWED
    )
    return Way(asked.flow.label, asked.verdict, reasons or "both directions are permitted")


def _local(context: Context, sender: Workload | Pod) -> list[Way]:
    """LocalDNS answers on the sender's own node; rules may mean that node, or the addresses, and engines differ."""
    fact = local_dns()
    nodes = {n.name: n for n in context.snapshot.nodes}
    pods = (sender,) if isinstance(sender, Pod) else sender.endpoints
    own = {pod.node_name: nodes.get(pod.node_name) for pod in pods}
    addresses = (fact.address, *fact.other_addresses)
    found = []
    for protocol in (Protocol.UDP, Protocol.TCP):
        ends: list[End] = [*map(parse_address, addresses), *islice(filter(None, own.values()), _NODES_MAX)]
        asked = ask(context, (Flow(sender, end, protocol, fact.port) for end in ends))
        verdict = together(each.verdict for each in asked) if all(own.values()) else HopVerdict.UNKNOWN
        if verdict is HopVerdict.DEPENDS:
            verdict = HopVerdict.UNKNOWN
        said = "; ".join(f"as {each.flow.receiver}: {each.answer.directions[0].reason}" for each in asked)
        found.append(Way(f"{protocol.value} to {fact.label}, {' or '.join(addresses)}", verdict, said))
    return found


def _verdict(ways: list[Way]) -> HopVerdict:
    """UDP decides, since resolvers ask it first; TCP only takes answers that are too long."""
    over_udp = [way.verdict for way in ways if way.label.startswith(Protocol.UDP.value)]
    return together(over_udp)


def _reason(ways: list[Way], verdict: HopVerdict, server: str) -> str:
    over_tcp = together(way.verdict for way in ways if way.label.startswith(Protocol.TCP.value))
    if verdict is HopVerdict.ALLOWED and over_tcp is HopVerdict.ALLOWED:
        return f"it may ask {server} over UDP and TCP"
    if verdict is HopVerdict.ALLOWED:
        return f"it may ask {server} over UDP; over TCP, for long answers, {over_tcp.value}"
    return "; ".join(dict.fromkeys(f"{w.label}: {w.reason}" for w in ways if w.verdict is not HopVerdict.ALLOWED))


def _change(sender: str, server: str) -> str:
    return f"an egress rule for UDP 53 and TCP 53 to {server}, in a policy that selects {sender}"


def _runs_local_dns(context: Context, sender: Workload | Pod) -> str:
    """That the nodes of all of a sender's pods say that they run LocalDNS; "" where one does not."""
    nodes = {n.name: n for n in context.snapshot.nodes}
    pods = (sender,) if isinstance(sender, Pod) else sender.endpoints
    (key, value) = local_dns_label()
    named = {pod.node_name for pod in pods}
    if not named or any(name not in nodes or nodes[name].labels.get(key) != value for name in named):
        return ""
    return f"Node {min(named)} has the label {key}={value}."


def _notes(context: Context, host: str, namespace: str) -> tuple[str, ...]:
    dns = context.dns
    forwarding = dns.forwarding(host)
    sent: tuple[str, ...] = ()
    if forwarding is not None:
        servers = ", ".join("another place" if s == "other" else s for s in forwarding.servers)
        sent = (f"CoreDNS sends names of {forwarding.domain} on to {servers}: {forwarding.told}.",)
    if host.rstrip(".").count(".") >= _NDOTS or host.endswith("."):
        return sent
    domain = dns.domain_or_default
    search = f"{namespace}.svc.{domain}, svc.{domain} and {domain}"
    by = f" ({dns.told})" if dns.domain else ""
    return (f"With fewer than {_NDOTS} dots the name is first tried in the search domains {search}{by}.", *sent)


def service_record(service: Service, start: Start) -> Hop:
    """What DNS answers for a Service."""
    name = f"{service.name}.{service.namespace}.svc"
    source: Source = service.source
    if service.type is ServiceType.EXTERNAL_NAME:
        why = f"an alias: DNS answers with the name {service.external_name}"
        source = source.at("spec", "externalName")
        return Hop(HopKind.RECORD, HopVerdict.ALLOWED, name, why, source, destination_after=service.external_name)
    if service.headless:
        why = "headless: DNS answers with the addresses of its ready pods"
        return Hop(HopKind.RECORD, HopVerdict.ALLOWED, name, why, source, destination_after="a pod's own address")
    addresses = ", ".join(map(str, service.cluster_ips))
    why = f"DNS answers with its cluster IP {addresses or ', which the input does not hold'}"
    if start.ends and not start.pods:
        why += "; nodes know the name only where their resolver asks the cluster's DNS"
    return Hop(HopKind.RECORD, HopVerdict.ALLOWED, name, why, source, destination_after=addresses)
