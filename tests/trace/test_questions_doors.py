"""The rows of doors come in the order of their links to traces."""

from __future__ import annotations

from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.routing.entry_points import entry_points
from lib.routing.routes import route_views
from lib.tables.entry_points import entry_point_rows, widest_first
from lib.trace.questions import Cluster, of_door
from tests.conftest import ROOT
from tests.loaders.parse.build import load


def test_each_row_of_doors_has_the_link_of_its_own_door() -> None:
    inputs, _ = inputs_from_paths([str(ROOT / "sample_data" / "shop")], None)
    snapshot = assemble(read_inputs(inputs), title="shop").snapshot
    doors = entry_points(snapshot)
    rows = entry_point_rows(doors, lambda source: "")
    ordered = widest_first(doors)
    assert ordered != doors, "the sample has doors of several scopes"
    for row, door in zip(rows, ordered, strict=True):
        assert (row["subject"], row["port"] or 0, row["kind"]) == (
            door.subject.qualified_name,
            door.port,
            door.kind.value,
        )
        _, to = of_door(door, Cluster(snapshot, route_views(snapshot)))
        assert f":{door.port}" in to if door.port else to


GATEWAYS = """
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop}
spec: {selector: {app: NAME}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop, labels: {app: NAME}}
spec: {containers: [{name: c, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: ADDRESS}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: NAME, namespace: shop}
spec: {parentRefs: [{name: edge, sectionName: NAME}], rules: [{backendRefs: [{name: NAME, port: 80}]}]}
"""
EDGE = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  gatewayClassName: any
  listeners:
  - {name: a, port: 80, protocol: HTTP}
  - {name: b, port: 81, protocol: HTTP}
  - {name: c, port: 82, protocol: HTTP}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: both, namespace: shop}
spec:
  rules:
  - http:
      paths:
      - {path: /a, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}
      - {path: /b, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}
      - {path: /gone, pathType: Prefix, backend: {service: {name: gone, port: {number: 80}}}}
"""


def test_an_ingress_and_each_listener_lead_to_the_workloads_of_their_routes() -> None:
    text = EDGE + "".join(
        GATEWAYS.replace("NAME", n).replace("ADDRESS", a) for n, a in (("a", "10.1.0.4"), ("b", "10.1.0.5"))
    )
    snapshot = load(text).snapshot
    rows = entry_point_rows(entry_points(snapshot), lambda source: "", route_views(snapshot))
    assert {(row["kind"], row["port"]): row["leads_to"] for row in rows} == {
        ("ingress", 80): "shop/a, shop/b",
        ("gateway", 80): "shop/a",
        ("gateway", 81): "shop/b",
        ("gateway", 82): "",
    }
