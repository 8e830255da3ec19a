"""Services of type LoadBalancer, and what the sources say of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lib.azure.load_balancer import ServiceLoadBalancer, load_balancer_of
from lib.azure.provider_settings import ProviderSettings
from lib.azure.view import AzureView, azure_view
from lib.facts.service_annotations import prefix
from lib.model.services import Service, ServicePort, TrafficPolicy
from lib.model.sets import Family
from lib.model.snapshot import Snapshot
from tests.routing.make import service, sport

UID = "01234567-89ab-cdef-0123-456789abcdef"
BASE = "a0123456789abcdef0123456789abcde"
DUAL = (Family.IPV4, Family.IPV6)


@cache
def said() -> dict[str, Any]:
    """What the sources say, as gathered."""
    path = Path(__file__).with_name("load_balancer_facts.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def balanced(*ports: ServicePort, values: dict[str, str] | None = None, name: str = "web", **more: Any) -> Service:
    """A Service with a uid; ``values`` are annotations by their names without the prefix."""
    written = {prefix() + key: value for key, value in (values or {}).items()}
    more = {"uid": UID, **more}
    return service(name, None, *(ports or (http(),)), type="LoadBalancer", annotations=written, **more)


def local(*ports: ServicePort, health: int = 32000, **more: Any) -> Service:
    """One with externalTrafficPolicy Local."""
    policy = TrafficPolicy.LOCAL
    return balanced(*ports, external_traffic_policy=policy, health_check_node_port=health, **more)


def http(number: int = 80, node_port: int = 30080, **more: Any) -> ServicePort:
    return sport(number, node_port=node_port, **more)


def made(found: Service, **settings: Any) -> ServiceLoadBalancer:
    return load_balancer_of(found, ProviderSettings(**settings))


def view_of(*services: Service, **settings: Any) -> AzureView:
    return azure_view(Snapshot(services=services), ProviderSettings(**settings) if settings else None)
