"""Which kinds are read, by API group, and which annotations; of other kinds only the name is taken over."""

from __future__ import annotations

from typing import Final

from lib.model.calico_names import CALICO_NETWORK_POLICY

WORKLOADS: Final = frozenset(
    {
        ("", "Pod"),
        ("", "PodTemplate"),
        ("", "ReplicationController"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("extensions", "Deployment"),
        ("extensions", "ReplicaSet"),
        ("extensions", "StatefulSet"),
        ("extensions", "DaemonSet"),
        ("batch", "Job"),
        ("batch", "CronJob"),
    }
)
"""(group, kind) of everything that is a pod or makes pods."""

CLUSTER_POLICY_KINDS: Final = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
CILIUM_POLICY_KINDS: Final = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
CILIUM_VERSION: Final = "cilium.io/v2"
CLUSTER_POLICY_GROUP: Final = "policy.networking.k8s.io"
CLUSTER_POLICY_VERSIONS: Final = (f"{CLUSTER_POLICY_GROUP}/v1beta1", f"{CLUSTER_POLICY_GROUP}/v1alpha2")
GATEWAY_GROUP: Final = "gateway.networking.k8s.io"
CALICO_GROUPS: Final = ("projectcalico.org", "crd.projectcalico.org")
_CALICO_KINDS: Final = (
    "NetworkPolicy",
    "GlobalNetworkPolicy",
    "StagedNetworkPolicy",
    "StagedGlobalNetworkPolicy",
    "StagedKubernetesNetworkPolicy",
    "Tier",
    "NetworkSet",
    "GlobalNetworkSet",
    "HostEndpoint",
    "WorkloadEndpoint",
    "Profile",
)
_CALLED: Final = {"NetworkPolicy": CALICO_NETWORK_POLICY, "NetworkPolicyList": f"{CALICO_NETWORK_POLICY}List"}

READ: Final = WORKLOADS | {
    ("", "Namespace"),
    ("", "Node"),
    ("", "Service"),
    ("", "Endpoints"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("networking.k8s.io", "Ingress"),
    ("extensions", "Ingress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("extensions", "NetworkPolicy"),
    # Without its group a policy is refused, but what it would have selected must be known.
    ("", "NetworkPolicy"),
    # The same goes for Calico's cluster-wide kind; its other kind shares its name with Kubernetes' own.
    ("", "GlobalNetworkPolicy"),
    *(("", kind) for kind in CLUSTER_POLICY_KINDS),
    ("", "ServiceAccount"),
    *(("policy.networking.k8s.io", kind) for kind in CLUSTER_POLICY_KINDS),
    *((group, kind) for group in CALICO_GROUPS for kind in _CALICO_KINDS),
    *((group, kind) for group in ("", "cilium.io") for kind in CILIUM_POLICY_KINDS),
    ("cilium.io", "CiliumCIDRGroup"),
    ("cilium.io", "CiliumLocalRedirectPolicy"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("gateway.networking.k8s.io", "GRPCRoute"),
    ("gateway.networking.k8s.io", "TLSRoute"),
    ("gateway.networking.k8s.io", "TCPRoute"),
    ("gateway.networking.k8s.io", "UDPRoute"),
    ("gateway.networking.k8s.io", "ReferenceGrant"),
}
"""(group, kind) of every kind that ``parse`` turns into the model; Secrets are kept apart from these."""

KEPT_ANNOTATIONS: Final = (
    "service.beta.kubernetes.io/",
    "service.kubernetes.io/",
    # How the two above are misspelt; nothing reads these, which a finding tells.
    "services.beta.kubernetes.io/",
    "service.alpha.kubernetes.io/",
    "azure-load-balancer-",
    "kubernetes.io/ingress",
    "ingressclass.kubernetes.io/",
    "nginx.ingress.kubernetes.io/",
    "appgw.ingress.kubernetes.io/",
    "alb.networking.azure.io/",
    "kubernetes.azure.com/",
    "external-dns.alpha.kubernetes.io/",
    "external-dns.kubernetes.io/",
    "networking.k8s.io/",
    "gateway.networking.k8s.io/",
    "endpoints.kubernetes.io/",
    "cert-manager.io/",
    "networking.istio.io/",
)
"""What the keys begin with of the annotations that networking needs."""


def group_of(api_version: str) -> str:
    """The API group of an ``apiVersion``; "" for the core group."""
    return api_version.rpartition("/")[0]


def called(api_version: str, kind: str) -> str:
    """What a kind is called here: Calico's NetworkPolicy must not be taken for the kind of networking.k8s.io."""
    return _CALLED.get(kind, kind) if group_of(api_version) in CALICO_GROUPS else kind


def written(kind: str) -> str:
    """The kind as manifests write it."""
    return "NetworkPolicy" if kind == CALICO_NETWORK_POLICY else kind


_BUILT_IN: Final = frozenset({"", "apps", "batch", "extensions", "discovery.k8s.io", "networking.k8s.io"})

CUSTOM_KINDS: Final = frozenset(called(f"{group}/x", kind) for group, kind in READ if group not in _BUILT_IN)
"""The kinds that a cluster has only where somebody installed them."""
