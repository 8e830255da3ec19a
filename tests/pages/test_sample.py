"""Every page with the sample: the planted faults can be read on the page that the sample's README names."""

import json

import pytest

from lib.cli import main
from tests.pages.app import PAGES, ROOT, figures, open_page, table, tables, words


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
    app = open_page("services")
    main, sides = (t for t in tables(app) if {"kind", "reached_by"} <= set(t.columns))
    assert set(main["kind"]) == {"load balancer", "ingress"}
    assert set(sides["kind"]) == {"node port", "host port", "host network"}
    assert main["reached_by"].ne("").all() and sides["reached_by"].ne("").all()
    assert {"30080", "24224"} <= set(sides["port"]), "without commas"
    assert "unless a security group, which is not in the input, refuses" in words(app)


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


def test_flows_offers_the_smallest_change_that_would_allow_a_denied_flow() -> None:
    ends = {"from": "shop-web/storefront[Deployment]", "to": "shop-data/postgres[StatefulSet]", "port": "5432"}
    app = open_page("policy_flows", **ends, change="true")
    (offered,) = (c.value for c in app.code if "kind: NetworkPolicy" in c.value and "allow-storefront" in c.value)
    assert "port: 5432" in offered
    assert "It adds and removes no other flow." in [s.value for s in app.success]


@pytest.mark.parametrize(
    ("end", "verdict"), [("internet", "✔ allowed"), ("outside", "◐ partial"), ("::/0", "✖ denied")]
)
def test_flows_answers_for_the_internet_and_for_all_that_is_outside(end: str, verdict: str) -> None:
    # nginx takes connections from 0.0.0.0/0 without the private ranges, and none by IPv6, which the sample has not.
    app = open_page("policy_flows", **{"from": end, "to": "app-routing-system/nginx[Deployment]", "port": "8443"})
    assert any(m.value.startswith(f"### {verdict}") for m in app.markdown)


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


def test_the_tiles_count_what_they_say_and_nothing_else() -> None:
    # The README's faults: 1 has no endpoints; 3 has no backend, while 4 (TLS) and 5 (a conflict) are other faults.
    app = open_page("overview")
    values = {m.label: m.value for m in app.metric}
    assert values["Services without endpoints"] == "1"
    assert values["Routes without backend"] == "1"
    assert values["Unisolated workloads"] == "5"


def test_the_policy_page_lists_the_workloads_that_the_tile_counts() -> None:
    rows = table(open_page("policy_flows", unisolated="true"), "workload", "open_for")
    assert set(rows["workload"]) == {"coredns", "konnectivity-agent", "fluent-bit", "grafana", "prometheus"}


@pytest.mark.parametrize("page", ["overview", "services", "ingress_routes", "policy_flows"])
def test_every_page_says_that_a_filter_hides_something(page: str) -> None:
    assert "filter" in words(open_page(page, ns="shop-web"))
    assert "filter" in words(open_page(page, labels="app.kubernetes.io/name=storefront"))


def test_the_label_filter_lists_flows_with_a_matching_end_and_policies_of_matching_workloads() -> None:
    app = open_page("policy_flows", labels="app.kubernetes.io/name=redis")
    flows = table(app, "verdict", "from", "to")
    assert len(flows)
    assert (flows["from"].str.contains("redis") | flows["to"].str.contains("redis")).all()
    policies = table(app, "policy", "selects")
    assert set(policies["namespace"]) == {"shop-data"}
    assert "postgres-from-api" not in set(policies["policy"])


def test_the_label_filter_keeps_a_service_that_leads_to_a_matching_workload() -> None:
    rows = table(open_page("services", labels="app.kubernetes.io/name=catalog"), "state", "service")
    assert {"catalog", "partner-feed"} <= set(rows["service"])
    assert "postgres" not in set(rows["service"])


def test_a_url_that_leads_nowhere_is_not_shown_as_a_success() -> None:
    app = open_page("ingress_routes", url="https://shop.example.com/blog")
    assert any("leads nowhere" in e.value for e in app.error)
    assert not app.success


def test_the_flow_graph_shows_the_workloads_of_two_chosen_namespaces() -> None:
    app = open_page("policy_flows", graph="Workloads", from_ns="shop-api", to_ns="shop-data")
    cards = next(t for f in figures(app) for t in f["data"] if t["type"] == "bar")
    assert {"from:shop-api/orders[Deployment]", "to:shop-data/postgres[StatefulSet]"} <= set(cards["customdata"])
    assert all("shop-" in id_ for id_ in cards["customdata"])


def test_the_plan_needs_no_input() -> None:
    app = open_page("ip_plan", src="none")
    assert app.metric
    assert "Nothing is loaded" not in words(app)


