"""The cases of the table of switches: what is asked, what each engine answers, and the source that says so."""

from __future__ import annotations

from lib.facts.engines import Known
from lib.facts.readings import SeenAs
from lib.model.sets import Protocol
from tests.policy.build import pod, policy
from tests.policy.switch_words import (
    ADMIN_RULE,
    AGENT,
    BY_COPY,
    BY_NETWORK,
    CALICO_HOSTS,
    CALICO_PORTS,
    CALICO_RULE,
    CALICO_SERVICES,
    CALICO_SUPPORTS,
    CILIUM_POLICY,
    CILIUM_RULE,
    CLUSTER_RULE,
    CORE,
    DB,
    DENY,
    DUAL,
    ENTITY_RULE,
    EVERYBODY_OUTSIDE,
    FEATURES,
    FORMATS,
    FULL,
    K8S,
    LABELS,
    MOVE,
    NODES,
    POWERED,
    RANGE,
    STS,
    TIERS,
    TO_DB,
    TYPES,
    USE,
    WEB,
    WEB_TO_DB,
    Arrives,
    Case,
    Flow,
    Says,
    balanced,
    node,
    placed,
)

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
        "judges_ipv6",
        "a pod that may receive nothing receives nothing from a pod with which it has IPv6 in common",
        (WEB + DUAL.format(1), DB + DUAL.format(2), DENY),
        Flow("shop/db", "shop/web"),
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
