"""The questions of rows about what Azure makes of the objects: doors, frontends, rules, probes, records, limits."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from lib.azure.dns_records import DnsRecord, ZoneKind
from lib.azure.frontends import Frontend
from lib.azure.limits import Usage
from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.probe_access import ProbeAccess
from lib.azure.security_group import ProviderGroup
from lib.azure.security_group_match import INTERNET_TAG, VIRTUAL_NETWORK, Place
from lib.azure.security_group_question import Question
from lib.azure.security_group_subnet import PortThrough, Through
from lib.azure.view import AzureView
from lib.facts.nsg import provider_rules
from lib.model.refs import ObjectRef
from lib.model.security_rules import ANY, Access, RuleDirection, SecurityRule
from lib.model.sets import FIRST_PORT, LAST_PORT, ConnectionSet, PortSet, Protocol, parse_address
from lib.model.snapshot import Snapshot
from lib.routing.entry_points import EntryKind, EntryPoint
from lib.routing.reach import Scope, address_or_none, is_public
from lib.trace.questions.egress import of_way_out
from lib.trace.questions.ends import NOWHERE, THE_INTERNET, THE_NETWORK, Ends, suffix, written
from lib.trace.questions.flows import with_port
from lib.trace.questions.objects import Cluster, of_node, of_object, of_service

_ON_NODES: Final = (EntryKind.NODE_PORT, EntryKind.HOST_PORT, EntryKind.HOST_NETWORK)
_PLACES: Final = {INTERNET_TAG: THE_INTERNET, VIRTUAL_NETWORK: THE_NETWORK, ANY: THE_NETWORK}


def of_door(door: EntryPoint, cluster: Cluster) -> Ends:
    """Through a door by its own address; where the input has none, as its object is reached."""
    snapshot = cluster.snapshot
    src = THE_INTERNET if door.reach.scope is Scope.INTERNET else THE_NETWORK
    if door.kind is EntryKind.LOAD_BALANCER and door.service is not None:
        return src, f"svc/{door.service.qualified_name}:{door.port}{suffix(door.protocol)}"
    if door.kind is EntryKind.NODE_PUBLIC_IP:
        node = next((n for n in snapshot.nodes if n.ref == door.subject), None)
        return of_node(node, snapshot) if node is not None else NOWHERE
    known = next((a for a in door.addresses if address_or_none(a) is not None), "")
    if not known and door.kind in _ON_NODES:
        names = {pod.node_name for ref in door.workloads for pod in snapshot.workload_by_ref[ref].endpoints}
        nodes = (n for n in snapshot.nodes if door.kind is EntryKind.NODE_PORT or n.ref.name in names)
        known = next((a for node in nodes for a in node.addresses_of("InternalIP")), "")
    if known:
        # A pod on its node's network that declares no port may take any.
        return src, written(known, door.port, door.protocol) if door.port else with_port(known, ConnectionSet.all())
    return of_object(door.subject, cluster)


def of_rules(found: ServiceLoadBalancer) -> list[Ends]:
    """One for each load balancing rule; one in all where the Service has no rule."""
    src = THE_NETWORK if found.internal else THE_INTERNET
    name, ports = found.ref.qualified_name, found.service.ports
    if not found.rules:
        return [(src, f"svc/{name}:{ports[0].port}{suffix(ports[0].protocol.value)}") if ports else NOWHERE]
    ways = []
    for rule in found.rules:
        fits = (p for p in ports if rule.frontend_port in (0, p.port) and rule.name.find(f"-{p.protocol.value}-") > 0)
        port = next(fits, None)
        ways.append(NOWHERE if port is None else (src, f"svc/{name}:{port.port}{suffix(port.protocol.value)}"))
    return ways


def of_frontend(found: ServiceLoadBalancer, frontend: Frontend) -> Ends:
    """To a Service's first port at one of its frontends; by its name where the address is not known."""
    src, dst = of_rules(found)[0]
    port = next(iter(found.service.ports), None)
    # An address that the Service asks for and does not have yet is nobody's so far.
    if port is None or frontend.address not in [entry.ip for entry in found.service.load_balancer_ingress]:
        return src, dst
    return src, written(frontend.address, port.port, port.protocol.value)


def of_probe(at: ProbeAccess) -> Ends:
    """To the first port whose load balancing rule hangs on a health probe: the trace has the probe as a hop."""
    balancer = at.balancer
    using = zip(balancer.rules, of_rules(balancer), strict=False)
    return next((ends for rule, ends in using if (rule.family, rule.probe) == (at.family, at.probe.name)), NOWHERE)


def of_usage(usage: Usage, view: AzureView) -> Ends:
    """To the first Service that counts towards a limit."""
    counted = [s for s in view.services if usage.of in (s.load_balancer, *(f"frontend {r.frontend}" for r in s.rules))]
    first = next(iter(counted or view.services), None)
    return of_rules(first)[0] if first is not None else NOWHERE


def of_security_rule(rule: SecurityRule, provider: ProviderGroup, snapshot: Snapshot) -> Ends:
    """A packet that a rule is about: from somebody whom it names to its first destination and port."""
    if rule.direction is RuleDirection.OUTBOUND:
        return _outbound(rule, snapshot)
    if rule.is_default:
        return _default(rule, provider, snapshot)
    nodes = {address for node in snapshot.nodes for address in node.addresses_of("InternalIP")}
    src = _sender(next(iter(rule.sources), ""))
    # A node's address with a node port is what is left of a packet behind the load balancer; nobody sends that.
    behind = nodes if rule.services or src == THE_INTERNET else ()
    dst = next((d for d in rule.destinations if address_or_none(d) is not None and d not in behind), "")
    if not dst or not src:
        src_of, dst_of = _of_writer(rule, provider, snapshot)
        return (src or src_of, dst_of) if dst_of else NOWHERE
    if src == THE_INTERNET and INTERNET_TAG not in rule.sources and not is_public(parse_address(dst)):
        src = THE_NETWORK
    to = with_port(dst, _ports(rule))
    return (src, to) if to else NOWHERE


