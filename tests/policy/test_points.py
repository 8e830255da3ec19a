"""The twenty-five points of network policy that implementations get wrong, every sentence of them a case.

Expectations are the words of the API (``networking/v1/types.go`` and the page "Network Policies"), of
``clusternetworkpolicy_types.go``, of docs.cilium.io, of docs.tigera.io and of the AKS documentation.
"""

from __future__ import annotations

import pytest
import yaml

from lib.facts.engines import engine
from lib.flows.load_balancers import arrivals
from lib.model.errors import ModelError
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from tests.policy import test_calico_policies as calico
from tests.policy.build import engine_of, load, policy, rows_of
from tests.policy.points.build import (
    ACCEPT,
    API,
    BASE,
    C_ALLOW,
    DENY,
    OPEN,
    TCP,
    WEB,
    A,
    Point,
    W,
    anp,
    cnp,
    egress,
    ingress,
    kcnp,
    np,
)
from tests.policy.points.kinds import KINDS
from tests.policy.points.ports import PORTS
from tests.policy.points.selectors import SELECTORS
from tests.policy.points.traffic import TRAFFIC
from tests.policy.switch_words import NODES, balancer

POINTS = [*SELECTORS, *PORTS, *TRAFFIC, *KINDS]


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_points(point: Point) -> None:
    found = engine_of(*point.base, *point.documents, profile=profile(point.engine))
    ends = (parse_end(end, found.snapshot) for end in (point.src, point.dst))
    assert found.explain(*ends, point.protocol, point.port).verdict == point.expected


REFUSED = [
    (5, "a peer without a field is invalid", policy(ingress("[{}]"))),
    (
        5,
        "an ipBlock with a podSelector is invalid",
        policy(ingress("[{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]")),
    ),
    (
        5,
        "an ipBlock with a namespaceSelector is invalid",
        policy(ingress("[{ipBlock: {cidr: 10.0.0.0/8}, namespaceSelector: {}}]")),
    ),
    (8, "endPort with a port name is invalid", policy(ingress(ports="[{port: http, endPort: 90}]"))),
    (8, "endPort without a port is invalid", policy(ingress(ports="[{endPort: 90}]"))),
    (8, "endPort below the port is invalid", policy(ingress(ports="[{port: 91, endPort: 90}]"))),
    (
        10,
        "an except outside its cidr is invalid",
        policy(ingress("[{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]")),
    ),
    (21, "a priority over 1000 is invalid", anp(DENY, priority=1001)),
    (
        22,
        "more than 25 rules are invalid",
        kcnp(f"ingress: [{', '.join(['{action: Deny, from: [{namespaces: {}}]}'] * 26)}]"),
    ),
]


@pytest.mark.parametrize(("number", "sentence", "document"), REFUSED, ids=[f"point-{n:02}-{s}" for n, s, _ in REFUSED])
def test_points_on_what_the_api_refuses(number: int, sentence: str, document: str) -> None:
    loaded = load(d for d in yaml.safe_load_all("\n---\n".join([*BASE, document])) if d)
    (refused,) = loaded.snapshot.rejected_policies
    assert [x.severity.label for x in loaded.problems].count("error") >= 1
    rows = {(r.src, r.dst): r for r in rows_of(compile_engine(loaded.snapshot))}
    assert str(refused.ref) in rows["shop/web[Pod]", "shop/api[Pod]"].reason


