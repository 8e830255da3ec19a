"""What all checks look at, computed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from lib.azure.services import service_views_on_azure
from lib.model.finding import Finding
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.routing.faults import Issue
from lib.routing.route_view import RouteView
from lib.routing.routes import route_views
from lib.routing.services import ServiceView


@dataclass(frozen=True, slots=True)
class Context:
    """A snapshot with its views and its compiled policies; ``subnet`` is the security group on the nodes' subnet.

    ``day`` is the one that support of controllers is told for; None: when the sources were read.
    """

    snapshot: Snapshot
    services: Sequence[ServiceView]
    routes: Sequence[RouteView]
    engine: Engine
    subnet: SecurityGroup | None = None
    day: date | None = None


def make_context(
    snapshot: Snapshot,
    services: Sequence[ServiceView] | None = None,
    routes: Sequence[RouteView] | None = None,
    engine: Engine | None = None,
    subnet: SecurityGroup | None = None,
    day: date | None = None,
) -> Context:
    """A context; what is not handed in is computed."""
    views = service_views_on_azure(snapshot) if services is None else services
    rows = route_views(snapshot, views, day) if routes is None else routes
    return Context(snapshot, views, rows, compile_engine(snapshot) if engine is None else engine, subnet, day)


def from_issues(subject: ObjectRef, issues: Iterable[Issue]) -> Iterable[Finding]:
    """The issues of a view as findings about its object."""
    return (Finding(i.fault.code, subject, i.source, i.evidence) for i in issues)
