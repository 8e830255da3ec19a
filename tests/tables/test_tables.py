"""Rows for pages, exports and the command line: stable columns, faulty rows first, places in the input."""

from functools import cache

import pytest

from lib.checks.run import run_checks
from lib.checks.wording import text_of
from lib.exposure import exposures
from lib.flows import flow_rows, namespace_matrix
from lib.ipplan.compare import compare_models
from lib.ipplan.demand import ClusterDemand
from lib.ipplan.plan import plan
from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.policy.selections import selections
from lib.reports.tabular import to_csv, to_text
from lib.routing.entry_points import entry_points
from lib.routing.faults import State
from lib.routing.routes import route_views
from lib.routing.services import service_views
from lib.routing.url_test import test_url as ask
from lib.tables.entry_points import entry_point_rows
from lib.tables.exposure import exposure_rows
from lib.tables.findings import finding_rows
from lib.tables.flows import explanation_rows, flow_table, matrix_rows
from lib.tables.plan import cluster_rows, limit_rows, pool_rows, range_rows, subnet_rows
from lib.tables.plan_models import comparison_rows, reach_rows
from lib.tables.policies import policy_rows
from lib.tables.routes import candidate_rows, route_rows
from lib.tables.row import Row
from lib.tables.services import backend_rows, port_rows, service_rows
from lib.tables.workloads import unisolated_rows
from tests.conftest import ROOT
from tests.policy.build import engine_of, pod, policy


def place(source: Source | None) -> str:
    return f"{source.file}:{source.document}" if source else ""


@cache
def shop() -> Snapshot:
    files, _ = inputs_from_paths([ROOT / "sample_data" / "shop"])
    return assemble(read_inputs(files), title="shop").snapshot


@cache
def every_table() -> dict[str, list[Row]]:
    snapshot = shop()
    services = service_views(snapshot)
    routes = route_views(snapshot, services)
    engine = compile_engine(snapshot)
    answer = plan(ClusterDemand())
    workloads = {str(w.ref): w for w in snapshot.workloads}
    ends = workloads["shop-api/cart[Deployment]"], workloads["shop-data/redis[StatefulSet]"]
    return {
        "services": service_rows(services, place),
        "ports": port_rows(services[-1], place),
        "backends": backend_rows(services[-1], place),
        "doors": entry_point_rows(entry_points(snapshot, services), place),
        "routes": route_rows(routes, place),
        "candidates": candidate_rows(ask(snapshot, "https://shop.example.com/blog", routes=routes), place),
        "findings": finding_rows(run_checks(snapshot), place),
        "flows": flow_table(flow_rows(engine)),
        "matrix": matrix_rows(namespace_matrix(engine)),
        "explanation": explanation_rows(engine.explain(*ends), place),
        "policies": policy_rows(snapshot, selections(engine), engine.profile, place),
        "open": unisolated_rows(engine, place),
        "subnets": subnet_rows(answer),
        "pools": pool_rows(answer.clusters[0]),
        "limits": limit_rows(answer.clusters[0].limits),
        "models": comparison_rows(compare_models(ClusterDemand())),
        "reach": reach_rows(compare_models(ClusterDemand())),
        "clusters": cluster_rows(answer),
        "ranges": range_rows(answer),
    }


@pytest.mark.parametrize("name", list(every_table()))
def test_every_row_of_a_table_has_the_same_columns_and_plain_values(name: str) -> None:
    rows = every_table()[name]
    assert rows
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert all(isinstance(v, str | int | None) for row in rows for v in row.values())
    assert len("".join(to_text(rows)).splitlines()) == len(rows) + 1
    assert "".join(to_csv(rows))


@pytest.mark.parametrize("name", ["services", "routes"])
def test_faulty_rows_come_first(name: str) -> None:
    ranks = [[s.value for s in State].index(str(row["state"])) for row in every_table()[name]]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("name", ["services", "doors", "routes", "findings", "policies", "open", "explanation"])
