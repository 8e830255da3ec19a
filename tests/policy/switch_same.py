"""What no switch changes: questions that every engine answers alike, each with the source that says so."""

from __future__ import annotations

from tests.policy.build import policy
from tests.policy.switch_words import (
    AGENT,
    CALICO_HOSTS,
    DENY,
    FEATURES,
    FULL,
    INTO_WEB,
    K8S,
    NODES,
    POWERED,
    TYPES,
    USE,
    WEB,
    Flow,
    placed,
)

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
