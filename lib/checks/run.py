"""Run all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from lib.checks.azure_checks import check_azure
from lib.checks.closed_services import check_closed_ports
from lib.checks.context import Context, make_context
from lib.checks.policy_checks import (
    check_dns_egress,
    check_policy_peers,
    check_policy_peers_apart,
    check_policy_peers_overlap,
    check_policy_subjects,
)
from lib.checks.port_checks import check_host_ports, check_node_ports
from lib.checks.probe_checks import check_probes
from lib.checks.route_checks import check_conflicts, check_gateways, check_ingress_classes, check_routes
from lib.checks.service_checks import check_services
from lib.checks.wording import severity_of
from lib.model.finding import Finding
from lib.model.problem import Severity
from lib.model.security_rules import SecurityGroup
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView

Check = Callable[[Context], Iterable[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    check_services,
    check_azure,
    check_probes,
    check_closed_ports,
    check_node_ports,
    check_host_ports,
    check_ingress_classes,
    check_gateways,
    check_routes,
    check_conflicts,
    check_policy_subjects,
    check_policy_peers,
    check_policy_peers_apart,
    check_policy_peers_overlap,
    check_dns_egress,
)


def run_checks(
    snapshot: Snapshot,
    *,
    services: Sequence[ServiceView] | None = None,
    routes: Sequence[RouteView] | None = None,
    engine: Engine | None = None,
    subnet: SecurityGroup | None = None,
    day: date | None = None,
) -> tuple[Finding, ...]:
    """Every finding once, the worst first, then by subject and place.

    ``subnet`` is a security group of one's own on the nodes' subnet, None where none is known. ``day`` is the one that
    support of controllers is told for; None: the day when the sources were read.

    Hand in views and engine where they are at hand; otherwise they are computed.
    """
    context = make_context(snapshot, services, routes, engine, subnet, day)
    found = dict.fromkeys(f for check in CHECKS for f in check(context))
    return tuple(sorted(found, key=lambda f: (-severity_of(f), f.subject, f.code, str(f.source), f.evidence)))


def at_or_over(findings: Iterable[Finding], threshold: Severity) -> tuple[Finding, ...]:
    """The findings that are as bad as ``threshold`` or worse, in their order."""
    return tuple(f for f in findings if severity_of(f) >= threshold)
