"""The cases of the table of switches: what is asked, what each engine answers, and the source that says so.

``Says`` holds the expected verdict with the source's own words; an unknown one, why no source settles it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lib.facts.engines import Known
from lib.facts.readings import SeenAs
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

CASES = [
    Case(
        "enforces",
        "a policy closes a pod where something enforces it",
        (DB, WEB, DENY),
        Flow("shop/db", "shop/web"),
        {
            "kubernetes": Says("denied", TYPES, "any pods selected by this field"),
            "azure-npm": Says("denied", USE, "Azure Network Policy Manager for Linux uses Linux IPTables"),
            "calico": Says("denied", USE, "All policy types are supported."),
            "cilium": Says(
                "denied", USE, "Cilium enforces network policy on the traffic using Linux Berkeley Packet Filter (BPF)"
            ),
        },
        False,
    ),
    Case(
        "policy_kinds",
        "a CiliumNetworkPolicy counts for Cilium alone",
        (WEB, DB, CILIUM_RULE),
        WEB_TO_DB,
        {
            "kubernetes": Says("denied", CILIUM_POLICY, FORMATS),
            "azure-npm": Says("allowed", USE, "Other features: None."),
            "calico": Says("allowed", TIERS, CALICO_SUPPORTS),
            "cilium": Says("denied", CILIUM_POLICY, FORMATS),
        },
        frozenset({("networking.k8s.io", "NetworkPolicy")}),
    ),
    Case(
        "policy_kinds",
        "Calico's own NetworkPolicy counts for Calico alone",
        (WEB, DB, CALICO_RULE),
        WEB_TO_DB,
        {
            "kubernetes": Says("denied", FEATURES, "Enforce which network traffic that is allowed or denied"),
            "azure-npm": Says("allowed", USE, "Other features: None."),
            "calico": Says("denied", TIERS, CALICO_SUPPORTS),
            "cilium": Says("allowed", CILIUM_POLICY, FORMATS),
        },
        frozenset({("networking.k8s.io", "NetworkPolicy")}),
    ),
    Case(
        "kinds_by_version",
        "an AdminNetworkPolicy counts for some versions of Calico, and which one it is nobody says",
        (WEB, DB, ADMIN_RULE),
        WEB_TO_DB,
        {
            "kubernetes": Says("denied", TIERS, "where all Kubernetes admin network policies reside"),
            "azure-npm": Says("allowed", USE, "Other features: None."),
            "calico": Says("unknown", TIERS, "Calico 3.29 to 3.31"),
            "cilium": Says("allowed", CILIUM_POLICY, FORMATS),
        },
        frozenset({("policy.networking.k8s.io", "AdminNetworkPolicy", "a version")}),
    ),
    Case(
        "kinds_by_version",
        "a ClusterNetworkPolicy counts for later versions of Calico, and which one it is nobody says",
        (WEB, DB, CLUSTER_RULE),
        WEB_TO_DB,
        {
            "kubernetes": Says(
                "denied", "NPA:pull/376", "ClusterNetworkPolicy support is introduced in Calico in v3.32 release"
            ),
            "azure-npm": Says("allowed", USE, "Other features: None."),
            "calico": Says("unknown", "NPA:pull/376", "Calico 3.32 or later"),
            "cilium": Says(
                "allowed",
                "CILPR:47227",
                "is available starting with Cilium 1.20; support must be enabled by setting a flag",
            ),
        },
        frozenset({("policy.networking.k8s.io", "ClusterNetworkPolicy", "a version")}),
    ),
    Case(
        "ip_block_matches_pods",
        "an ipBlock over a pod's address lets traffic to it through",
        (
            placed(WEB, "", "10.2.0.5"),
            placed(DB, "", "10.2.0.6"),
            policy(TO_DB + "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"),
        ),
        WEB_TO_DB,
        {
            "kubernetes": Says(
                "denied",
                K8S,
                "These should be cluster-external IPs, since Pod IPs are ephemeral and unpredictable.",
            ),
            "azure-npm": Says(
                "allowed",
                MOVE,
                "Under NPM, this policy would allow egress to all destinations, including Pods and Nodes.",
            ),
            "calico": Says("allowed", ENTITY_RULE, "nets: Match packets with IP in any of the listed CIDRs."),
            "cilium": Says(
                "denied",
                POWERED,
                "Cilium blocks egress to pod and node IPs even though the IPs are within the ipBlock CIDR.",
            ),
        },
        Known.YES,
    ),
    Case(
        "ip_block_matches_nodes",
        "an ipBlock over a node's address lets traffic to the pods on its network through",
        (NODES, placed(WEB, "node-2"), AGENT, policy(TO_DB + "egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}]}]")),
        Flow("shop/web", "shop/agent"),
        {
            "kubernetes": Says("allowed", K8S, "you can allow traffic from a hostNetwork Pod using an ipBlock rule"),
            "azure-npm": Says(
                "allowed",
                MOVE,
                "Under NPM, this policy would allow egress to all destinations, including Pods and Nodes.",
            ),
            "calico": Says("allowed", ENTITY_RULE, "nets: Match packets with IP in any of the listed CIDRs."),
            "cilium": Says("denied", POWERED, "Network policies can't use ipBlock to allow access to node or pod IPs."),
        },
        Known.NO,
    ),
    Case(
        "own_node_egress_allowed",
        "a pod that may send nothing still reaches its own node",
        (NODES, placed(WEB, "node-1"), DENY),
        Flow("shop/web", "node/node-1"),
        {
            "kubernetes": Says("allowed", K8S, "nor do they have the ability to block access from their resident node"),
            "azure-npm": Says(
                "allowed",
                MOVE,
                "Kubernetes NetworkPolicy on NPM doesn't block egress traffic from a pod to its own node's IP",
            ),
            "calico": Says("denied", CALICO_HOSTS, "after traffic passes any egress policy applied to the workload"),
            "cilium": Says("denied", MOVE, "egress to the node IP is blocked unless you permit it explicitly"),
        },
        Known.NO,
    ),
    Case(
        "end_port",
        "a port within a range that endPort ends is permitted",
        (WEB, DB, RANGE),
        WEB_TO_DB,
        {
            "kubernetes": Says("allowed", TYPES, "the range of ports from port to endPort if set, inclusive"),
            "azure-npm": Says("allowed", USE, FULL),
            "calico": Says("allowed", FEATURES, "Ports: numbered, ports in a range, and Kubernetes named ports"),
            "cilium": Says(
                "unknown",
                MOVE,
                "Cilium started supporting the endPort field in Kubernetes NetworkPolicy in version 1.17",
            ),
        },
        Known.NO,
    ),
    Case(
        "end_port",
        "the first port of a range is permitted by an engine that does not know endPort, too",
        (WEB, DB, RANGE),
        Flow("shop/web", "shop/db", 5000),
        {
            "kubernetes": Says("allowed", TYPES, "the range of ports from port to endPort if set, inclusive"),
            "azure-npm": Says("allowed", USE, FULL),
            "calico": Says("allowed", FEATURES, "Ports: numbered, ports in a range, and Kubernetes named ports"),
            "cilium": Says("allowed", K8S, "the policy will be applied only for the single port field"),
        },
        None,
    ),
    Case(
        "end_port_from",
        "nodes of Kubernetes 1.32 show that Cilium knows endPort",
        (node("node-1", "10.1.0.4", "v1.32.5"), WEB, DB, RANGE),
        WEB_TO_DB,
        {
            "kubernetes": Says("allowed", TYPES, "the range of ports from port to endPort if set, inclusive"),
            "azure-npm": Says("allowed", USE, FULL),
            "calico": Says("allowed", FEATURES, "Ports: numbered, ports in a range, and Kubernetes named ports"),
            "cilium": Says("allowed", POWERED, "Kubernetes version 1.32: minimum Cilium version 1.17.9"),
        },
        None,
        base="cilium",
    ),
    Case(
        "judges_sctp",
        "a rule that permits a port of SCTP counts",
        (WEB, DB, policy(TO_DB + "egress: [{ports: [{port: 5432, protocol: SCTP}]}]")),
        Flow("shop/web", "shop/db", 5432, Protocol.SCTP),
        {
            "kubernetes": Says("allowed", TYPES, "the protocol (TCP, UDP, or SCTP) which traffic must match"),
            "azure-npm": Says("allowed", USE, FULL),
            "calico": Says("allowed", FEATURES, "Protocols: TCP, UDP, ICMP, SCTP, UDPlite, ICMPv6"),
            "cilium": Says("unknown", "CIL:configuration/sctp", "SCTP"),
        },
        Known.UNKNOWN,
    ),
    Case(
        "judges_ipv6",
        "a pod that may receive nothing receives nothing from an IPv6 address",
        (WEB, DENY),
        Flow("2001:db8::1", "shop/web"),
        {
            "kubernetes": Says("denied", TYPES, 'Valid examples are "192.168.1.0/24" or "2001:db8::/64"'),
            "azure-npm": Says("unknown", USE, "does not support IPv6"),
            "calico": Says("denied", FEATURES, "IP version (IPv4, IPv6)"),
            "cilium": Says("denied", POWERED, "This feature also allows you to control your IPv6 traffic"),
        },
        Known.UNKNOWN,
    ),
    Case(
        "tells_port_names_apart",
        "an egress rule with a port name that pods use for several numbers means each pod's own",
        (
            WEB,
            DB,
            pod("other", ports="[{name: db, containerPort: 6432}]"),
            policy(TO_DB + "egress: [{ports: [{port: db}]}]"),
        ),
        WEB_TO_DB,
        {
            "kubernetes": Says("allowed", TYPES, "This can either be a numerical or named port on a pod."),
            "azure-npm": Says("allowed", USE, FULL),
            "calico": Says(
                "allowed",
                CALICO_PORTS,
                "allowing for the named port to map to different numeric values for each endpoint",
            ),
            "cilium": Says("unknown", MOVE, "port name"),
        },
        Known.UNKNOWN,
    ),
    Case(
        "cluster_policy_ingress_enforced",
        "a default deny stops what comes through a load balancer with externalTrafficPolicy Cluster",
        balanced("Cluster", ""),
        Arrives(),
        {
            "kubernetes": Says(
                "unknown", K8S, "it is not defined whether this happens before or after NetworkPolicy processing"
            ),
            "azure-npm": Says(
                "allowed", MOVE, "access through NodePort or LoadBalancer is still allowed despite the deny-all policy"
            ),
            "calico": Says(
                "denied", CALICO_SERVICES, "Add rules that allow host endpoints to access the service ports."
            ),
            "cilium": Says(
                "denied", MOVE, "All ingress traffic is blocked, including traffic via NodePort or LoadBalancer"
            ),
        },
        Known.NO,
    ),
    Case(
        "cluster_policy_source",
        "where only addresses outside are let in, what a node passed on with its own address is not",
        balanced("Cluster", EVERYBODY_OUTSIDE),
        Arrives(),
        {
            "kubernetes": Says("allowed", K8S, "whoever it is taken for: you can allow traffic from a hostNetwork Pod"),
            "azure-npm": Says("allowed", MOVE, "isn't subject to ingress policy enforcement"),
            "calico": Says("allowed", ENTITY_RULE, "nets: Match packets with IP in any of the listed CIDRs."),
            "cilium": Says("some", "CILPR:33574", "Cilium does not SNAT external source IP for pods on same node"),
        },
        SeenAs.NODE,
        base="cilium",
    ),
    Case(
        "cluster_policy_source",
        "where everybody outside but the nodes' subnet is let in, it hangs on who is taken for the source",
        balanced(
            "Cluster",
            "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}, {ipBlock: {cidr: '::/0'}}]}]",
        ),
        Arrives(),
        {
            "kubernetes": Says(
                "unknown", K8S, "it is not defined whether this happens before or after NetworkPolicy processing"
            ),
            "azure-npm": Says("allowed", MOVE, "isn't subject to ingress policy enforcement"),
            "calico": Says("unknown", CALICO_SERVICES, "is not stated"),
            "cilium": Says("some", "CILPR:33574", "Cilium does not SNAT external source IP for pods on same node"),
        },
        SeenAs.NODE,
        base="calico",
    ),
    Case(
        "local_policy_ingress_enforced",
        "a default deny stops what comes through a load balancer with externalTrafficPolicy Local",
        balanced("Local", ""),
        Arrives(),
        {
            "kubernetes": Says(
                "denied", CORE, "preserves the source IP of the traffic by routing only to endpoints on the same node"
            ),
            "azure-npm": Says("unknown", MOVE, "whether ingress policies apply under Local is not stated"),
            "calico": Says(
                "denied",
                CALICO_SERVICES,
                "the original source address of external traffic is preserved, and you can define policy directly",
            ),
            "cilium": Says("denied", MOVE, "Cilium enforces ingress policies on all traffic"),
        },
        Known.NO,
    ),
    Case(
        "local_policy_ingress_enforced",
        "with externalTrafficPolicy Local a rule for addresses outside lets the client in",
        balanced("Local", EVERYBODY_OUTSIDE),
        Arrives(),
        {
            "kubernetes": Says(
                "allowed", CORE, "preserves the source IP of the traffic by routing only to endpoints on the same node"
            ),
            "azure-npm": Says("allowed", MOVE, "whether it is enforced or not: an ipBlock allows external IPs"),
            "calico": Says("allowed", CALICO_SERVICES, "the original source address of external traffic is preserved"),
            "cilium": Says(
                "allowed", MOVE, "explicitly allow traffic from the expected external sources (for example, IP ranges"
            ),
        },
        None,
    ),
    Case(
        "ignored_labels",
        "a policy that selects one copy of a StatefulSet by its pod-name label closes it",
        (STS, DB, policy(f"podSelector: {BY_COPY}")),
        Flow("shop/db", "shop/web"),
        {
            "kubernetes": Says(
                "denied", TYPES, "podSelector selects the pods to which this NetworkPolicy object applies."
            ),
            "azure-npm": Says("denied", USE, FULL),
            "calico": Says("denied", FEATURES, "Endpoint selectors (using label expression to select pods"),
            "cilium": Says(
                "allowed",
                LABELS,
                r"any:!statefulset\.kubernetes\.io/pod-name: Ignore statefulset.kubernetes.io/pod-name label",
            ),
        },
        ("statefulset.kubernetes.io/pod-name",),
    ),
    Case(
        "ignored_labels",
        "a peer that names one copy of a StatefulSet by its pod-name label is let in",
        (
            STS,
            DB,
            policy(f"podSelector: {{matchLabels: {{app: db}}}}\ningress: [{{from: [{{podSelector: {BY_COPY}}}]}}]"),
        ),
        WEB_TO_DB,
        {
            "kubernetes": Says("allowed", TYPES, "podSelector is a label selector which selects pods."),
            "azure-npm": Says("allowed", USE, FULL),
            "calico": Says("allowed", FEATURES, "Endpoint selectors (using label expression to select pods"),
            "cilium": Says(
                "denied",
                LABELS,
                r"any:!statefulset\.kubernetes\.io/pod-name: Ignore statefulset.kubernetes.io/pod-name label",
            ),
        },
        ("statefulset.kubernetes.io/pod-name",),
    ),
    Case(
        "networks_skip_pods",
        "the networks of a cluster-wide policy mean pods too, unless somebody asks for the contrary",
        (placed(WEB, "", "10.2.0.5"), placed(DB, "", "10.2.0.6"), BY_NETWORK),
        WEB_TO_DB,
        {
            "kubernetes": Says(
                "denied", "NPA:pull/376", "cluster-internal traffic will be checked against the rule as well"
            ),
            "azure-npm": Says("allowed", USE, "Other features: None."),
            "calico": Says("unknown", TIERS, "Calico 3.29 to 3.31"),
            "cilium": Says("allowed", CILIUM_POLICY, FORMATS),
        },
        True,
    ),
]


ON_ITS_NODES_NETWORK = {
    "kubernetes": (K8S, "it ignores hostNetwork pods when matching podSelector and namespaceSelector"),
    "azure-npm": (USE, FULL),
    "calico": (FEATURES, "In Kubernetes, each pod is a Calico endpoint; host endpoints are interfaces on a host"),
}
SAME_FOR_ALL: list[tuple[str, tuple[str, ...], Flow, str, dict[str, tuple[str, str]]]] = [
    (
        "a node reaches its own pods whatever isolates them",
        (NODES, placed(WEB, "node-1"), DENY),
        Flow("node/node-1", "shop/web"),
        "allowed",
        {
            "kubernetes": (TYPES, "OR if the traffic source is the pod's local node"),
            "azure-npm": (USE, FULL),
            "calico": (
                CALICO_HOSTS,
                "allows all connections from processes running on the host to guest workloads on the host",
            ),
            "cilium": (
                "CIL:security/policy/layer3.rst",
                "automatically allow all communication from the local host of all local endpoints",
            ),
        },
    ),
    (
        "another node does not",
        (NODES, placed(WEB, "node-2"), DENY),
        Flow("node/node-1", "shop/web"),
        "denied",
        {
            "kubernetes": (TYPES, "OR if the traffic source is the pod's local node"),
            "azure-npm": (USE, FULL),
            "calico": (CALICO_HOSTS, "processes running on the host to guest workloads on the host"),
            "cilium": (
                "CIL:security/policy/layer3.rst",
                "Any node in any of the connected clusters other than the local host",
            ),
        },
    ),
    (
        "no policy isolates a pod on its node's network",
        (NODES, placed(WEB, "node-2"), AGENT, policy("podSelector: {}")),
        Flow("shop/web", "shop/agent"),
        "allowed",
        {
            **ON_ITS_NODES_NETWORK,
            "cilium": (POWERED, "Network policies aren't applied to pods using host networking"),
        },
    ),
    (
        "a pod on its node's network is no peer by its labels",
        (
            NODES,
            placed(WEB, "node-2"),
            AGENT,
            policy(INTO_WEB + "ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]"),
        ),
        Flow("shop/agent", "shop/web"),
        "denied",
        {
            **ON_ITS_NODES_NETWORK,
            "cilium": (POWERED, "these pods use the host identity instead of having individual identities"),
        },
    ),
]