def test_the_page_lists_the_flows_that_the_command_line_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", str(ROOT / "sample_data" / "shop"), "--format", "json"]) == 0
    told = {(f["src"], f["dst"], f["verdict"]) for f in json.loads(capsys.readouterr().out)["flows"]}
    # Flows that nobody can know stand in a table of their own; a verdict has its sign before the word.
    listed = [
        t for t in tables(open_page("policy_flows")) if {"from", "to", "verdict", "host_network"} <= set(t.columns)
    ]
    shown = {(r["from"], r["to"], r["verdict"].split()[-1]) for t in listed for r in t.to_dict("records")}
    assert shown == told


def test_the_plan_outlives_other_inputs_and_a_visit_to_another_page() -> None:
    app = open_page("ip_plan", pools="name=system,nodes=3;name=apps,nodes=40,nodes-max=120")
    app.selectbox("plan-0-clusters-0-model").set_value("node_subnet").run()
    app.switch_page(str(ROOT / "pages" / "services.py")).run()
    app.switch_page(str(ROOT / "pages" / "ip_plan.py")).run()
    assert not app.exception
    assert app.selectbox("plan-0-clusters-0-model").value == "node_subnet"
    pools = table(app, "pool", "nodes_at_maximum")
    assert dict(zip(pools["pool"], pools["nodes_at_maximum"], strict=True)) == {"system": 3, "apps": 120}


def test_three_clusters_are_three_copies_and_each_is_planned() -> None:
    app = open_page("ip_plan", vnet="10.20.0.0/16", pools="name=apps,nodes=40,nodes-max=120,surge=1")
    app.number_input("plan-count").set_value(3).run()
    assert not app.exception
    clusters = table(app, "cluster", "binding_limit")
    assert list(clusters["cluster"]) == ["cluster", "cluster2", "cluster3"]
    assert list(clusters["nodes_at_peak"]) == [121] * 3
    # AKS, "Azure CNI Overlay": nodes only, so 121 each, and 5 that Azure keeps of each of the three subnets.
    assert "378" in [m.value for m in app.metric]
    app.number_input("plan-count").set_value(1).run()
    assert "126" in [m.value for m in app.metric]


def test_the_cluster_that_is_shown_may_go_away() -> None:
    app = open_page("ip_plan", clusters="name=a;name=b,model=node_subnet", pools="cluster=a,nodes=3;cluster=b,nodes=4")
    app.selectbox("plan-cluster").set_value("b").run()
    assert any("Limits of b" in h.value for h in app.subheader)
    app.number_input("plan-count").set_value(1).run()
    app.number_input("plan-count").set_value(2).run()
    assert not app.exception
    assert any("Limits of a" in h.value for h in app.subheader)


def test_the_plan_counts_outbound_ports_where_a_way_out_is_chosen() -> None:
    # AKS, "Configure a public load balancer": 1,000 ports a node and two addresses serve 128 nodes.
    query = {"outbound_type": "loadBalancer", "outbound_ips": "2", "outbound_ports_per_node": "1000"}
    app = open_page("ip_plan", pools="name=a,nodes=3,surge=1", **query)
    limits = table(app, "limit", "headroom")
    assert limits[limits["limit"].str.startswith("Outbound ports")]["value"].item() == 128
    assert list(table(app, "when", "ports_per_node")["ports_per_node"]) == [1000, 1000]


def test_the_page_and_the_command_line_tell_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"model": "node_subnet", "vnet": "10.20.0.0/16", "growth_per_month": "5"}
    flags = [part for name, value in fields.items() for part in (f"--{name.replace('_', '-')}", value)]
    pool = ["--node-pool", "name=a,nodes=40,nodes-max=60,max-pods=30"]
    assert main(["plan", *pool, *flags, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    app = open_page("ip_plan", pools="name=a,nodes=40,nodes-max=60,max-pods=30", **fields)
    cluster, subnet = told["clusters"][0], told["clusters"][0]["node_subnet"]
    shown = [m.value for m in app.metric]
    assert f"{subnet['ips_with_reserved']:,}" in shown and f"/{subnet['smallest_prefix']}" in shown
    limits = table(app, "limit", "headroom")
    pairs = zip(limits["more_nodes"], cluster["limits"], strict=True)
    assert all(one == other["more_nodes"] or (one != one and other["more_nodes"] is None) for one, other in pairs)
    assert f"{cluster['limits'][0]['more_nodes']} nodes" in shown


def test_a_link_with_a_value_that_is_none_is_told_in_the_words_of_the_form() -> None:
    for query, words_told in (
        ({"model": "overlay2"}, "Network model is"),
        ({"pools": "name=a,nodes=many"}, "Nodes now of pool a is 'many'"),
        ({"pools": "name=a,podz=3"}, "podz"),
        ({"plan": "nonsense"}, "can't be read"),
        ({"pod_cidr": "10.244.0.0"}, "Pod CIDR is '10.244.0.0'"),
    ):
        app = open_page("ip_plan", **query)
        assert any(words_told in e.value.replace("\\", "") for e in app.error), query


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("policy_flows", {"engine": "weave"}),
        ("policy_flows", {"port": "99999999"}),
        ("policy_flows", {"port": "http"}),
        ("policy_flows", {"protocol": "ICMPv9"}),
        ("engine_migration", {"old_engine": "weave"}),
    ],
)
def test_a_links_value_that_no_box_takes_is_told(page: str, query: dict[str, str]) -> None:
    ((name, value),) = query.items()
    told = [w.value.replace("\\", "") for w in open_page(page, **query).warning]
    assert any(f"The link's {name} is '{value}', which is left out." in text for text in told), told


