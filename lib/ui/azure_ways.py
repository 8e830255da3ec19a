"""From where and to what the trace of a row goes, for rows about Services, security rules and records on Azure."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from lib.azure.dns_records import DnsRecord
from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.security_group_match import INTERNET_TAG
from lib.azure.security_group_subnet import PortThrough
from lib.model.security_rules import ANY, SecurityRule
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.routing.entry_points import EntryKind, EntryPoint
from lib.routing.reach import Scope, address_or_none

Way = tuple[str, str]
"""The two ends as a person writes them; no second one where there is nothing to trace."""
NOWHERE: Way = ("", "")
_ON_NODES: Final = (EntryKind.NODE_PORT, EntryKind.HOST_PORT, EntryKind.HOST_NETWORK)
_INTERNET, _NETWORK = "internet", "vnet"


def of_door(door: EntryPoint, snapshot: Snapshot) -> Way:
    """Through a door by its own address."""
    src = _INTERNET if door.reach.scope is Scope.INTERNET else _NETWORK
    if door.kind is EntryKind.LOAD_BALANCER and door.service is not None:
        return src, f"svc/{door.service.qualified_name}:{door.port}{_suffix(door.protocol)}"
    known = next((a for a in door.addresses if address_or_none(a) is not None), "")
    if not known and door.kind in _ON_NODES:
        names = {pod.node_name for ref in door.workloads for pod in snapshot.workload_by_ref[ref].endpoints}
        nodes = (n for n in snapshot.nodes if door.kind is EntryKind.NODE_PORT or n.ref.name in names)
        known = next((a for node in nodes for a in node.addresses_of("InternalIP")), "")
    return (src, _to(known, door.port, door.protocol)) if known and door.port else NOWHERE


def of_rules(found: ServiceLoadBalancer) -> list[Way]:
    """One for each load balancing rule; one in all where the Service has no rule."""
    src = _NETWORK if found.internal else _INTERNET
    name, ports = found.ref.qualified_name, found.service.ports
    if not found.rules:
        return [(src, f"svc/{name}:{ports[0].port}{_suffix(ports[0].protocol.value)}") if ports else NOWHERE]
    ways = []
    for rule in found.rules:
        fits = (p for p in ports if rule.frontend_port in (0, p.port) and rule.name.find(f"-{p.protocol.value}-") > 0)
        port = next(fits, None)
        ways.append(NOWHERE if port is None else (src, f"svc/{name}:{port.port}{_suffix(port.protocol.value)}"))
    return ways


def of_security_rule(rule: SecurityRule) -> Way:
    """From somebody whom a written rule names to its first destination and port."""
    port = next((text.partition("-")[0] for text in rule.ports if text != ANY), "")
    if rule.is_default or not rule.destinations or not port or address_or_none(rule.destinations[0]) is None:
        return NOWHERE
    suffix = "/UDP" if rule.protocol == "Udp" else ""
    return _sender(next(iter(rule.sources), "")), _to(rule.destinations[0], int(port), "") + suffix


def of_sender(at: PortThrough) -> Way:
    """From somebody whom a Service admits to its port."""
    return _sender(at.senders), f"svc/{at.service.qualified_name}:{at.port.port}{_suffix(at.port.protocol.value)}"


def of_record(record: DnsRecord) -> Way:
    """To the host, as a browser does; nobody asks for a wildcard."""
    host = record.host.replace("*", "any", 1) if record.host.startswith("*.") else record.host
    return _INTERNET, f"https://{host}/"


def _sender(text: str) -> str:
    if text == INTERNET_TAG:
        return _INTERNET
    try:
        return str(ip_network(text, strict=False).network_address)
    except ValueError:
        return _NETWORK if text in ("VirtualNetwork", ANY) else ""


def _to(address: str, port: int, protocol: str) -> str:
    return f"[{address}]:{port}{_suffix(protocol)}" if ":" in address else f"{address}:{port}{_suffix(protocol)}"


def _suffix(protocol: str) -> str:
    return "" if protocol in ("", Protocol.TCP.value) else f"/{protocol}"
