"""Doors from outside: controllers, load balancers and nodes, what is opened for them and what is asked about."""

from __future__ import annotations

import pytest
import yaml

from lib.model.errors import ModelError
from lib.policy.engine import compile_engine
from lib.scenario.recommendation import end_text
from lib.scenario.recommendation.needs import NodeGroup
from tests.policy.build import load, pod, policy
from tests.scenario.recommending import (
    DB,
    NODE,
    WEB,
    asked,
    flows,
    questions,
    recommended,
    service,
    written,
)


def ingress(class_name: str, status: str = "{}") -> str:
    return f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: site, namespace: shop}}
spec:
  ingressClassName: {class_name}
  rules:
  - http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
status: {status}
"""


CONTROLLER = pod("nginx", "edge", app="web", role="ingress")
EDGE_SERVICE = service(
    "type: LoadBalancer, externalTrafficPolicy: Local", "edge", "edge", "{loadBalancer: {ingress: [{ip: 203.0.113.9}]}}"
)


def test_a_route_needs_the_way_from_the_controller_whose_services_address_the_ingress_has() -> None:
    found = recommended(
        WEB, CONTROLLER, EDGE_SERVICE, service("type: ClusterIP"),
        ingress("whatever", "{loadBalancer: {ingress: [{ip: 203.0.113.9}]}}"),
    )  # fmt: skip
    assert "edge/nginx[Pod] → shop/web[Pod] TCP 8080" in flows(found)
    (need,) = [n for n in found.needs if "edge/nginx" in end_text(n.src) and "shop/web" in end_text(n.dst)]
    assert [e.text for e in need.evidence] == [
        "Ingress shop/site leads to it",
        "shop/site[Ingress] has the address of Service edge/edge, 203.0.113.9",
    ]
    assert all(e.source is not None for e in need.evidence)


def test_a_documented_controller_that_is_not_in_the_input_is_named_by_its_labels() -> None:
    found = recommended(WEB, service("type: ClusterIP"), ingress("nginx"))
    (rule,) = written(found)["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}},
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/name": "ingress-nginx",
                    "app.kubernetes.io/component": "controller",
                }
            },
        }
    ]
    assert found.proof is not None
    assert found.proof.holds


@pytest.mark.parametrize(
    ("class_name", "says"),
    [
        ("traefik", "which pods are its controller is not known (class traefik)"),
        ("azure-application-gateway", "connects from its own subnet, which is not in the input"),
    ],
)
def test_a_controller_that_nobody_knows_is_asked_for_and_stays_closed(class_name: str, says: str) -> None:
    found = recommended(WEB, service("type: ClusterIP"), ingress(class_name))
    assert says in questions(found)
    assert "=shop/web:8080" in questions(found)
    assert "# NOT KNOWN, and closed: Ingress shop/site leads to shop/web[Pod] (TCP 8080); " in found.text
    assert "shop/netatlas-web" not in written(found)


def test_a_load_balancer_with_source_ranges_needs_those_alone_where_pods_see_the_client() -> None:
    spec = "type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerSourceRanges: [198.51.100.0/24]"
    (rule,) = written(recommended(WEB, service(spec)))["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "198.51.100.0/24"}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]


LIMITED = service("type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]")


def test_where_pods_may_see_a_node_instead_its_address_is_needed_too() -> None:
    (rule,) = written(recommended(NODE, WEB, LIMITED))["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.4/32"}}, {"ipBlock": {"cidr": "198.51.100.0/24"}}]


def test_a_node_that_the_input_or_the_engine_cannot_name_is_asked_for() -> None:
    assert "does not show the nodes' addresses" in questions(recommended(WEB, LIMITED))
    # "Cilium: ipBlock does not match nodes."
    assert "no NetworkPolicy can name under Cilium" in questions(recommended(NODE, WEB, LIMITED, engine="cilium"))


def test_what_an_engine_does_not_subject_to_policies_needs_no_rule() -> None:
    found = recommended(NODE, WEB, LIMITED, engine="azure-npm")
    assert "does not subject to ingress policies" in questions(found)
    assert "shop/netatlas-web" not in written(found)


def test_pods_are_not_outside_where_an_ip_block_may_mean_them() -> None:
    # "azure-npm: an ipBlock matches pods", by whose ranges on the nodes it would let every pod in.
    node = NODE.replace("status:", "spec: {podCIDRs: [10.244.0.0/24]}\nstatus:")
    door = service("type: LoadBalancer, externalTrafficPolicy: Local, ipFamilies: [IPv4]")
    for engine, excepts in (("azure-npm", {"except": ["10.244.0.0/24"]}), ("kubernetes", {})):
        (rule,) = written(recommended(node, WEB, door, engine=engine))["shop/netatlas-web"]["ingress"]
        assert rule["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0", **excepts}}]


def test_a_door_that_present_policies_narrow_is_not_opened_wider() -> None:
    narrow = policy(
        "podSelector: {matchLabels: {app: web}}\n"
        "ingress: [{from: [{ipBlock: {cidr: 10.80.0.0/16}}], ports: [{port: 8080}]}]"
    )
    door = service("type: NodePort, externalTrafficPolicy: Local")
    (rule,) = written(recommended(WEB, door, narrow, replace=True))["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.80.0.0/16"}}]


def test_a_door_that_present_policies_close_entirely_stays_closed_and_is_told() -> None:
    narrow = policy("{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}")
    door = service("type: LoadBalancer, externalTrafficPolicy: Local")
    found = recommended(WEB, DB, door, narrow, replace=True)
    assert not any("outside" in flow for flow in flows(found))
    assert "left closed" in questions(found)
    opened = recommended(WEB, DB, door, narrow, replace=True, needs=("10.1.0.0/16=shop/web:8080",))
    assert "outside 10.1.0.0/16 → shop/web[Pod] TCP 8080" in flows(opened)
    assert "left closed" not in questions(opened)
    # Under an engine that enforces nothing the present policies close nothing.
    assert "left closed" not in questions(recommended(WEB, DB, door, narrow, engine="none", replace=True))


@pytest.mark.parametrize("need", ["node/n1=shop/web:1", "shop/web=node/n1:1"])
@pytest.mark.parametrize("addresses", ["[{type: InternalIP, address: garbage}]", "[]"])
def test_a_node_without_a_readable_address_is_refused_in_words(need: str, addresses: str) -> None:
    node = f"apiVersion: v1\nkind: Node\nmetadata: {{name: n1}}\nstatus: {{addresses: {addresses}}}\n"
    documents = [d for text in (WEB, node) for d in yaml.safe_load_all(text)]
    engine = compile_engine(load(documents).snapshot)
    with pytest.raises(ModelError, match="no readable address of type InternalIP of node 'n1'"):
        asked(engine, needs=(need,))


def test_pods_that_use_their_nodes_network_are_stated_as_their_nodes() -> None:
    agent = pod("agent", "mon", host=True, app="agent")
    with pytest.raises(ModelError, match="all pods of mon use their node's network"):
        recommended(WEB, agent, needs=("mon/*=shop/web:8080",))
    placed = agent.replace("spec:", "spec:\n  nodeName: n1")
    found = recommended(NODE, WEB, placed, needs=("mon/*=shop/web:8080",))
    (rule,) = written(found)["shop/netatlas-web"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.4/32"}}]


NODES = """
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.0.0.4}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 10.0.0.5}]}
"""


BLOCK = "{{from: [{{ipBlock: {{cidr: {}}}}}], ports: [{{port: 8080}}]}}"


@pytest.mark.parametrize(
    ("blocks", "nodes", "asked"),
    [
        ([], ["node n1", "node n2"], False),
        (["198.51.100.0/24"], [], True),
        (["198.51.100.0/24", "10.0.0.4/31"], ["node n1", "node n2"], False),
        (["198.51.100.0/24", "10.0.0.4/32"], ["node n1"], False),
    ],
)
def test_nodes_that_present_policies_close_stay_closed_and_are_asked_about(
    blocks: list[str], nodes: list[str], asked: bool
) -> None:
    """With externalTrafficPolicy Cluster a packet may come from another node's address."""
    balancer = service("type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]")
    present = [policy(f"podSelector: {{}}\ningress: [{', '.join(map(BLOCK.format, blocks))}]")] if blocks else []
    found = recommended(WEB, *NODES.split("---"), balancer, *present, replace=True)
    needed = [n for need in found.needs if isinstance(need.src, NodeGroup) for n in need.src.nodes]
    assert [f"node {name}" for name, _ in needed] == nodes
    assert ("none of which the present policies are known to let in" in questions(found)) is asked


def test_nodes_that_are_closed_are_opened_where_that_is_stated() -> None:
    balancer = service("type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24]")
    present = policy(f"podSelector: {{}}\ningress: [{BLOCK.format('198.51.100.0/24')}]")
    only_one = NODES.split("---")[0]
    found = recommended(WEB, only_one, balancer, present, replace=True, needs=("node/n1=shop/web:8080",))
    assert "none of which the present policies" not in questions(found)
    assert "node n1 → shop/web[Pod] TCP 8080" in flows(found)
