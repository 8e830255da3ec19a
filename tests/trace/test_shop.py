"""The sample shop: each route that the Internet has ends where its manifests say, and faults bite where they are."""

from __future__ import annotations

from functools import cache

import pytest

from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.trace.compare import Profile, Side, read_profile, side_by_side
from lib.trace.context import Context, Given
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopKind, HopVerdict, Trace
from lib.trace.walk import trace
from tests.conftest import ROOT
from tests.samples.raw import SAMPLES, Raw, labels_of, namespace_of, objects, of_kind, selects
from tests.samples.test_shop_story import REFUSED, STORY

ITEMS = objects(SAMPLES / "shop")
ENGINES = ("kubernetes", "cilium")


@cache
def context(engine: str = "kubernetes") -> Context:
    inputs, _ = inputs_from_paths([str(ROOT / "sample_data" / "shop")], None)
    snapshot = assemble(read_inputs(inputs), title="shop").snapshot
    return Context(compile_engine(snapshot, profile(engine)))


def walk(src: str, dst: str, engine: str = "kubernetes") -> Trace:
    found = context(engine)
    start = read_start(src, found.snapshot)
    return trace(found, start, read_goal(dst, found.snapshot, start))


VALUES = {
    "engine": ("azure-npm", "cilium"),
    "data-plane": ("kube-proxy", "cilium"),
    "network-model": ("azure_cni_overlay", "pod_subnet_dynamic"),
    "outbound-type": (),
    "traffic-policy": ("Cluster", "Local"),
}


def under(chosen: Profile, src: str, dst: str) -> Trace:
    """The trace under another profile."""
    snapshot = context(chosen.engine or "kubernetes").snapshot
    found = Context(compile_engine(snapshot, profile(chosen.engine or "kubernetes")), chosen.given(Given()))
    start = read_start(src, snapshot)
    return trace(found, start, read_goal(dst, snapshot, start))


