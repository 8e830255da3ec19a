"""What ingress policies do with health probes: as from the node or from Azure's probe address, by the engine."""

from __future__ import annotations

import pytest

from lib.azure.load_balancer import load_balancer_of
from lib.azure.provider_settings import ProviderSettings
from lib.checks.arrivals import classes_of_pods
from lib.facts.nsg import probe_address
from lib.flows.probes import AT_THE_NODE, ProbeAtPods, probe_at_pods
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.routing.services import service_views
from tests.azure.load import snapshot_of

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {providerID: "azure:///n1"}
status: {addresses: [{type: InternalIP, address: 10.224.0.4}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.0.9, podIPs: [{ip: 10.244.0.9}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, uid: u, annotations: {NOTES}}
spec: {type: LoadBalancer, selector: {app: web}, SPEC ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: CIDR}}]}]}
"""
PARTNER, NODES, PROBE = "198.51.100.0/24", "10.224.0.0/16", f"{probe_address()}/32"


def answer(cidr: str, engine: str, spec: str = "", notes: str = "", shared: bool = False) -> ProbeAtPods:
    text = CLUSTER.replace("CIDR", cidr).replace("SPEC", spec).replace("NOTES", notes)
    snapshot = snapshot_of(text)
    compiled = compile_engine(snapshot, profile(engine))
    (view,) = service_views(snapshot)
    balancer = load_balancer_of(view.service, ProviderSettings(shared_probe=shared))
    (probe,) = balancer.probes
    return probe_at_pods(compiled, view, balancer, probe, balancer.families[0], classes_of_pods(compiled))


@pytest.mark.parametrize("engine", ["cilium", "calico"])
def test_a_policy_for_clients_alone_keeps_the_probe_out_where_policies_count_for_it(engine):
    """AKS:shared-health-probes.md: a policy that drops what nodes send can fail probes of node ports."""
    found = answer(PARTNER, engine)
    assert found.verdict == "denied" and found.port.port.port == 80


def test_under_azure_npm_such_traffic_skips_ingress_policies():
    """AKS:migrate-from-npm-to-cilium-network-policy.md."""
    assert answer(PARTNER, "azure-npm").verdict == "allowed"


def test_by_the_api_alone_it_is_not_settled():
    """kubernetes.io, Network Policies: whether translated traffic is judged before or after is not defined."""
    assert answer(PARTNER, "kubernetes").verdict == "unknown"


def test_no_engine_enforces_nothing():
    assert answer(PARTNER, "none").verdict == "allowed"


def test_of_the_probes_own_address_and_nodes_each_is_only_a_part_under_cilium():
    """There ipBlock never matches nodes, and a pod on the receiving node sees Azure's address (cilium/cilium#33574)."""
    assert answer(PROBE, "cilium").verdict == "some"
    assert answer(NODES, "cilium").verdict == "denied"


@pytest.mark.parametrize(
    ("spec", "notes", "shared"),
    [
        ("externalTrafficPolicy: Local, healthCheckNodePort: 32000,", "", False),
        ("", "", True),
        ("", 'service.beta.kubernetes.io/port_80_health-probe_port: "10256"', False),
    ],
    ids=["Local", "shared probe", "another port of the node"],
)
def test_a_probe_that_the_node_answers_is_no_matter_of_policies(spec, notes, shared):
    assert answer(PARTNER, "cilium", spec, notes, shared).verdict == AT_THE_NODE
