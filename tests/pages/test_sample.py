"""Every page with the sample: the planted faults can be read on the page that the sample's README names."""

import pytest

from tests.pages.app import PAGES, figures, open_page, table, words


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_with_the_sample(page: str) -> None:
    app = open_page(page)
    assert not app.error
    assert app.title


def test_overview_lists_the_planted_faults_worst_first() -> None:
    rows = table(open_page("overview"), "finding", "subject")
    assert list(rows["severity"]) == sorted(rows["severity"], key=lambda s: "errwarinf".index(s.split()[1][:3]))
    assert {
        "shop-api/notifications",
        "shop-payments/fraud-check",
        "shop-web/storefront",
        "shop-data/redis-from-api",
        "monitoring/grafana",
    } <= set(rows["subject"])


def test_overview_draws_the_ways_in_and_the_matrix() -> None:
    graph, matrix = figures(open_page("overview"))
    assert any(t["type"] == "bar" for t in graph["data"])
    assert matrix["data"][0]["type"] == "heatmap"


def test_services_shows_faulty_rows_first_and_the_chosen_one_with_its_yaml() -> None:
    app = open_page("services", service="shop-api/notifications")
    rows = table(app, "state", "service")
    faulty = [state != "✔ ok" for state in rows["state"]]
    assert faulty == sorted(faulty, reverse=True)
    assert {"notifications", "fraud-check", "grafana"} <= set(rows["service"][: sum(faulty)])
    assert "matches no pod" in words(app)
    assert "services.yaml:" in words(app)
    assert any("kind: Service" in c.value for c in app.code)


def test_services_lists_side_doors_with_who_can_reach_them() -> None:
    rows = table(open_page("services"), "kind", "reached_by")
    assert {"load balancer", "node port", "host port", "host network"} <= set(rows["kind"])
    assert rows["reached_by"].ne("").all()


def test_routes_answers_a_url_from_the_link() -> None:
    app = open_page("ingress_routes", url="https://shop.example.com/static/logo.svg")
    assert any("storefront" in s.value for s in app.success)
    assert "static" in words(app)


def test_routes_says_when_no_route_takes_the_url() -> None:
    app = open_page("ingress_routes", url="https://nowhere.example.org/")
    assert any("No route" in e.value for e in app.error)


def test_routes_shows_the_conflict_and_the_missing_backend() -> None:
    rows = table(open_page("ingress_routes"), "host", "path", "backend")
    assert rows[rows["path"] == "/blog"]["state"].item() == "✖ error"
    assert set(rows[rows["path"] == "/orders"]["state"]) == {"▲ warning"}


def test_flows_answers_both_directions_from_the_link() -> None:
    app = open_page(
        "policy_flows",
        **{"from": "monitoring/prometheus[StatefulSet]", "to": "shop-data/postgres[StatefulSet]", "port": "5432"},
    )
    shown = words(app)
    assert "✔ allowed" in shown
    rows = table(app, "direction", "policy", "rule")
    assert "shop-data/postgres-from-api" in set(rows["policy"])
    assert rows["source"].str.contains("networkpolicies.yaml:").all()


def test_flows_denies_what_the_mislabelled_policy_should_have_permitted() -> None:
    app = open_page(
        "policy_flows",
        **{"from": "shop-api/cart[Deployment]", "to": "shop-data/redis[StatefulSet]", "port": "6379"},
    )
    assert "✖ denied" in words(app)


def test_flows_says_which_engine_enforces_and_obeys_the_choice_in_the_link() -> None:
    assert "Enforced by" in words(open_page("policy_flows"))
    app = open_page("policy_flows", engine="none")
    assert any("not enforced" in w.value for w in app.warning)


def test_flows_shows_the_workloads_of_two_namespaces_from_the_link() -> None:
    matrices = [
        f for f in figures(open_page("policy_flows", from_ns="shop-api", to_ns="shop-data"))
        if f["data"][0]["type"] == "heatmap"
    ]  # fmt: skip
    assert [a["ticktext"] for a in (matrices[1]["layout"]["xaxis"],)] == [
        ["nats", "postgres", "postgres-backup", "redis"]
    ]


def test_the_namespace_filter_of_the_link_narrows_the_tables() -> None:
    rows = table(open_page("services", ns="monitoring"), "state", "namespace")
    assert set(rows["namespace"]) == {"monitoring"}


def test_plan_counts_an_overlay_cluster_by_its_nodes() -> None:
    # AKS, "Azure CNI Overlay": only nodes take addresses of the subnet: 10, one surge node, and 5 that Azure keeps.
    app = open_page("ip_plan", pools="name=a,nodes=10,nodes-max=10,surge=1")
    assert "16" in [m.value for m in app.metric]


def test_plan_reads_model_and_ranges_from_the_link_and_names_what_azure_refuses() -> None:
    app = open_page(
        "ip_plan", model="node_subnet", pools="name=a,nodes=50,max-pods=30,surge=1", node_subnet="10.0.0.0/24",
        vnet="10.0.0.0/16",
    )  # fmt: skip
    assert any("10.0.0.0/24" in e.value.replace("\\", "") for e in app.error)
    rows = table(app, "model", "fits")
    assert rows[rows["yours"] != ""]["model"].item() == "Azure CNI Node Subnet"
    assert len(rows) >= 6


def test_plan_explains_a_value_that_is_no_range() -> None:
    app = open_page("ip_plan", pod_cidr="not-a-range")
    assert any("not" in e.value for e in app.error)
    assert not app.metric
