"""What Azure makes of the Services: load balancers, frontends, rules, probes and security rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lib.azure.client_address import seen_address
from lib.azure.data_plane import DataPlane
from lib.azure.limits import Usage
from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.private_link import PrivateLinkService
from lib.azure.probes import Probe
from lib.azure.rules import BY_SOURCE, LoadBalancingRule
from lib.azure.view import AzureView, LoadBalancer
from lib.facts.sources import describe
from lib.model.sets import Family
from lib.tables.row import Locate, Row, listed

if TYPE_CHECKING:
    # Load balancing rules and security rules are listed without the engine, which takes a while to import.
    from lib.trace.probe_answer import ProbeAnswer


def load_balancer_rule_rows(services: Iterable[ServiceLoadBalancer], locate: Locate) -> list[Row]:
    """One row a load balancing rule; a Service without one has a row that says why."""
    rows: list[Row] = []
    for found in services:
        probes = {p.name: p for p in found.probes}
        frontends = {f.family: f for f in found.frontends}
        for rule in found.rules:
            frontend, probe = frontends[rule.family], probes.get(rule.probe)
            rows.append(
                _head(found)
                | {
                    "frontend": frontend.name,
                    "address": frontend.address or frontend.address_from,
                    "rule_name": rule.name,
                    "protocol": rule.protocol,
                    "frontend_port": rule.frontend_port,
                    "backend_port": _number(rule.backend_port),
                    "floating_ip": _on(rule.floating_ip),
                    "idle_timeout_minutes": rule.idle_timeout_minutes,
                    "tcp_reset": "" if rule.tcp_reset is None else _on(rule.tcp_reset),
                    "distribution": rule.distribution,
                    "probe": _probe_words(probe) if probe is not None else "none",
                    "backend_pool": rule.backend_pool,
                    "not_known": listed(found.unknown),
                    "source": locate(rule.source),
                }
            )
        if not found.rules:
            rows.append(
                _head(found) | _NO_RULE | {"not_known": _why_none(found), "source": locate(found.service.source)}
            )
    return rows


_NO_RULE: Row = {
    "frontend": "",
    "address": "",
    "rule_name": "",
    "protocol": "",
    "frontend_port": None,
    "backend_port": "",
    "floating_ip": "",
    "idle_timeout_minutes": None,
    "tcp_reset": "",
    "distribution": "",
    "probe": "",
    "backend_pool": "",
}


def _head(found: ServiceLoadBalancer) -> Row:
    return {
        "load_balancer": found.load_balancer,
        "namespace": found.service.namespace,
        "service": found.service.name,
    }


def _why_none(found: ServiceLoadBalancer) -> str:
    return f"no rule: {found.refused or 'every port is left out by an annotation'}"


def _number(port: int | None) -> str:
    return "not allocated" if port is None else str(port)


def _on(value: bool) -> str:
    return "on" if value else "off"


def _probe_words(probe: Probe) -> str:
    port = "on a port not allocated yet" if probe.port is None else probe.port
    where = f"{probe.protocol} {port}{' ' + probe.path if probe.path else ''}"
    return f"{where}, every {probe.interval_s} s, down after {probe.threshold}"


def rule_lines(found: ServiceLoadBalancer) -> list[str]:
    """Each load balancing rule in a line."""
    probes = {p.name: p for p in found.probes}
    return [_rule_line(rule, probes.get(rule.probe)) for rule in found.rules]


def _rule_line(rule: LoadBalancingRule, probe: Probe | None) -> str:
    if rule.frontend_port:
        ports = f"{rule.frontend_port}/{rule.protocol} → {_number(rule.backend_port)}"
    else:
        ports = "all ports and protocols"
    family = f" ({rule.family.label})" if rule.family is Family.IPV6 else ""
    probed = f"probe {_probe_words(probe)}" if probe is not None else "no probe"
    sticky = ", by client address" if rule.distribution == BY_SOURCE else ""
    return f"{ports}{family}: {probed}; idle {rule.idle_timeout_minutes} min{sticky}"


def private_link_row(found: PrivateLinkService) -> Row:
    """A Private Link Service."""
    return {
        "private_link_service": found.name,
        "resource_group": found.resource_group,
        "subnet": found.subnet,
        "nat_addresses": f"{found.address_count}" + (f": {listed(found.addresses)}" if found.addresses else ""),
        "proxy_protocol": _on(found.proxy_protocol),
        "visible_to": listed(found.visibility) or "by roles only",
        "approved": listed(found.auto_approval),
        "domain_names": listed(found.domain_names),
    }


def limit_rows(usages: Iterable[Usage]) -> list[Row]:
    """How much of each limit is taken."""
    return [
        {
            "of": usage.of,
            "counted": usage.fact.unit,
            "used": usage.used,
            "limit": usage.fact.number,
            "headroom": usage.headroom,
            "used_percent": round(100 * usage.used / usage.fact.number, 1),
            "limit_source": describe(usage.fact.sources),
        }
        for usage in usages
    ]


def frontend_rows(found: ServiceLoadBalancer) -> list[Row]:
    """The frontends of one Service."""
    return [
        {
            "frontend": frontend.name,
            "family": frontend.family.label,
            "address": frontend.address or "not known",
            "address_from": frontend.address_from,
            "public_ip": f"{frontend.public_ip} in {frontend.resource_group}" if frontend.public_ip else "",
            "subnet": frontend.subnet,
            "dns_name": frontend.dns_name,
            "tags": listed(frontend.tags),
        }
        for frontend in found.frontends
    ]


def probe_rows(answers: Iterable[ProbeAnswer], locate: Locate, engine: str) -> list[Row]:
    """Health probes, and whether security groups and policies, as ``engine`` reads these, let them through."""
    return [
        {
            "load_balancer": each.access.balancer.load_balancer,
            "namespace": each.access.balancer.service.namespace,
            "service": each.access.balancer.service.name,
            "probe": each.access.probe.name,
            "protocol": each.access.probe.protocol,
            "port": _number(each.access.probe.port),
            "path": each.access.probe.path,
            "interval_s": each.access.probe.interval_s,
            "threshold": each.access.probe.threshold,
            "decided_by": each.access.probe.decided_by,
            "security_groups": each.access.through.value,
            "by_policies": each.policies.word,
            "verdict": each.verdict.value,
            "because": f"{each.access} By policies under {engine}: {each.policies.reason}.",
            "source": locate(each.access.source),
        }
        for each in answers
    ]


def load_balancer_json(found: LoadBalancer, data_plane: DataPlane) -> dict[str, object]:
    """One load balancer in the form of netatlas.azure/1."""
    return {
        "name": found.name,
        "frontends": [{"name": f.name, "address": f.address or None, "public": f.public} for f in found.frontends],
        "rules": [_rule_json(rule) for rule in found.rules],
        "probes": [
            {
                "name": p.name,
                "protocol": p.protocol,
                "port": p.port,
                "path": p.path or None,
                "interval_s": p.interval_s,
                "threshold": p.threshold,
            }
            for p in found.probes
        ],
        "services": [_service_json(s, data_plane) for s in found.services],
    }


def _rule_json(rule: LoadBalancingRule) -> dict[str, object]:
    return {
        "name": rule.name,
        "protocol": rule.protocol,
        "frontend_port": rule.frontend_port,
        "backend_port": rule.backend_port,
        "floating_ip": rule.floating_ip,
        "idle_timeout_minutes": rule.idle_timeout_minutes,
        "distribution": rule.distribution,
        "probe": rule.probe or None,
        "tcp_reset": rule.tcp_reset,
        "frontend": rule.frontend,
        "backend_pool": rule.backend_pool,
    }


def _service_json(found: ServiceLoadBalancer, data_plane: DataPlane) -> dict[str, object]:
    pls, seen = found.private_link, seen_address(found.service, data_plane)
    return {
        "service": str(found.ref),
        "backend_pool_type": found.backend_pool_type,
        "public_ips": [f.public_ip for f in found.frontends if f.public_ip],
        "subnets": [f.subnet for f in found.frontends if f.subnet],
        "dns_names": [f.dns_name for f in found.frontends if f.dns_name],
        "additional_public_ips": [str(a) for a in found.additional_public_ips],
        "private_link_service": None
        if pls is None
        else {"name": pls.name, "subnet": pls.subnet, "address_count": pls.address_count},
        "pods_see": {"verdict": seen.verdict, "ways": list(seen.lines), "reason": seen.reason},
        "refused": found.refused or None,
        "unknown": list(found.unknown),
    }


def security_rule_json(view: AzureView) -> list[dict[str, object]]:
    """The provider's security rules in the form of netatlas.azure/1."""
    return [
        {
            "name": rule.name,
            "priority": rule.priority,
            "protocol": rule.protocol,
            "sources": list(rule.sources),
            "destinations": list(rule.destinations),
            "ports": list(rule.ports),
            "access": rule.access,
        }
        for rule in view.security_rules
    ]