def _of_writer(rule: SecurityRule, provider: ProviderGroup, snapshot: Snapshot) -> Ends:
    """To a Service that wrote the rule, through a port that the rule is about."""
    for access in provider.accesses:
        if access.service.ref in rule.services:
            src, dst = of_service(access.service, snapshot)
            protocol, name = _protocol(rule), access.service.ref.qualified_name
            for port in access.service.ports:
                number = port.port if access.floating_ip else port.node_port
                if port.protocol is protocol and str(number) in rule.ports:
                    return src, f"svc/{name}:{port.port}{suffix(port.protocol.value)}"
            return src, dst
    return NOWHERE


def _protocol(rule: SecurityRule) -> Protocol | None:
    """The protocol of a packet that a rule is about; None for one that no trace is about."""
    # The provider has one word for each of Kubernetes' protocols: of SCTP it writes rules for any.
    meant = {word: Protocol(name) for name, word in provider_rules().protocols}
    if rule.protocol == ANY and (not rule.services or ANY in rule.ports):
        return Protocol.TCP
    return meant.get(rule.protocol)


def _ports(rule: SecurityRule) -> ConnectionSet:
    protocol = _protocol(rule)
    if protocol is None:
        return ConnectionSet.from_ports({})
    parts = (text.partition("-") for text in rule.ports if text != ANY)
    named = PortSet.from_intervals((int(first), int(last or first)) for first, _, last in parts if first.isdigit())
    if not named and rule.protocol == ANY:
        return ConnectionSet.all()
    return ConnectionSet.from_ports({protocol: named or PortSet.from_intervals([(FIRST_PORT, LAST_PORT)])})


def _default(rule: SecurityRule, provider: ProviderGroup, snapshot: Snapshot) -> Ends:
    """What falls to a rule that every group has: whom no Service's rule names."""
    if rule.access is Access.DENY:
        closed = (a.service for a in provider.accesses if INTERNET_TAG not in a.tags and (a.ipv4_ranges or a.deny_all))
        found = (of_service(service, snapshot) for service in closed)
        return next((ends for ends in found if ends[0] == THE_INTERNET), NOWHERE)
    if VIRTUAL_NETWORK in rule.sources:
        ends = next((of_node(n, snapshot) for n in snapshot.nodes if n.addresses_of("InternalIP")), NOWHERE)
        return (THE_NETWORK, ends[1]) if ends != NOWHERE else NOWHERE
    # The probes' own: a trace to a Service has its probe as a hop.
    return next((of_service(access.service, snapshot) for access in provider.accesses), NOWHERE)


def _outbound(rule: SecurityRule, snapshot: Snapshot) -> Ends:
    dst = next((d.partition("/")[0] for d in rule.destinations), "")
    way_out = of_way_out(snapshot)
    if address_or_none(dst) is not None:
        return (way_out[0], with_port(dst, _ports(rule))) if way_out != NOWHERE else NOWHERE
    return way_out if dst in (INTERNET_TAG, ANY) and rule.access is Access.ALLOW else NOWHERE


def of_sender(at: PortThrough) -> Ends:
    """From somebody whom a Service admits to its port: whom the row names as the example, where not all fare alike."""
    source = at.example.sent.source if at.example is not None and at.through is not Through.ALL else None
    src = _sender(at.senders) if source is None or isinstance(source, Place) else str(source)
    frontend = address_or_none(at.frontend)
    if src == THE_INTERNET and at.senders != INTERNET_TAG and frontend is not None and not is_public(frontend):
        src = THE_NETWORK
    return src, f"svc/{at.service.qualified_name}:{at.port.port}{suffix(at.port.protocol.value)}"


def of_packet(asked: Question, snapshot: Snapshot) -> Ends:
    """The packet that security groups were asked about; of a probe, one to the Service, on whose way the probe is."""
    source, protocol = asked.source, asked.protocol.value
    src = str(source)
    if isinstance(source, Place):
        src = THE_NETWORK if source is Place.VIRTUAL_NETWORK else THE_INTERNET
    if not isinstance(asked.destination, ObjectRef):
        return (src, written(str(asked.destination), asked.port, protocol)) if source is not Place.PROBE else NOWHERE
    service = snapshot.service_by_ref.get(asked.destination)
    if source is Place.PROBE:
        return of_service(service, snapshot) if service is not None else NOWHERE
    return src, f"svc/{asked.destination.qualified_name}:{asked.port}{suffix(protocol)}"


def of_record(record: DnsRecord) -> Ends:
    """To the host, as a browser does that is answered from the record's zone; nobody asks for a wildcard."""
    host = record.host.replace("*", "any", 1) if record.host.startswith("*.") else record.host
    inside = record.zone is not None and record.zone.kind is ZoneKind.PRIVATE
    return THE_NETWORK if inside else THE_INTERNET, f"https://{host}/"


def _sender(text: str) -> str:
    if text in _PLACES:
        return _PLACES[text]
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return ""
    return str(network.network_address) if network.prefixlen else THE_INTERNET
