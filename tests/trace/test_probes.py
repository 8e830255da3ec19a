"""What ingress policies do with health probes: as from the node or from Azure's probe address, by the engine."""

from __future__ import annotations

import pytest

from lib.azure.load_balancer import load_balancer_of
from lib.azure.probe_access import probe_accesses
from lib.azure.provider_settings import ProviderSettings
from lib.checks.context import make_context
from lib.checks.probe_checks import check_probes
from lib.facts.nsg import probe_address
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.tables.azure import probe_rows
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopKind
from lib.trace.probe_answer import AT_THE_NODE, PolicyAnswer, answer_probe, policies_on_probe
from lib.trace.walk import trace
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
kind: Node
metadata: {name: n2}
spec: {providerID: "azure:///n2"}
status: {addresses: [{type: InternalIP, address: 10.224.0.5}]}
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
AGENT = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a}]}}}
"""
PARTNER, NODES, PROBE = "198.51.100.0/24", "10.224.0.0/16", f"{probe_address()}/32"


def answer(cidr: str, engine: str, spec: str = "", notes: str = "", shared: bool = False) -> PolicyAnswer:
    text = CLUSTER.replace("CIDR", cidr).replace("SPEC", spec).replace("NOTES", notes)
    snapshot = snapshot_of(text)
    compiled = compile_engine(snapshot, profile(engine))
    (service,) = snapshot.services
    balancer = load_balancer_of(service, ProviderSettings(shared_probe=shared))
    (probe,) = balancer.probes
    return policies_on_probe(Context(compiled), balancer, balancer.families[0], probe)


def test_a_policy_for_clients_alone_keeps_the_probe_out_where_policies_count_for_it():
    """AKS:shared-health-probes.md: a policy's rule can make an entire node appear down."""
    found = answer(PARTNER, "cilium")
    assert found.word == "denied" and found.port.port.port == 80
    assert [decider.name for decider in found.hop.deciders] == ["shop/web[NetworkPolicy]"]


def test_under_calico_what_a_node_sends_on_is_not_its_own_traffic():
    """CALD:calico/network-policy/hosts/protect-hosts.mdx: its pods always let in "connections from processes running on
    the host". Whether policies see a probe as from the node or from Azure is not stated: here neither is let in."""
    assert answer(PARTNER, "calico").word == "denied"
    assert answer(PROBE, "calico").word == answer(NODES, "calico").word == "unknown"


def test_under_azure_npm_such_traffic_skips_ingress_policies():
    """AKS:migrate-from-npm-to-cilium-network-policy.md."""
    assert answer(PARTNER, "azure-npm").word == "allowed"


def test_by_the_api_alone_it_is_not_settled():
    """kubernetes.io, Network Policies: whether translated traffic is judged before or after is not defined."""
    assert answer(PARTNER, "kubernetes").word == "unknown"


def test_no_engine_enforces_nothing():
    assert answer(PARTNER, "none").word == "allowed"


def test_of_the_probes_own_address_and_nodes_each_is_only_a_part_under_cilium():
    """There ipBlock never matches nodes, and a pod on the receiving node sees Azure's address (cilium/cilium#33574)."""
    assert answer(PROBE, "cilium").word == "depends"
    assert answer(NODES, "cilium").word == "denied"


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
    assert answer(PARTNER, "cilium", spec, notes, shared).word == AT_THE_NODE


@pytest.mark.parametrize("cidr", [PARTNER, NODES, PROBE, "0.0.0.0/0"])
@pytest.mark.parametrize("engine", ["cilium", "calico", "azure-npm", "kubernetes", "none"])
def test_list_trace_and_finding_say_the_same_of_a_probe(engine, cidr):
    text = CLUSTER.replace("CIDR", cidr).replace("SPEC", "").replace("NOTES", "")
    status = "status: {loadBalancer: {ingress: [{ip: 203.0.113.10}]}}"
    text = text.replace("nodePort: 30080}]}", f"nodePort: 30080}}]}}\n{status}") + AGENT
    snapshot = snapshot_of(text)
    compiled = compile_engine(snapshot, profile(engine))
    context = Context(compiled)
    (access,) = probe_accesses(snapshot, context.provider, context.groups, context.known)
    (row,) = probe_rows([answer_probe(context, access)], lambda source: "", engine)
    start = read_start("internet", snapshot)
    walked = trace(context, start, read_goal("203.0.113.10:80", snapshot, start))
    hop = next(hop for hop in walked.hops if hop.kind is HopKind.PROBE)
    assert row["verdict"] == hop.verdict.value
    assert hop.reason.startswith(answer_probe(context, access).reason)
    blocked = [f for f in check_probes(make_context(snapshot, engine=compiled)) if f.subject.name == "web"]
    assert len(blocked) == (row["verdict"] == "denied")
