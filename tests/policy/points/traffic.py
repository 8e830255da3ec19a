"""Points 14 to 22: traffic, endpoints, and the cluster-wide kinds."""

from __future__ import annotations

from lib.model.sets import Protocol
from tests.policy import test_cluster_policies as cluster
from tests.policy.build import policy
from tests.policy.points.build import (
    ACCEPT,
    ALLOW,
    API,
    DENY,
    DUAL,
    DUAL_WEB,
    OPEN,
    PASS,
    SHUT,
    SIDECAR,
    STRANGER,
    TO_API,
    WEB,
    A,
    Point,
    S,
    W,
    anp,
    banp,
    cnp,
    egress,
    ingress,
    kcnp,
    np,
    p,
)

TRAFFIC = [
    # 14, 15: for every kind
    *(
        Point(number, f"{sentence}: {kind}", documents, src, A, "allowed")
        for number, sentence, src in ((14, "a pod cannot block itself", A), (15, "replies need no rule", W))
        for kind, documents in {
            14: {
                "NetworkPolicy": (policy("podSelector: {}\npolicyTypes: [Ingress, Egress]"),),
                "ClusterNetworkPolicy": (kcnp(DENY),),
                "AdminNetworkPolicy": (anp(DENY),),
                "CiliumNetworkPolicy": (cnp("ingress: [{}], egress: [{}]"),),
                "Calico's NetworkPolicy": (np("types: [Ingress, Egress]"),),
            },
            15: {
                "NetworkPolicy": (policy(TO_API + "policyTypes: [Ingress, Egress]\ningress: [{}]"),),
                "ClusterNetworkPolicy": (kcnp("egress: [{action: Deny, to: [{namespaces: {}}]}]"),),
                "AdminNetworkPolicy": (anp("egress: [{action: Deny, to: [{namespaces: {}}]}]"),),
                "CiliumNetworkPolicy": (cnp("ingress: [{fromEndpoints: [{}]}], egress: [{}]"),),
                "Calico's NetworkPolicy": (np("types: [Ingress, Egress], ingress: [{action: Allow}]"),),
            },
        }[number].items()
    ),
    *(
        Point(15, f"and what the pod itself begins is judged: {kind}", documents, A, W, "denied")
        for kind, documents in (
            ("NetworkPolicy", (policy(TO_API + "policyTypes: [Ingress, Egress]\ningress: [{}]"),)),
            ("ClusterNetworkPolicy", (kcnp("egress: [{action: Deny, to: [{namespaces: {}}]}]"),)),
            ("CiliumNetworkPolicy", (cnp("ingress: [{fromEndpoints: [{}]}], egress: [{}]"),)),
            ("Calico's NetworkPolicy", (np("types: [Ingress, Egress], ingress: [{action: Allow}]"),)),
        )
    ),
    # 17
    *(
        Point(
            17,
            f"a rule for ICMP says nothing of other protocols: {kind}, {each.value}",
            (document,),
            W,
            A,
            expected,
            protocol=each,
        )
        for kind, document, expected in (
            ("Calico allows", np("types: [Ingress], ingress: [{action: Allow, protocol: ICMP}]"), "denied"),
            (
                "Calico denies",
                np("types: [Ingress], ingress: [{action: Deny, protocol: ICMP}, {action: Allow}]"),
                "allowed",
            ),
            ("Cilium allows", cnp("ingress: [{icmps: [{fields: [{type: 8}]}]}]"), "denied"),
            (
                "Cilium denies",
                cnp("ingressDeny: [{icmps: [{fields: [{type: 8}]}]}], enableDefaultDeny: {ingress: false}"),
                "allowed",
            ),
        )
        for each in Protocol
    ),
    # 18
    p(
        18,
        "a sidecar among init containers has ports",
        ingress(ports="[{port: side}]"),
        W,
        A,
        "allowed",
        port=7,
        base=(WEB, API + SIDECAR % "restartPolicy: Always, "),
    ),
    p(
        18,
        "a plain init container has none",
        ingress(ports="[{port: side}]"),
        W,
        A,
        "denied",
        port=7,
        base=(WEB, API + SIDECAR % ""),
    ),
    # 19
    p(
        19,
        "every namespace has its name as a label",
        ingress("[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]"),
        S,
        A,
        "allowed",
    ),
    p(
        19,
        "also one without an object",
        ingress("[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]"),
        S,
        A,
        "allowed",
        base=(API, STRANGER),
    ),
    p(
        19,
        "which is a namespace like others",
        ingress("[{namespaceSelector: {}}]"),
        S,
        A,
        "allowed",
        base=(API, STRANGER),
    ),
    Point(
        19,
        "what names no namespace is in default",
        (policy("podSelector: {}").replace(", namespace: shop", ""),),
        "default/web",
        "default/api",
        "denied",
        base=(WEB.replace(", namespace: shop", ""), API.replace(", namespace: shop", "")),
    ),
    # 20
    p(20, "0.0.0.0/0 does not cover IPv6", ingress("[{ipBlock: {cidr: 0.0.0.0/0}}]"), "2001:db8::1", A, "denied"),
    p(20, "it covers IPv4", ingress("[{ipBlock: {cidr: 0.0.0.0/0}}]"), "203.0.113.9", A, "allowed"),
    Point(
        20,
        "what one end permits for IPv4 alone and the other for IPv6 alone is nothing",
        (
            policy(ingress("[{ipBlock: {cidr: 10.0.0.0/8}}]")),
            policy(egress("[{ipBlock: {cidr: 'fd00::/8'}}]"), name="out"),
        ),
        W,
        A,
        "denied",
        engine="calico",
        base=(DUAL_WEB, DUAL),
    ),
    # 21
    Point(
        21,
        "the lower priority number wins",
        (anp(DENY, name="b", priority=20), anp(ALLOW, name="a", priority=10), SHUT),
        W,
        A,
        "allowed",
    ),
    Point(21, "of equal priorities nobody knows", (anp(DENY, name="a"), anp(ALLOW, name="b")), W, A, "unknown"),
    Point(
        21,
        "the first matching rule decides",
        (anp("ingress: [{action: Deny, from: [{namespaces: {}}]}, {action: Allow, from: [{namespaces: {}}]}]"),),
        W,
        A,
        "denied",
    ),
    Point(21, "Allow is final", (anp(ALLOW), SHUT), W, A, "allowed"),
    Point(21, "Deny is final", (anp(DENY), OPEN), W, A, "denied"),
    Point(
        21,
        "Pass skips the other ones",
        (anp(PASS, name="a", priority=1), anp(DENY, name="b", priority=2)),
        W,
        A,
        "allowed",
    ),
    Point(21, "and goes to the NetworkPolicies", (anp(PASS), SHUT), W, A, "denied"),
    Point(21, "then to the baseline", (anp(PASS), banp(DENY)), W, A, "denied"),
    Point(21, "a NetworkPolicy that selects the pod is final", (banp(DENY), OPEN), W, A, "allowed"),
    Point(21, "also where it permits nothing", (banp(ALLOW), SHUT), W, A, "denied"),
    Point(
        21,
        "for its own direction only",
        (banp("egress: [{action: Deny, to: [{namespaces: {}}]}]"), OPEN),
        A,
        W,
        "denied",
    ),
    Point(21, "without rules for a direction it does not isolate", (anp("ingress: []"),), W, A, "allowed"),
    Point(
        21,
        "allowed egress opens no ingress",
        (cluster.anp("egress: [{action: Allow, to: [{namespaces: {}}]}]").replace("app: server", "app: web"), SHUT),
        W,
        A,
        "denied",
    ),
    # 22
    Point(22, "Accept is final", (kcnp(ACCEPT), SHUT), W, A, "allowed"),
    Point(22, "Deny is final", (kcnp(DENY), OPEN), W, A, "denied"),
    Point(22, "Pass goes on to the NetworkPolicies", (kcnp(PASS), SHUT), W, A, "denied"),
    Point(22, "NetworkPolicies come before the Baseline tier", (kcnp(DENY, tier="Baseline"), OPEN), W, A, "allowed"),
    Point(22, "the Baseline tier decides what is left", (kcnp(DENY, tier="Baseline"),), W, A, "denied"),
    Point(
        22,
        "the Baseline tier has several, by priority",
        (kcnp(DENY, name="b", tier="Baseline", priority=20), kcnp(ACCEPT, name="a", tier="Baseline", priority=10)),
        W,
        A,
        "allowed",
    ),
    *(
        Point(
            22,
            f"a peer of a later API fails closed: {action}",
            (
                kcnp(cluster.ingress(action, peers="[{clouds: {}}]")).replace(
                    "{name: rule}", "{name: rule, uid: u, resourceVersion: '1'}"
                ),
                *more,
            ),
            W,
            A,
            expected,
        )
        for action, more, expected in (
            ("Accept", (SHUT,), "denied"),
            ("Deny", (OPEN,), "denied"),
            ("Pass", (OPEN,), "denied"),
        )
    ),
    *(
        Point(22, f"without protocols all are meant: {each.value}", (kcnp(DENY),), W, A, "denied", protocol=each)
        for each in Protocol
    ),
]