def public_paths() -> list[tuple[str, str, str, int | str]]:
    """Every host and path of the Ingresses with the Service that is named there: URL, namespace, name, port."""
    found = []
    for ingress in of_kind(ITEMS, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                port = next(iter(backend["port"].values()))
                found.append((f"https://{rule['host']}{path['path']}", namespace_of(ingress), backend["name"], port))
    return found


def behind(namespace: str, name: str) -> set[str]:
    """The workloads whose pod templates a Service selects, as namespace/name."""
    service = next(
        (s for s in of_kind(ITEMS, "Service") if (namespace_of(s), s["metadata"]["name"]) == (namespace, name)), None
    )
    if service is None:
        return set()
    wanted = {"matchLabels": service["spec"]["selector"]}
    return {
        f"{namespace}/{item['metadata']['name']}"
        for item in of_kind(ITEMS, "Deployment", "StatefulSet", "DaemonSet")
        if namespace_of(item) == namespace and selects(wanted, labels_of(item["spec"]["template"]))
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("url", "namespace", "name", "port"), public_paths())
def test_each_public_route_ends_at_the_pods_of_its_service(url, namespace, name, port, engine):
    found = walk("internet", url, engine)
    if not behind(namespace, name):
        # Fault 3: the Service does not exist.
        assert found.stopped_at is not None and found.stopped_at.kind is HopKind.BACKEND
        return
    claimed = [(n, s) for u, n, s, _ in public_paths() if u == url]
    # Fault 5: two Ingresses claim one path; NGINX takes the older, which is the first that the file names.
    ends = behind(*claimed[0])
    assert found.verdict is HopVerdict.ALLOWED
    assert found.hops[-1].kind is HopKind.POD
    assert {found.hops[-1].subject.partition("[")[0]} == ends
    assert [hop.kind for hop in found.hops if hop.kind is HopKind.CONTROLLER]


def fault(found: Trace) -> tuple[HopKind, str]:
    assert found.stopped_at is not None
    return found.stopped_at.kind, found.stopped_at.reason


def test_fault_1_bites_on_the_node_since_the_service_selects_nothing():
    kind, reason = fault(walk("shop-api/orders", "svc/shop-api/notifications:80"))
    assert kind is HopKind.SERVICE
    assert "app.kubernetes.io/name=notification " in reason


def test_fault_2_bites_on_the_node_since_no_pod_has_the_named_port():
    kind, reason = fault(walk("shop-payments/payments", "svc/shop-payments/fraud-check:9000"))
    assert kind is HopKind.SERVICE
    assert "grpc-fraud" in reason


def test_fault_3_bites_at_the_backend():
    kind, reason = fault(walk("internet", "https://shop.example.com/blog"))
    assert kind is HopKind.BACKEND
    assert "shop-web/blog, which does not exist" in reason


def route_hop(url: str) -> str:
    hop = next(hop for hop in walk("internet", url).hops if hop.kind is HopKind.ROUTE)
    return " ".join(hop.notes)


def test_fault_4_is_told_at_the_route():
    assert "keyvault-admin" in route_hop("https://admin.shop.example.com/")


def test_fault_5_is_told_at_the_route():
    assert "shop-api/checkout" in route_hop("https://api.shop.example.com/orders")


def test_fault_6_lets_others_into_the_database():
    found = walk("monitoring/grafana", "svc/shop-data/postgres:5432")
    assert found.verdict is HopVerdict.ALLOWED
    entered = next(hop for hop in found.hops if hop.kind is HopKind.INGRESS)
    assert any("postgres-from-api" in decider.name for decider in entered.deciders)


@pytest.mark.parametrize("sender", ["catalog", "cart"])
def test_fault_7_bites_at_the_receivers_policies(sender):
    kind, _ = fault(walk(f"shop-api/{sender}", "svc/shop-data/redis:6379"))
    assert kind is HopKind.INGRESS


def test_fault_8_is_open_to_the_internet_on_every_hop():
    found = walk("internet", "svc/monitoring/grafana:80")
    assert {hop.verdict for hop in found.hops} == {HopVerdict.ALLOWED}


def to(target: str, port: int) -> str:
    return f"{target}:{port}"


@pytest.mark.parametrize(("source", "target", "port"), [s for s in STORY if "/" in s[0]])
def test_what_the_story_tells_is_allowed_inside_and_outwards(source, target, port):
    assert walk(source, to(target, port)).verdict is HopVerdict.ALLOWED


@pytest.mark.parametrize(("source", "target", "port"), [s for s in REFUSED if "/" in s[0]])
def test_what_the_story_refuses_is_denied_by_policies(source, target, port):
    kind, _ = fault(walk(source, to(target, port)))
    assert kind in (HopKind.EGRESS, HopKind.INGRESS)


def raw_service(name: str) -> Raw:
    return next(s for s in of_kind(ITEMS, "Service") if s["metadata"]["name"] == name)


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("198.51.100.70", "partner-feed", HopVerdict.ALLOWED),
        ("192.0.2.9", "partner-feed", HopVerdict.DENIED),
        ("10.100.3.4", "payments-partner", HopVerdict.ALLOWED),
        ("192.0.2.9", "grafana", HopVerdict.ALLOWED),
    ],
)
def test_load_balancers_let_in_whom_their_ranges_hold(source, name, expected):
    found = raw_service(name)
    address = found["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert walk(source, f"{address}:{found['spec']['ports'][0]['port']}").verdict is expected


def test_every_hop_that_decides_leads_to_a_line():
    for src, dst in (("internet", "https://shop.example.com/cart"), ("shop-api/cart", "svc/shop-data/redis:6379")):
        for hop in walk(src, dst).hops:
            assert hop.source is not None, hop


@pytest.mark.parametrize(
    ("src", "dst", "one", "other", "differs"),
    [
        # Overlay against flat: whether the network routes to pods, and whom a receiver sees.
        ("vnet", "shop-payments/payments:8080", "network-model=azure_cni_overlay", "network-model=pod_subnet_dynamic",
         HopKind.ADDRESS),
        ("shop-payments/payments", "198.51.100.140:443", "network-model=azure_cni_overlay",
         "network-model=pod_subnet_dynamic", HopKind.WAY_OUT),
        # Cluster against Local: whose address the pod sees.
        ("192.0.2.9", "203.0.113.20:443", "traffic-policy=Cluster", "traffic-policy=Local", HopKind.INGRESS),
        # NPM against Cilium: whether ingress policies count, and who carries out Services.
        ("192.0.2.9", "203.0.113.20:443", "engine=azure-npm,data-plane=kube-proxy", "engine=cilium,data-plane=cilium",
         HopKind.SERVICE),
    ],
)  # fmt: skip
def test_two_profiles_side_by_side_differ_on_the_hop_where_they_do(src, dst, one, other, differs):
    profiles = [read_profile(text, VALUES) for text in (one, other)]
    sides = [Side(each, under(each, src, dst)) for each in profiles]
    assert differs in {pairing.kind for pairing in side_by_side(sides) if pairing.differs}
