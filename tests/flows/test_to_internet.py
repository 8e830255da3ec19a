"""Which workloads may reach the Internet: by the API's own words on egress policies."""

from __future__ import annotations

import pytest

from lib.exposure.internet import InternetReach, to_internet
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from tests.azure.load import sample, snapshot_of

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: a, labels: {app: x}}
spec: {containers: [{name: c, image: i}]}
---
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: a}}
spec:
  podSelector: {{}}
  policyTypes: [Egress]
  egress: {egress}
"""
NAMES = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: p, namespace: a}
spec:
  endpointSelector: {}
  egress: [{toFQDNs: [{matchName: x.example}]}]
"""


@pytest.mark.parametrize(
    ("egress", "reach", "ports"),
    [
        ("[]", InternetReach.NOWHERE, "none"),
        ("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]", InternetReach.ANYWHERE, "TCP 443"),
        ("[{to: [{ipBlock: {cidr: 20.0.0.0/8}}], ports: [{port: 443}]}]", InternetReach.SOMEWHERE, "TCP 443"),
        ("[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", InternetReach.NOWHERE, "none"),
        ("[{to: [{podSelector: {}}]}]", InternetReach.NOWHERE, "none"),
        ("[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [20.0.0.0/8]}}], ports: [{port: 443}]}]",
         InternetReach.SOMEWHERE, "TCP 443"),
    ],
)  # fmt: skip
def test_a_policy_decides_how_much_of_the_internet_is_reached(egress: str, reach: InternetReach, ports: str) -> None:
    (row,) = to_internet(compile_engine(snapshot_of(PODS + POLICY.format(egress=egress))))
    assert row.reach is reach
    assert (str(row.ports) if row.ports else "none") == ports
    assert row.reason == ""


def test_nobody_isolates_means_everywhere_on_all_ports() -> None:
    (row,) = to_internet(compile_engine(snapshot_of(PODS)))
    assert row.reach is InternetReach.ANYWHERE and str(row.ports) == "all ports"


def test_a_name_without_addresses_is_unknown_with_its_reason() -> None:
    (row,) = to_internet(compile_engine(snapshot_of(PODS + NAMES), profile("cilium")))
    assert row.reach is InternetReach.UNKNOWN and not row.ports and row.unsettled
    assert "x.example" in row.reason


def test_rows_are_limited_to_namespaces_and_the_open_ones_come_first() -> None:
    engine = compile_engine(sample("shop"))
    rows = to_internet(engine)
    order = [row.reach for row in rows]
    assert order == sorted(order, key=list(InternetReach).index)
    assert {row.workload.namespace for row in to_internet(engine, frozenset({"shop-web"}))} == {"shop-web"}