def test_every_row_says_where_it_stands_in_the_input(name: str) -> None:
    assert all(str(row["source"]).count(":") == 1 for row in every_table()[name])


def test_doors_from_the_internet_come_first() -> None:
    scopes = [row["scope"] for row in every_table()["doors"]]
    assert scopes[: scopes.count("internet")] == ["internet"] * scopes.count("internet")
    assert {"internet", "vnet", "node network"} <= set(scopes)


def test_findings_come_worst_first_and_say_what_to_do() -> None:
    rows = every_table()["findings"]
    order = ["error", "warning", "info"]
    assert [order.index(str(r["severity"])) for r in rows] == sorted(order.index(str(r["severity"])) for r in rows)
    assert all(row["why"] and row["remedy"] and "{" not in str(row["what"]) for row in rows)
    assert {row["severity"] for row in rows} == {text_of(f).severity.label for f in run_checks(shop())}


def test_a_policy_that_selects_nothing_comes_first() -> None:
    first = every_table()["policies"][0]
    assert (first["policy"], first["state"]) == ("redis-from-api", "selects no pod")


def test_policies_of_every_kind_are_listed_with_their_tier_and_what_the_engine_ignores() -> None:
    documents = [
        pod("web", app="web"),
        policy("podSelector: {matchLabels: {app: web}}", name="of-namespace"),
        """
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: {name: of-cluster}
        spec: {tier: Admin, priority: 7, subject: {namespaces: {}},
               ingress: [{action: Deny, from: [{namespaces: {}}]}]}
        """,
        """
        apiVersion: projectcalico.org/v3
        kind: StagedGlobalNetworkPolicy
        metadata: {name: of-tomorrow}
        spec: {selector: all()}
        """,
    ]
    engine = engine_of(*documents)
    rows = policy_rows(engine.snapshot, selections(engine), profile("azure-npm"), lambda _: "")
    shown = [(r["policy"], r["state"], r["tier"], r["order"], r["workloads"]) for r in rows]
    assert shown == [
        ("of-cluster", "ignored", "Admin", "7", "web"),
        ("of-tomorrow", "staged", "default", "", ""),
        ("of-namespace", "ok", "", "", "web"),
    ]
    assert (rows[0]["isolates"], rows[0]["ingress_rules"], rows[0]["egress_rules"]) == ("", 1, None)


def test_workloads_without_policies_are_open_in_both_directions() -> None:
    # The sample's README: monitoring has no policy at all, kube-system one only, for konnectivity-agent.
    rows = every_table()["open"]
    assert {row["namespace"] for row in rows} == {"monitoring", "kube-system"}
    by_name = {row["workload"]: row["open_for"] for row in rows}
    assert by_name["prometheus"] == by_name["coredns"] == "ingress and egress"
    assert "node-exporter" not in by_name, "it uses the node's network"


def test_the_denied_flow_names_the_policies_that_isolate() -> None:
    rows = every_table()["explanation"]
    denied = [r for r in rows if r["verdict"] == "denied"]
    assert denied
    assert {r["effect"] for r in denied} == {"isolates"}


def test_what_the_internet_may_reach_comes_first_among_the_exposed_workloads() -> None:
    engine = engine_of(
        pod("closed", app="closed"),
        pod("open", app="open"),
        pod("web", app="web"),
        policy("podSelector: {matchLabels: {app: closed}}\npolicyTypes: [Ingress, Egress]", name="closed"),
        policy("podSelector: {matchLabels: {app: web}}\ningress: [{ports: [{port: 443}]}]", name="web"),
    )
    rows = exposure_rows(exposures(engine), lambda _: "")
    assert [(r["workload"], r["isolated_ingress"], r["from_internet"], r["to_internet"]) for r in rows] == [
        ("open", "not isolated", "all ports", "all ports"),
        ("web", "isolated", "TCP 443", "all ports"),
        ("closed", "isolated", "–", "–"),
    ]
    assert [r["from_any_namespace"] for r in rows] == ["all ports", "TCP 443", "–"]
