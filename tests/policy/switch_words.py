"""What the cases of the table of switches are made of: questions, answers with their sources, and small clusters.

``Says`` holds the expected verdict with the source's own words; an unknown one, why no source settles it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lib.model.sets import Protocol
from tests.policy.build import pod, policy

K8S = "K8S:concepts/services-networking/network-policies.md"
TYPES = "KAPI:networking/v1/types.go"
CORE = "KAPI:core/v1/types.go"
USE = "AKS:use-network-policies.md"
MOVE = "AKS:migrate-from-npm-to-cilium-network-policy.md"
POWERED = "AKS:azure-cni-powered-by-cilium.md"
FEATURES = "CALD:calico/network-policy/get-started/calico-policy/calico-network-policy.mdx"
ENTITY_RULE = "CALD:calico/_includes/content/_entityrule.mdx"
CALICO_PORTS = "CALD:calico/_includes/content/_ports.mdx"
CALICO_SERVICES = "CALD:calico/network-policy/services/services-cluster-ips.mdx"
CALICO_HOSTS = "CALD:calico/network-policy/hosts/protect-hosts.mdx"
TIERS = "CALD:calico/network-policy/policy-tiers/tiered-policy.mdx"
CILIUM_POLICY = "CIL:network/kubernetes/policy.rst"
LABELS = "CIL:operations/performance/scalability/identity-relevant-labels.rst"

FULL = "Azure NPM doesn't support IPv6. Otherwise, it fully supports the network policy specifications in Linux."
CALICO_SUPPORTS = "supports: network policy (namespaced), global network policy, Kubernetes network policy"
NOBODY = "Creating a NetworkPolicy resource without a controller that implements it will have no effect."


class Says(NamedTuple):
    """A verdict, the source that says so and its words; of an unknown verdict, why nothing settles it."""

    verdict: str
    source: str
    words: str


class Flow(NamedTuple):
    """A question about one flow."""

    src: str
    dst: str
    port: int = 80
    protocol: Protocol = Protocol.TCP


class Arrives(NamedTuple):
    """A question about what comes through the one load balancer of the documents."""


@dataclass(frozen=True)
class Case:
    """One switch seen at work; ``none`` is asked too and lets everything through.

    ``turned`` are the other answers that the switch of the profile ``base`` is given to see that it decides.
    """

    switch: str
    says: str
    documents: tuple[str, ...]
    asked: Flow | Arrives
    answers: dict[str, Says]
    turned: Any
    base: str = "kubernetes"
    none: Says = field(default=Says("allowed", K8S, NOBODY))


def placed(text: str, node: str = "", address: str = "") -> str:
    """A pod on a node, with an address."""
    if node:
        text = text.replace("spec:\n", f"spec:\n  nodeName: {node}\n")
    return text + (f"status: {{phase: Running, podIP: {address}}}\n" if address else "")


def node(name: str, address: str, version: str = "v1.31.9") -> str:
    return f"""
apiVersion: v1
kind: Node
metadata: {{name: {name}}}
status:
  addresses: [{{type: InternalIP, address: {address}}}]
  nodeInfo: {{kubeletVersion: {version}}}
"""


def of(kind: str, spec: str, version: str, name: str = "rule") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n"


WEB = pod("web", app="web", ports="[{name: http, containerPort: 8080}]")
DB = pod("db", app="db", ports="[{name: db, containerPort: 5432}]")
NODES = node("node-1", "10.1.0.4") + "---" + node("node-2", "10.1.0.5")
AGENT = placed(pod("agent", host=True), "node-1")
TO_DB = "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
INTO_WEB = "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress]\n"
DENY = policy("podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress, Egress]", name="deny")
RANGE = policy(TO_DB + "egress: [{ports: [{port: 5000, endPort: 6000}]}]")
EVERYBODY_OUTSIDE = "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]"
BY_COPY = "{matchLabels: {statefulset.kubernetes.io/pod-name: web-0}}"
STS = WEB.replace("labels: {", "labels: {statefulset.kubernetes.io/pod-name: web-0, ")


def balancer(traffic_policy: str) -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: front, namespace: shop}}
spec:
  type: LoadBalancer
  externalTrafficPolicy: {traffic_policy}
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
"""


def balanced(traffic_policy: str, rules: str) -> tuple[str, ...]:
    return NODES, placed(WEB, "node-1", "10.2.0.5"), balancer(traffic_policy), policy(INTO_WEB + rules)


CILIUM_RULE = of("CiliumNetworkPolicy", "endpointSelector: {matchLabels: {app: db}}, ingress: [{}]", "cilium.io/v2")
CALICO_RULE = of("NetworkPolicy", "selector: app == 'db', types: [Ingress]", "projectcalico.org/v3")
ADMIN_RULE = of(
    "AdminNetworkPolicy",
    "priority: 5, subject: {namespaces: {}}, ingress: [{name: deny, action: Deny, from: [{namespaces: {}}]}]",
    "policy.networking.k8s.io/v1alpha1",
).replace(", namespace: shop", "")
CLUSTER_RULE = of(
    "ClusterNetworkPolicy",
    "priority: 5, tier: Admin, subject: {namespaces: {}}, "
    "ingress: [{name: deny, action: Deny, from: [{namespaces: {}}]}]",
    "policy.networking.k8s.io/v1alpha2",
).replace(", namespace: shop", "")
BY_NETWORK = of(
    "AdminNetworkPolicy",
    "priority: 5, subject: {namespaces: {}}, egress: [{name: deny, action: Deny, to: [{networks: [10.2.0.0/16]}]}]",
    "policy.networking.k8s.io/v1alpha1",
).replace(", namespace: shop", "")

FORMATS = "Three formats are available to configure network policies natively with Kubernetes"
WEB_TO_DB = Flow("shop/web", "shop/db", 5432)
DUAL = "status: {{phase: Running, podIPs: [{{ip: 10.244.0.{0}}}, {{ip: 'fd00::{0}'}}]}}\n"