CLUSTER_IP = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.0.200.1, clusterIPs: [10.0.200.1], selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
"""


class TestPoint11:
    """ "It is not defined whether this happens before or after NetworkPolicy processing"."""

    @pytest.mark.parametrize(("port", "expected"), [(8080, "allowed"), (80, "denied")])
    def test_point_11_the_port_of_a_rule_is_the_pods_and_not_the_services(self, port: int, expected: str) -> None:
        found = engine_of(*BASE, CLUSTER_IP, policy(ingress(ports=f"[{{port: {port}}}]")))
        ends = (parse_end(end, found.snapshot) for end in (W, A))
        assert found.explain(*ends, TCP, 8080).verdict == expected

    def test_point_11_a_cluster_ip_is_no_end_of_a_flow_but_leads_to_its_pods(self) -> None:
        with pytest.raises(ModelError, match=r"shop/api\[Pod\]"):
            parse_end("10.0.200.1", engine_of(*BASE, CLUSTER_IP).snapshot)

    @pytest.mark.parametrize("engine_id", ["kubernetes", "azure-npm", "calico", "cilium"])
    def test_point_11_an_ip_block_over_cluster_ips_is_told_to_be_undefined(self, engine_id: str) -> None:
        rule = policy(egress("[{ipBlock: {cidr: 10.0.0.0/16}}]"))
        found = engine_of(*BASE, CLUSTER_IP, rule, profile=profile(engine_id))
        (note,) = [n for n in found.notes if n.code == "ip-block-covers-services"]
        assert "shop/api[Service]" in note.message
        ends = (parse_end(end, found.snapshot) for end in (W, A))
        # The pods behind it have addresses of their own, which nothing in the input shows.
        assert found.explain(*ends, TCP, 8080).verdict in ("denied", "unknown")
        everything = policy(egress("[{ipBlock: {cidr: 0.0.0.0/0}}]"))
        assert not [n for n in engine_of(*BASE, CLUSTER_IP, everything).notes if n.code == "ip-block-covers-services"]

    @pytest.mark.parametrize(
        ("traffic_policy", "engine_id", "seen_as"),
        [
            ("Cluster", "kubernetes", "node or client"),
            ("Cluster", "azure-npm", "node"),
            ("Cluster", "cilium", "node or client"),
            *(("Local", name, "client") for name in ("kubernetes", "azure-npm", "calico", "cilium")),
        ],
    )
    def test_point_11_the_source_is_translated_unless_external_traffic_policy_is_local(
        self, traffic_policy: str, engine_id: str, seen_as: str
    ) -> None:
        service = balancer(traffic_policy).replace("app: web", "app: api")
        (found,) = arrivals(engine_of(*BASE, NODES, service, profile=profile(engine_id)))
        assert (found.seen_as, found.verdict) == (seen_as, "allowed")


def test_point_14_pairs_of_a_pod_with_itself_are_no_rows() -> None:
    rows = rows_of(engine_of(*BASE, policy("podSelector: {}")))
    assert not [r for r in rows if r.src == r.dst]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_point_16_an_ended_pod_is_no_endpoint_and_its_address_is_nobodys(phase: str) -> None:
    ended = WEB + f"status: {{phase: {phase}, podIP: 10.2.0.5}}\n"
    found = engine_of(API, ended, profile=profile("azure-npm"))
    assert not [r for r in rows_of(found) if "shop/web" in r.src + r.dst]
    assert parse_end("10.2.0.5", found.snapshot) not in found.snapshot.workloads


def test_point_16_a_pod_without_an_address_yet_is_no_endpoint() -> None:
    found = engine_of(API, WEB + "status: {phase: Pending}\n")
    assert not [r for r in rows_of(found) if "shop/web" in r.src + r.dst]


@pytest.mark.parametrize("kind", ["NetworkPolicy", "ClusterNetworkPolicy", "CiliumNetworkPolicy", "Calico"])
def test_point_17_of_icmp_nothing_is_said(kind: str) -> None:
    documents = {"NetworkPolicy": OPEN, "ClusterNetworkPolicy": kcnp(ACCEPT), "Calico": np(calico.ingress(C_ALLOW))}
    found = engine_of(*BASE, documents.get(kind, cnp("ingress: [{fromEndpoints: [{}]}]")))
    assert {protocol for row in rows_of(found) for protocol, _ in row.ports.ports} <= set(Protocol)


def test_point_23_narrowing_by_layer_7_is_said_in_the_rule() -> None:
    rule = (
        "ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET, path: /public}]}}]}]"
    )
    texts = [each.text for q in engine_of(*BASE, cnp(rule)).policies for each in q.rules]
    assert texts == ["from anywhere on TCP 80, but only HTTP GET /public"]


def test_point_25_the_end_of_support_is_that_of_the_documentation() -> None:
    ends = {end.operating_system: end.last_day.isoformat() for end in engine("azure-npm").ends}
    assert ends == {"windows": "2026-09-30", "linux": "2028-09-30"}


def test_every_point_has_cases() -> None:
    import sys

    named = {point.number for point in POINTS} | {number for number, _, _ in REFUSED}
    here = sys.modules[__name__]
    tests = [*vars(here), *vars(TestPoint11)]
    named |= {int(name.split("_")[2]) for name in tests if name.startswith("test_point_")}
    assert named == set(range(1, 26))
