"""From an object to its trace: what a reader of the row would ask by hand."""

from __future__ import annotations

import pytest

from lib.checks.run import run_checks
from lib.model.refs import ObjectRef
from lib.policy.engine import compile_engine
from lib.policy.selections import selections
from lib.routing.routes import route_views
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopKind, HopVerdict
from lib.trace.questions import NOWHERE, Cluster, can_be_asked, of_finding, of_node, of_object, of_route
from lib.trace.walk import trace
from tests.azure.load import sample
from tests.loaders.parse.build import load
from tests.policy.build import snapshot_of
from tests.trace.build import cluster, node, service

SHOP = sample("shop")
ENGINE = compile_engine(SHOP)
KNOWN = Cluster(SHOP, route_views(SHOP), selections(ENGINE))


def asked(ends):
    start = read_start(ends[0], SHOP)
    return trace(Context(ENGINE), start, read_goal(ends[1], SHOP, start))


# The planted faults of the shop's README, and the hop at which its last column says that they are seen.
@pytest.mark.parametrize(
    ("code", "subject", "verdict", "kind", "said"),
    [
        ("service-selects-nothing", "shop-api/notifications", HopVerdict.DENIED, HopKind.SERVICE, "matches no pod"),
        (
            "service-target-port-undeclared",
            "shop-payments/fraud-check",
            HopVerdict.DENIED,
            HopKind.SERVICE,
            "grpc-fraud",
        ),
        ("route-backend-missing", "shop-web/storefront", HopVerdict.DENIED, HopKind.BACKEND, "does not exist"),
        ("tls-secret-missing", "shop-web/admin", None, HopKind.ROUTE, "keyvault-admin"),
        ("route-conflict", "shop-api/checkout", None, HopKind.ROUTE, "also routed by Ingress shop-api/checkout"),
        ("policy-selects-nothing", "shop-data/redis-from-api", HopVerdict.DENIED, HopKind.INGRESS, "redis"),
        ("load-balancer-open-to-internet", "monitoring/grafana", HopVerdict.ALLOWED, HopKind.POD, "grafana"),
    ],
)
def test_a_planted_fault_is_found_on_the_hop_where_it_bites(code, subject, verdict, kind, said):
    (found,) = (f for f in run_checks(SHOP) if f.code == code and f.subject.qualified_name == subject)
    answer = asked(of_finding(found, KNOWN))
    assert verdict in (None, answer.verdict)
    hops = [hop for hop in answer.hops if hop.kind is kind]
    told = " ".join(f"{hop.subject} {hop.reason} {' '.join(hop.notes)} {hop.change}" for hop in hops)
    assert said in told


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Service", "shop-api/orders", "svc/shop-api/orders:80"),
        ("Service", "monitoring/grafana", "svc/monitoring/grafana:80"),
        ("Deployment", "shop-api/cart", "shop-api/cart[Deployment]:8080"),
        ("Ingress", "shop-web/admin", "https://admin.shop.example.com/"),
        ("NetworkPolicy", "shop-data/postgres-from-api", "shop-data/postgres[StatefulSet]:5432"),
        ("Namespace", "/shop-web", "shop-web/admin-console[Deployment]:8081"),
    ],
)
def test_an_object_is_reached_as_its_kind_is(kind, name, expected):
    namespace, _, own = name.rpartition("/")
    src, dst = of_object(ObjectRef(namespace.strip("/"), own, kind), KNOWN)
    assert dst == expected and can_be_asked((src, dst), SHOP)


def test_an_object_that_no_packet_has_to_do_with_leads_nowhere():
    assert of_object(ObjectRef("shop-web", "gone", "Deployment"), KNOWN) == NOWHERE
    assert of_object(ObjectRef("shop-web", "keyvault", "Secret"), KNOWN) == NOWHERE
    assert of_object(None, KNOWN) == NOWHERE


def test_a_node_with_a_public_address_is_asked_from_the_internet():
    public = node("n1")
    public["status"]["addresses"].append({"type": "ExternalIP", "address": "203.0.113.77"})
    snapshot = snapshot_of([*cluster(service(kind="NodePort")), public])
    (found,) = (n for n in snapshot.nodes if n.addresses_of("ExternalIP"))
    assert of_node(found, snapshot) == ("internet", "203.0.113.77:30080")


def test_a_public_address_of_nobody_can_not_be_asked_for():
    assert can_be_asked(("internet", "203.0.113.20:443"), SHOP)
    assert not can_be_asked(("internet", "203.0.113.99:443"), SHOP)
    assert not can_be_asked(("internet", "mail.example.org:25"), SHOP)
    assert can_be_asked(("shop-api/cart", "203.0.113.99:443"), SHOP)


ROUTES = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: any, namespace: shop}
spec:
  ingressClassName: webapprouting.kubernetes.azure.com
  rules:
  - {http: {paths: [{path: /a, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}
  - host: "*.example.com"
    http: {paths: [{path: /b, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: any, listeners: [{name: db, port: 5432, protocol: TCP}]}
status: {addresses: [{type: IPAddress, value: 203.0.113.9}]}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: db, namespace: shop}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""


def test_a_route_is_asked_as_its_clients_ask():
    snapshot = load(ROUTES).snapshot
    found = {of_route(view, snapshot) for view in route_views(snapshot)}
    assert found == {
        ("internet", "http://any.invalid/a"),
        ("internet", "http://any.example.com/b"),
        ("internet", "203.0.113.9:5432"),
    }


def test_a_stream_to_a_private_address_is_asked_in_the_network():
    snapshot = load(ROUTES.replace("203.0.113.9", "10.224.0.9")).snapshot
    assert ("vnet", "10.224.0.9:5432") in {of_route(view, snapshot) for view in route_views(snapshot)}
