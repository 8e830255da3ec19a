"""The graphs of the pages, built from the sample: what the sample's README says leads where."""

from functools import cache

from lib.flows import flow_rows, namespace_matrix
from lib.graph.flows import ego_graph, namespaces_graph, open_ends, workloads_graph
from lib.graph.fold import fold
from lib.graph.model import GraphModel, Mark
from lib.graph.overview import overview_graph
from lib.graph.routes import routes_graph
from lib.graph.services import services_graph
from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.model.snapshot import Snapshot
from lib.policy.engine import compile_engine
from lib.routing.entry_points import entry_points
from lib.routing.routes import route_views
from lib.routing.services import service_views
from tests.conftest import ROOT


@cache
def shop() -> Snapshot:
    files, _ = inputs_from_paths([ROOT / "sample_data" / "shop"])
    return assemble(read_inputs(files), title="shop").snapshot


def pairs(model: GraphModel) -> set[tuple[str, str]]:
    labels = {n.id: n.label for n in model.nodes}
    return {(labels[e.src], labels[e.dst]) for e in model.edges}


def test_the_overview_leads_from_the_internet_through_every_public_door() -> None:
    services = service_views(shop())
    graph = overview_graph(shop(), services, route_views(shop(), services), entry_points(shop(), services))
    found = pairs(graph)
    assert {("Internet", a) for a in ("203.0.113.20", "203.0.113.30", "203.0.113.44")} <= found
    assert {("Virtual network", "10.224.0.200"), ("Node network", "node port 30080")} <= found
    assert ("grafana", "grafana") in found
    assert next(n for n in graph.nodes if n.label == "blog").mark is Mark.ERROR
    assert not any(n.label == "postgres" for n in graph.nodes), "nothing leads to it from outside"


def test_the_services_graph_marks_the_planted_faults() -> None:
    graph = services_graph(service_views(shop()))
    marks = {(n.tier, n.label): n.mark for n in graph.nodes}
    assert marks[2, "notifications"] is marks[2, "fraud-check"] is Mark.ERROR
    assert marks[2, "grafana"] is Mark.WARNING
    assert ("partner-feed", "catalog") in pairs(graph)
    assert not [e for e in graph.edges if e.src == "shop-api/notifications[Service]"]


def test_the_routes_graph_leads_from_host_to_workload() -> None:
    found = pairs(routes_graph(route_views(shop())))
    assert {("shop.example.com", "storefront"), ("shop.example.com", "blog"), ("cart", "cart")} <= found
    assert ("blog", "blog") not in found


def test_a_service_that_a_route_may_not_refer_to_is_not_called_missing() -> None:
    # The sample's README: the Service is there, and no ReferenceGrant in its namespace permits the route.
    files, _ = inputs_from_paths([ROOT / "sample_data" / "gateway-ipv6"])
    graph = routes_graph(route_views(assemble(read_inputs(files), title="gateway").snapshot))
    reviews = next(n for n in graph.nodes if n.label == "reviews" and n.kind == "Service")
    assert (reviews.mark, reviews.detail) == (Mark.ERROR, "reviews · not reached")


def test_the_ego_graph_shows_who_may_reach_a_workload_and_whom_it_may_reach() -> None:
    engine = compile_engine(shop())
    graph = ego_graph("shop-data/postgres[StatefulSet]", tuple(flow_rows(engine)), open_ends(engine))
    found = pairs(graph)
    assert {("catalog", "postgres"), ("orders", "postgres"), ("prometheus", "postgres")} <= found
    assert ("storefront", "postgres") not in found


def test_ranges_of_addresses_are_folded_into_one_card_that_lists_them() -> None:
    engine = compile_engine(shop())
    whole = workloads_graph(tuple(flow_rows(engine)), open_ends(engine))
    folded = fold(whole, arrows=10)
    ranges = {n.label for n in whole.nodes if n.kind == "outside" and n.group and n.tier == 1}
    card = folded.node("outside:1")
    assert card is not None
    assert set(card.hover) == ranges
    assert card.members == len(ranges)
    assert sum(n.members for n in folded.nodes) == len(whole.nodes)
    assert {"From", "To"} == set(folded.tiers)


def test_flows_that_no_policy_governs_are_open_by_default_in_the_graph() -> None:
    engine = compile_engine(shop())
    graph = ego_graph("monitoring/prometheus[StatefulSet]", tuple(flow_rows(engine)), open_ends(engine))
    marks = {(e.src, e.dst): e.mark for e in graph.edges}
    assert marks["monitoring/prometheus[StatefulSet]", "to:kube-system/coredns[Deployment]"] is Mark.OPEN
    assert marks["monitoring/prometheus[StatefulSet]", "to:shop-data/postgres[StatefulSet]"] is not Mark.OPEN


def test_the_namespaces_graph_has_an_arrow_for_every_cell_that_permits_something() -> None:
    matrix = namespace_matrix(compile_engine(shop()))
    expected = {(c.src, c.dst) for c in matrix if c.ports and c.src != c.dst}
    assert {
        (e.src.removeprefix("from:"), e.dst.removeprefix("to:")) for e in namespaces_graph(matrix).edges
    } >= expected
