"""What the pages show of a snapshot, as data that can be compared."""

from __future__ import annotations

import json
from typing import Any

from lib.azure.provider_settings import ProviderSettings, detect_location
from lib.azure.view import azure_view
from lib.checks.run import run_checks
from lib.flows import flow_rows
from lib.loaders.assemble import assemble
from lib.loaders.cluster.connection import Connection
from lib.loaders.cluster.login import Login
from lib.loaders.cluster.read import ClusterRead, read_cluster
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.snapshot import Coverage, Snapshot
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.policy.selections import selections
from lib.routing.routes import ingress_backends, route_views
from lib.routing.services import service_views
from lib.tables.azure import load_balancer_rule_rows
from lib.tables.findings import finding_rows
from lib.tables.policies import policy_rows
from lib.tables.routes import route_rows
from lib.tables.services import service_rows
from tests.envtest.control_plane import AUTHORITY, Raw

Rows = list[dict[str, Any]]


def read_live(url: str, token: str) -> ClusterRead:
    """The cluster as a login with this token sees it."""
    login = Login(url, authority=AUTHORITY, headers=(("Authorization", f"Bearer {token}"),))
    with Connection(login) as connection:
        return read_cluster(connection)


def live_snapshot(found: ClusterRead) -> Snapshot:
    """The model of what was read."""
    return assemble(found.read, title="live", coverage=found.coverage).snapshot


def file_snapshot(objects: list[Raw], coverage: dict[str, Coverage]) -> Snapshot:
    """The model of objects in a file, without Secrets, of which a live cluster shows none."""
    kept = [obj for obj in objects if obj["kind"] != "Secret"]
    data = "\n".join(json.dumps(obj) for obj in kept).encode()
    read = read_inputs([InputFile("sample.json", data)])
    return assemble(read, title="files", coverage={**coverage, "Secret": Coverage.NOT_SUPPLIED}).snapshot


def answers(snapshot: Snapshot, namespaces: frozenset[str]) -> dict[str, Rows]:
    """The rows of the pages about some namespaces, without the places that they were read from."""
    engine = compile_engine(snapshot)
    flows = flow_rows(engine, ingress_backends(snapshot), namespaces)
    services = [view for view in service_views(snapshot) if view.ref.namespace in namespaces]
    routes = [view for view in route_views(snapshot) if view.route.namespace in namespaces]
    policies = policy_rows(snapshot, selections(engine), KUBERNETES, lambda _: "")
    view = azure_view(snapshot, ProviderSettings(location=detect_location(snapshot)))
    balanced = [each for each in view.services if each.ref.namespace in namespaces]
    findings = [each for each in run_checks(snapshot, engine=engine) if each.subject.namespace in (*namespaces, "")]
    return {
        "flows": [row.to_json() for row in flows],
        "services": [dict(row) for row in service_rows(services, lambda _: "")],
        "routes": [dict(row) for row in route_rows(routes, lambda _: "")],
        "policies": [dict(row) for row in policies if row["namespace"] in (*namespaces, "")],
        "azure": [dict(row) for row in load_balancer_rule_rows(balanced, lambda _: "")],
        "findings": [dict(row) for row in finding_rows(findings, lambda _: "")],
    }
