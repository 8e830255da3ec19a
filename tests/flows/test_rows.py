"""The rows of ``flows``: their form, their limits, and what an ingress controller may carry."""

from __future__ import annotations

import pytest

from lib.flows import INGRESS_CONTROLLER, FlowRow, flow_rows, to_json
from lib.policy.engine import Engine
from lib.routing.routes import ingress_backends
from tests.policy.build import engine_of, namespace, pod, policy

WEB = pod("web", ports="[{name: http, containerPort: 8080}]", app="web")
ROUTE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


def all_rows(engine: Engine, **options: object) -> list[FlowRow]:
    return list(flow_rows(engine, ingress_backends(engine.snapshot), **options))  # type: ignore[arg-type]


def from_ingress(*documents: str) -> list[tuple[str, object]]:
    rows = all_rows(engine_of(WEB, ROUTE, *documents))
    return [(r.verdict.value, r.ports.to_json()) for r in rows if r.src == INGRESS_CONTROLLER]


TCP_8080 = {"TCP": [[8080, 8080]]}


def test_a_route_to_an_open_workload_is_carried_to_its_target_port() -> None:
    assert from_ingress() == [("allowed", TCP_8080)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{}", [("allowed", TCP_8080)]),
        ("{from: [{namespaceSelector: {}}], ports: [{port: 8080}]}", [("allowed", TCP_8080)]),
        ("{from: [{namespaceSelector: {}}], ports: [{port: 80}]}", []),
        (
            "{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}",
            [("allowed", TCP_8080)],
        ),
        ("{from: [{namespaceSelector: {matchLabels: {name: ingress}}}]}", [("unknown", TCP_8080)]),
        ("{from: [{podSelector: {}}]}", [("unknown", TCP_8080)]),
        ("{from: [{podSelector: {}}], ports: [{port: 1}]}", []),
        ("{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}", []),
    ],
)
def test_what_an_ingress_controller_may_carry_depends_on_who_is_let_in(rule: str, expected: object) -> None:
    assert from_ingress(policy(f"podSelector: {{}}\ningress: [{rule}]")) == expected


def test_a_workload_that_lets_nobody_in_gets_nothing_from_an_ingress() -> None:
    assert from_ingress(policy("podSelector: {}")) == []


def test_an_unknown_ingress_row_says_on_what_it_depends() -> None:
    engine = engine_of(WEB, ROUTE, policy("podSelector: {}\ningress: [{from: [{podSelector: {}}]}]"))
    (row,) = (r for r in all_rows(engine) if r.src == INGRESS_CONTROLLER)
    assert "controller's namespace" in row.reason


def addressed(text: str, *addresses: str) -> str:
    listed = ", ".join(f"{{ip: '{each}'}}" for each in addresses)
    return f"{text}status: {{phase: Running, podIPs: [{listed}]}}\n"


@pytest.mark.parametrize(("version", "word"), [(4, "IPv4"), (6, "IPv6")])
def test_a_row_from_an_ingress_controller_says_over_which_ip_family(version: int, word: str) -> None:
    """A rule of Calico's with ipVersion is about packets of that family alone."""
    rule = f"{{action: Allow, ipVersion: {version}, protocol: TCP, destination: {{ports: [8080]}}}}"
    only = f"""
    apiVersion: projectcalico.org/v3
    kind: NetworkPolicy
    metadata: {{name: default.one, namespace: shop}}
    spec: {{selector: app == 'web', types: [Ingress], ingress: [{rule}]}}
    """
    engine = engine_of(addressed(WEB, "10.1.0.1", "fd00::1"), ROUTE, only)
    (row,) = (r for r in all_rows(engine) if r.src == INGRESS_CONTROLLER)
    ports = {"only_ipv4": row.only_ipv4, "only_ipv6": row.only_ipv6}
    assert {name: held.to_json() for name, held in ports.items() if held} == {f"only_{word.lower()}": TCP_8080}
    other = "IPv6" if version == 4 else "IPv4"
    assert f"over {word} allowed" in row.reason and f"over {other} denied" in row.reason
    assert (row.verdict.value, row.pods) == ("partial", "")


def test_a_filter_keeps_the_rows_with_an_end_in_the_namespaces() -> None:
    engine = engine_of(WEB, ROUTE, pod("a", namespace="one"), pod("b", namespace="two"))
    kept = all_rows(engine, namespaces={"one"})
    assert {(r.src, r.dst) for r in kept if "External" not in r.src + r.dst} == {
        ("one/a[Pod]", "shop/web[Pod]"),
        ("one/a[Pod]", "two/b[Pod]"),
        ("shop/web[Pod]", "one/a[Pod]"),
        ("two/b[Pod]", "one/a[Pod]"),
    }
    assert [r for r in all_rows(engine) if "one/" in r.src + r.dst] == kept


def test_the_document_has_the_schema_and_leaves_empty_keys_out() -> None:
    engine = engine_of(WEB, pod("b"), policy("podSelector: {}\ningress: [{ports: [{port: 80}]}]"))
    document = to_json(engine, all_rows(engine), [{"severity": "warning"}])
    assert document["schema"] == "netatlas.flows/1"
    assert document["engine"] == "kubernetes"
    assert document["problems"] == [{"severity": "warning"}]
    assert document["flows"][0] == {
        "src": "shop/b[Pod]",
        "dst": "shop/web[Pod]",
        "ports": {"TCP": [[80, 80]]},
        "verdict": "allowed",
    }


def test_ports_of_one_pairs_rows_never_overlap() -> None:
    owner = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]"
    pods = [pod(f"db-{i}", index=str(i)).replace("labels:", f"{owner}, labels:") for i in range(2)]
    spec = "podSelector: {matchLabels: {index: '0'}}\ningress: [{ports: [{port: 5, endPort: 9}]}]"
    rows = [r for r in all_rows(engine_of(WEB, *pods, policy(spec))) if r.dst == "shop/db[StatefulSet]"]
    for src in {r.src for r in rows}:
        allowed, partial = (r.ports for r in rows if r.src == src)
        assert not allowed & partial
        assert (allowed | partial).is_all


def test_a_workload_whose_pods_have_all_ended_has_no_rows() -> None:
    assert all_rows(engine_of(WEB + "status: {phase: Succeeded}\n", namespace("shop"))) == []


def test_an_empty_cluster_has_no_rows() -> None:
    assert all_rows(engine_of(namespace("shop"))) == []
