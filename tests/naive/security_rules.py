"""Whether Services let a packet in through the nodes' security group, one Service after the other, from raw objects.

Written from what each annotation is documented to do; it knows no rules, names, hashes or priorities.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

Raw = dict[str, Any]
PREFIX = "service.beta.kubernetes.io/"
PROBE = "168.63.129.16"


def allowed(services: list[Raw], nodes: list[str], vnet: str, packet: tuple[str, str, int, str]) -> bool | None:
    """Whether a packet (source, destination, port, protocol), as it meets a node, gets through the group.

    ``nodes`` are their addresses, ``vnet`` is the whole of the virtual network. None for a health probe of a closed
    destination: no source says what becomes of it.
    """
    source, destination, port, protocol = packet
    closed = False
    for service in services:
        notes = {k.removeprefix(PREFIX): v for k, v in service["metadata"].get("annotations", {}).items()}
        if truth(notes, "azure-disable-load-balancer-nsg-rule") or contradicts(service, notes):
            continue
        if destination not in destinations(service, notes, nodes):
            continue
        if opens(service, notes, port, protocol) and lets_in(service, notes, source, destination, vnet):
            return True
        closed = closed or closes(service, notes)
    if closed:
        return None if source == PROBE else False
    if inside(source, vnet) and inside(destination, vnet):
        return True
    return source == PROBE


def truth(notes: dict[str, str], name: str) -> bool:
    return notes.get(name, "").lower() == "true"


def inside(address: str, vnet: str) -> bool:
    return address == PROBE or ip_address(address) in ip_network(vnet)


def lists(service: Raw, notes: dict[str, str]) -> tuple[list[str], list[str]]:
    """The ranges of the spec, and those of the annotation."""
    annotated = notes["azure-allowed-ip-ranges"].split(",") if "azure-allowed-ip-ranges" in notes else []
    return service["spec"].get("loadBalancerSourceRanges", []), annotated


def valid(text: str) -> bool:
    if "/" not in text:
        return False
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def contradicts(service: Raw, notes: dict[str, str]) -> bool:
    """Whether the provider gives up on the Service: two lists of ranges, or SCTP on a public load balancer."""
    spec, annotated = lists(service, notes)
    sctp = any(port["protocol"] == "SCTP" for port in service["spec"]["ports"])
    if sctp and not truth(notes, "azure-load-balancer-internal"):
        return True
    return any(map(valid, spec)) and any(map(valid, annotated))


def destinations(service: Raw, notes: dict[str, str], nodes: list[str]) -> list[str]:
    frontends = [entry["ip"] for entry in service["status"]["loadBalancer"]["ingress"]]
    return nodes if truth(notes, "azure-disable-load-balancer-floating-ip") else frontends


def opens(service: Raw, notes: dict[str, str], port: int, protocol: str) -> bool:
    key = "nodePort" if truth(notes, "azure-disable-load-balancer-floating-ip") else "port"
    # There is no rule for SCTP alone: its ports are open for every protocol.
    return any(p[key] == port and p["protocol"] in (protocol, "SCTP") for p in service["spec"]["ports"])


def lets_in(service: Raw, notes: dict[str, str], source: str, destination: str, vnet: str) -> bool:
    spec, annotated = lists(service, notes)
    ranges = [*spec, *annotated]
    if any(ip_address(source) in ip_network(text) for text in ranges if valid(text)):
        return True
    tags = notes["azure-allowed-service-tags"].split(",") if "azure-allowed-service-tags" in notes else []
    if not ranges and not tags and not truth(notes, "azure-load-balancer-internal"):
        tags = ["Internet"]
    for tag in tags:
        if tag == "Internet" and not inside(source, vnet):
            return True
        if tag == "VirtualNetwork" and inside(source, vnet):
            return True
        if tag == "AzureLoadBalancer" and source == PROBE:
            return True
    return False


def closes(service: Raw, notes: dict[str, str]) -> bool:
    spec, annotated = lists(service, notes)
    ranges = [*spec, *annotated]
    if any(not valid(text) for text in ranges):
        return True
    return bool(ranges) and truth(notes, "azure-deny-all-except-load-balancer-source-ranges")
