"""Kubernetes' label selectors and address blocks, as their types say."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network

from tests.naive.flow import Raw


def selects(selector: Raw, labels: dict[str, str]) -> bool:
    """Whether a raw label selector matches: matchLabels and matchExpressions are ANDed, empty matches everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, present = expression["key"], expression["key"] in labels
        match expression["operator"]:
            case "In":
                holds = present and labels[key] in expression["values"]
            case "NotIn":
                holds = not present or labels[key] not in expression["values"]
            case "Exists":
                holds = present
            case "DoesNotExist":
                holds = not present
            case other:
                raise AssertionError(other)
        if not holds:
            return False
    return True


@lru_cache(10_000)
def inside(block: str, address: str) -> bool:
    """Whether an address is in a block of its family."""
    network, ip = ip_network(block, strict=False), ip_address(address)
    return network.version == ip.version and ip in network


def in_block(block: Raw, address: str) -> bool:
    """Whether an address is in a block with exceptions."""
    return inside(block["cidr"], address) and not any(inside(e, address) for e in block.get("except") or [])
