"""What a Service means on a node, and what a change of it does to its load balancer: facts that fit the Service."""

from __future__ import annotations

from typing import Final

from lib.azure.annotations import Annotations
from lib.azure.balanced import families_of, is_azure_load_balancer
from lib.azure.data_plane import CILIUM, KUBE_PROXY, DataPlane
from lib.azure.frontends import pin_of
from lib.facts.service_traffic import NodeRule, UpdateEffect, node_rules, update_effects
from lib.model.services import Service, ServiceType, SessionAffinity, TrafficPolicy

# The second one is what the first was called before Kubernetes 1.27.
_TOPOLOGY: Final = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")


def node_rules_of(service: Service, data_plane: DataPlane) -> tuple[tuple[NodeRule, str], ...]:
    """What holds for a Service on a node, each with its sentence; nothing for an alias."""
    conditions = _conditions(service, data_plane)
    words = {
        "timeout_s": service.session_affinity_timeout_s,
        "node_ports": ", ".join(str(port.node_port) for port in service.ports if port.node_port),
        "distribution": service.traffic_distribution,
        "health_port": service.health_check_node_port,
    }
    return tuple((rule, rule.text.format_map(words)) for rule in node_rules() if rule.when in conditions)


def _conditions(service: Service, data_plane: DataPlane) -> set[str]:
    if service.type is ServiceType.EXTERNAL_NAME:
        return set()
    if service.headless:
        return {"headless"}
    outside = service.type in (ServiceType.NODE_PORT, ServiceType.LOAD_BALANCER) or bool(service.external_ips)
    ranges = bool(service.load_balancer_source_ranges)
    local_outside = service.external_traffic_policy is TrafficPolicy.LOCAL
    found = {
        "cluster-ip",
        "internal-local" if service.internal_traffic_policy is TrafficPolicy.LOCAL else "internal-cluster",
    }
    sticky = service.session_affinity is SessionAffinity.CLIENT_IP
    for condition, holds in (
        ("affinity", sticky),
        ("affinity-cilium", sticky and data_plane.name != KUBE_PROXY),
        ("random", not sticky and data_plane.name != CILIUM),
        ("random-cilium", not sticky and data_plane.name != KUBE_PROXY),
        ("node-port", any(port.node_port for port in service.ports)),
        ("external-local", outside and local_outside),
        ("external-cluster", outside and not local_outside),
        ("source-ranges", ranges and data_plane.name != CILIUM),
        ("source-ranges-cilium", ranges and data_plane.name != KUBE_PROXY),
        # Hints are not used beside internalTrafficPolicy Local.
        ("zone-hints", _asks_for_hints(service) and "internal-cluster" in found),
        ("health-check", outside and local_outside and bool(service.health_check_node_port)),
        ("same-zone", service.traffic_distribution in ("PreferClose", "PreferSameZone")),
        ("same-node", service.traffic_distribution == "PreferSameNode"),
        ("cilium", data_plane.name == CILIUM),
    ):
        if holds:
            found.add(condition)
    return found


def _asks_for_hints(service: Service) -> bool:
    written = next((service.annotations[key] for key in _TOPOLOGY if key in service.annotations), "")
    return written.lower() == "auto"


def update_effects_of(service: Service) -> tuple[UpdateEffect, ...]:
    """What changes of a LoadBalancer Service do to its load balancer; nothing for other Services."""
    if not is_azure_load_balancer(service):
        return ()
    annotations, families = Annotations(service), families_of(service)
    conditions = {"any", "internal" if annotations.internal else "public"}
    if not annotations.internal:
        pins = [pin_of(annotations, family, families) for family in families]
        named = any(pin is not None and "pip-prefix" not in pin.key for pin in pins)
        conditions.add("named-public-ip" if named else "own-public-ip")
    return tuple(effect for effect in update_effects() if effect.when in conditions)
