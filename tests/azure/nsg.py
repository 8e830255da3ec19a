"""The worked examples, and short constructors for Services with load balancers."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml

from lib.facts.service_annotations import prefix
from lib.model.cluster import Node, NodeAddress
from lib.model.services import LoadBalancerIngress, Service, ServicePort, ServiceType
from lib.model.sets import Family, Protocol
from lib.model.snapshot import Snapshot
from tests.routing.make import COMPLETE, ref, src


@cache
def worked_examples() -> dict[str, Any]:
    """The data file with Azure's default rules and what the provider's own tests expect."""
    return yaml.safe_load((Path(__file__).parent / "nsg_cases.yaml").read_text("utf-8"))


def provider_examples() -> dict[str, Any]:
    return worked_examples()["cloud_provider_rules"]


def load_balancer(
    name: str,
    *ports: ServicePort,
    frontends: tuple[str, ...] = (),
    ranges: tuple[str, ...] = (),
    notes: dict[str, str] | None = None,
    namespace: str = "shop",
    **more: Any,
) -> Service:
    """A Service of type LoadBalancer; ``notes`` are annotations without the prefix."""
    more.setdefault("ip_families", (Family.IPV4,))
    return Service(
        ref("Service", name, namespace),
        src(),
        ServiceType.LOAD_BALANCER,
        None,
        ports or (ServicePort(80, 80),),
        annotations={prefix() + key: value for key, value in (notes or {}).items()},
        load_balancer_ingress=tuple(LoadBalancerIngress(ip=a) for a in frontends),
        load_balancer_source_ranges_written=ranges,
        **more,
    )


def node(name: str, *addresses: str, labels: dict[str, str] | None = None) -> Node:
    return Node(name, src(), labels or {}, addresses=tuple(NodeAddress("InternalIP", a) for a in addresses))


def cluster(*services: Service, nodes: tuple[Node, ...] = (), complete: bool = True) -> Snapshot:
    return Snapshot(services=services, nodes=nodes, coverage=COMPLETE if complete else {})


def example_service(case: dict[str, Any]) -> Service:
    """The Service of a worked example, with the fixture's ports and frontends."""
    fixture = provider_examples()["fixture"]
    ports = tuple(
        ServicePort(p["port"], p["port"], Protocol(p["protocol"]), p["name"], p["nodePort"]) for p in fixture["ports"]
    )
    given = dict(case["service"])
    ranges = given.pop("spec.loadBalancerSourceRanges", ())
    if ranges == "any":
        # The example is about any two lists.
        ranges, given["azure-allowed-ip-ranges"] = ["10.0.0.0/8"], "10.0.0.0/8"
    if given.pop("internal", False):
        given["azure-load-balancer-internal"] = "true"
    return load_balancer(
        "example",
        *ports,
        frontends=(*fixture["lb_ipv4"], *fixture["lb_ipv6"]),
        ranges=tuple(ranges),
        notes=given,
        ip_families=(Family.IPV4, Family.IPV6),
    )


def example_nodes() -> tuple[Node, ...]:
    fixture = provider_examples()["fixture"]
    pairs = zip(fixture["node_ipv4"], fixture["node_ipv6"], strict=True)
    return tuple(node(f"node-{i}", *pair) for i, pair in enumerate(pairs))


def address(text: str) -> Any:
    return ip_address(text)
