"""More of what implementations get wrong: bad policies, replies, Services, and namespaces that nobody wrote down."""

from __future__ import annotations

import pytest
import yaml

from lib.flows import INGRESS_CONTROLLER, flow_rows
from lib.model.sets import Protocol
from lib.policy.engine import Engine, compile_engine
from lib.routing.routes import ingress_backends
from tests.policy.build import engine_of, load, pod, policy, rows_of
from tests.policy.test_semantics import ALL, CLIENT, SERVER, TO_SERVER, ports_between


def rejecting(spec: str) -> Engine:
    """The engine over client, server and one policy that the API server refuses."""
    text = "\n---\n".join([CLIENT, SERVER, policy(f"{TO_SERVER}\npolicyTypes: [Ingress]\n{spec}", name="bad")])
    return compile_engine(load(yaml.safe_load_all(text)).snapshot)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("ingress: [{from: [{}]}]", id="a peer without any field"),
        pytest.param(
            "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", id="an ipBlock with a selector"
        ),
        pytest.param(
            "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]", id="an except outside its cidr"
        ),
        pytest.param("ingress: [{ports: [{endPort: 90}]}]", id="an endPort without a port"),
        pytest.param("ingress: [{ports: [{port: web, endPort: 90}]}]", id="an endPort with a named port"),
        pytest.param("ingress: [{ports: [{port: 91, endPort: 90}]}]", id="an endPort below the port"),
    ],
)
def test_a_policy_that_the_api_refuses_is_named_where_it_could_matter(spec: str) -> None:
    reasons = {(r.src, r.dst): r.reason for r in rows_of(rejecting(spec)) if "External" not in r.src + r.dst}
    assert reasons == {
        ("shop/client[Pod]", "shop/server[Pod]"): "computed without the rejected policy shop/bad[NetworkPolicy]",
        ("shop/server[Pod]", "shop/client[Pod]"): "",
    }


def test_replies_need_no_rule() -> None:
    quiet = policy(f"{TO_SERVER}\npolicyTypes: [Ingress, Egress]\ningress: [{{ports: [{{port: 80}}]}}]")
    engine = engine_of(CLIENT, SERVER, quiet)
    assert ports_between(engine, "shop/client", "shop/server") == {"TCP": [[80, 80]]}
    assert ports_between(engine, "shop/server", "shop/client") == {}


def test_all_ports_mean_the_three_protocols_that_the_api_names_and_say_nothing_of_icmp() -> None:
    assert [p.value for p in Protocol] == ["TCP", "UDP", "SCTP"]
    assert ports_between(engine_of(CLIENT, SERVER), "shop/client", "shop/server") == ALL


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: server, namespace: shop}
spec: {selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {defaultBackend: {service: {name: server, port: {number: 80}}}}
"""


@pytest.mark.parametrize(("permitted", "expected"), [(8080, [{"TCP": [[8080, 8080]]}]), (80, [])])
def test_a_policy_sees_the_pods_port_and_not_the_services(permitted: int, expected: object) -> None:
    engine = engine_of(SERVER, SERVICE, policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: {permitted}}}]}}]"))
    rows = flow_rows(engine, ingress_backends(engine.snapshot))
    assert [r.ports.to_json() for r in rows if r.src == INGRESS_CONTROLLER] == expected


def test_what_names_no_namespace_is_in_default() -> None:
    nowhere = pod("client").replace(", namespace: shop", ""), pod("server").replace(", namespace: shop", "")
    deny = policy("podSelector: {}").replace(", namespace: shop", "")
    assert ports_between(engine_of(*nowhere), "default/client", "default/server") == ALL
    assert ports_between(engine_of(*nowhere, deny), "default/client", "default/server") == {}


def test_a_namespace_without_an_object_is_there_with_its_name_label_and_no_other() -> None:
    for selector, expected in (
        ("{}", ALL),
        ("{matchLabels: {kubernetes.io/metadata.name: elsewhere}}", ALL),
        ("{matchExpressions: [{key: team, operator: DoesNotExist}]}", ALL),
        ("{matchExpressions: [{key: team, operator: Exists}]}", {}),
    ):
        rule = policy(f"{TO_SERVER}\ningress: [{{from: [{{namespaceSelector: {selector}}}]}}]")
        engine = engine_of(SERVER, pod("client", namespace="elsewhere"), rule)
        assert ports_between(engine, "elsewhere/client", "shop/server") == expected, selector