@pytest.mark.parametrize("query", [{"engine": "cilium"}, {"port": "443"}, {"protocol": "TCP"}])
def test_a_links_value_that_is_right_is_not_told(query: dict[str, str]) -> None:
    assert not any("left out" in w.value for w in open_page("policy_flows", **query).warning)


def test_the_plan_is_taken_from_nodes_pods_and_services() -> None:
    app = open_page("ip_plan")
    app.button("take-nodes").click().run()
    assert not app.exception
    pools = table(app, "pool", "nodes_at_maximum")
    # sample_data/shop: its nodes by their pools' label.
    assert sum(pools["nodes_now"]) > 0
    assert all(pools["max_pods"] > 0)


def test_assertions_show_the_shops_planted_faults_with_the_flows_that_are_to_blame() -> None:
    app = open_page("assertions")
    outcomes = table(app, "state", "assertion")
    # Faults 6, 7 and 8 of the sample's README.
    assert list(outcomes["state"]) == ["✖ fails"] * 3 + ["✔ holds"] * 3
    assert "monitoring/grafana[Deployment] → shop-data/postgres[StatefulSet]" in words(app)
    assert "permitted by shop-data/postgres-from-api[NetworkPolicy] spec.ingress[0]" in words(app)


def test_an_assertion_that_is_typed_is_checked_and_a_fault_in_it_is_told_with_its_line() -> None:
    app = open_page("assertions")
    text = "schema: netatlas.assertions/1\nassertions:\n  - deny: {from: shop-web/storefront, to: shop-data/postgres}\n"
    app.text_area[0].set_value(text).run()
    assert list(table(app, "state", "assertion")["state"]) == ["✔ holds"]
    app.text_area[0].set_value(text + "  - deny: {from: nowhere, to: internet}\n").run()
    assert "Line 4" in words(app)
    assert not app.exception


def test_the_recommendation_is_proven_and_says_what_to_look_at_first() -> None:
    app = open_page("recommendation", replace="true")
    said = words(app)
    assert any("needed flows are allowed, all of them" in s.value for s in app.success)
    # Its README: the shop runs Azure CNI powered by Cilium, while verdicts are by the API's own words.
    assert "the cluster runs Cilium" in app.warning[0].value
    assert any("Before you apply them" in w.value for w in app.warning)
    assert "postgres-from-api" in " ".join(table(app, "policy", "says")["policy"])
    (text,) = (c.value for c in app.code if "kind: NetworkPolicy" in c.value)
    assert "networkpolicies.yaml:" in text
    assert any("kubectl delete networkpolicy -n shop-api" in c.value for c in app.code)
    # Fault 7 of the README: closed on one side, so asked for.
    assert "state it: shop-api/cart=shop-data/redis:6379" in said


def test_beside_present_policies_the_page_lists_what_stays_open() -> None:
    app = open_page("recommendation")
    rows = next(t for t in tables(app) if {"verdict", "from", "to", "why", "source"} <= set(t.columns) and len(t) < 10)
    assert set(rows["to"]) == {"shop-data/postgres[StatefulSet]"}
    assert rows["why"].str.contains("postgres-from-api").all()


def test_the_recommendation_obeys_namespaces_and_needs_of_the_link() -> None:
    app = open_page("recommendation", cover="shop-data", need="shop-api/cart=shop-data/redis:6379")
    rows = table(app, "verdict", "from", "to", "why")
    assert "stated: shop-api/cart=shop-data/redis:6379" in set(rows["why"])
    (text,) = (c.value for c in app.code if "kind: NetworkPolicy" in c.value)
    assert "namespace: shop-data" in text
    assert "  namespace: shop-web\n" not in text


def test_a_need_that_cannot_be_read_is_told_and_nothing_is_recommended() -> None:
    app = open_page("recommendation", need="![x](http://evil.example)=:1")
    assert len(app.error) == 1
    assert not app.code
