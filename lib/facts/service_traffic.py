"""What becomes of a Service's traffic on the nodes, and what an update does to its load balancer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lib.facts.files import read_mapping

_FILE = "service_traffic.yaml"


@dataclass(frozen=True, slots=True)
class WithoutNodePorts:
    """Whether a load balancer works without node ports; ``shared_probe`` is None where it makes no difference."""

    external_traffic_policy: str
    floating_ip: bool
    shared_probe: bool | None
    works: bool
    source: str


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """Whose address a pod sees: ``client``, ``node`` or ``remote node``; ``backend`` says where the pod runs."""

    external_traffic_policy: str
    data_plane: str
    backend: str
    seen: str
    source: str


@dataclass(frozen=True, slots=True)
class NodeRule:
    """What a Service means on a node; ``text`` may hold placeholders, ``when`` names the condition."""

    id: str
    when: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class OutsideSourceRanges:
    """What one data plane does with a sender outside the list; ``drops`` is None where the sources do not settle it."""

    data_plane: str
    drops: bool | None
    words: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpdateEffect:
    """What a change of a Service does to its load balancer; ``when`` names the Services that it is about."""

    id: str
    when: str
    change: str
    effect: str
    source: str


@cache
def without_node_ports() -> tuple[WithoutNodePorts, ...]:
    """With which settings a load balancer works whose Service has no node ports."""
    return tuple(
        WithoutNodePorts(
            row["external_traffic_policy"], row["floating_ip"], row.get("shared_probe"), row["works"], row["source"]
        )
        for row in read_mapping(_FILE)["without_node_ports"]
    )


@cache
def client_addresses() -> tuple[ClientAddress, ...]:
    """Every combination that the sources tell of."""
    return tuple(ClientAddress(**row) for row in read_mapping(_FILE)["client_address"])


@cache
def outside_source_ranges(in_cluster: bool) -> tuple[OutsideSourceRanges, ...]:
    """What each data plane does with senders whom ``spec.loadBalancerSourceRanges`` does not hold."""
    sender = "cluster" if in_cluster else "outside"
    return tuple(
        OutsideSourceRanges(row["data_plane"], row["drops"], row["words"], tuple(row["sources"]))
        for row in read_mapping(_FILE)["outside_source_ranges"]
        if row["sender"] == sender
    )


@cache
def needs_local_for_ipv6() -> tuple[tuple[str, str], ...]:
    """Labels of nodes on which IPv6 load balancers need the Local policy: the key, and what its value begins with."""
    return tuple((row["key"], row["begins"]) for row in read_mapping(_FILE)["needs_local_for_ipv6"]["node_labels"])


@cache
def node_rules() -> tuple[NodeRule, ...]:
    """Everything that a Service may mean on a node, in the order of telling."""
    return tuple(NodeRule(**row) for row in read_mapping(_FILE)["on_a_node"])


@cache
def update_effects() -> tuple[UpdateEffect, ...]:
    """What changes of a Service do, in the order of telling."""
    return tuple(UpdateEffect(**row) for row in read_mapping(_FILE)["on_update"])
