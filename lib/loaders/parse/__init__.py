"""RawObject objects become model types here, and only here the API's defaults are applied.

``parse_object`` finds the reader for an object's kind and version. What the API server would refuse is reported as an
error and not taken over (a NetworkPolicy becomes a RejectedPolicy); what it takes is read as it would store it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import CALICO_GROUPS, CILIUM_POLICY_KINDS, CLUSTER_POLICY_KINDS, called
from lib.loaders.parse.calico_endpoints import parse_profile, parse_workload_endpoint
from lib.loaders.parse.calico_objects import (
    parse_host_endpoint,
    parse_network_set,
    parse_service_account,
    parse_tier,
)
from lib.loaders.parse.calico_policies import parse_calico_policy, parse_global_policy, parse_staged_policy
from lib.loaders.parse.cilium_objects import parse_cidr_group, parse_local_redirect
from lib.loaders.parse.cilium_policies import CILIUM_VERSION, parse_cilium_policy, parse_clusterwide_policy
from lib.loaders.parse.cluster_policies import (
    CLUSTER_POLICY_GROUP,
    CLUSTER_POLICY_VERSIONS,
    parse_admin_policy,
    parse_baseline_policy,
    parse_cluster_policy,
)
from lib.loaders.parse.config_maps import parse_config_map
from lib.loaders.parse.endpoints import parse_endpoint_slice, parse_endpoints
from lib.loaders.parse.gateway import GATEWAY_GROUP, parse_gateway, parse_gateway_class, parse_reference_grant
from lib.loaders.parse.gateway_routes import parse_route
from lib.loaders.parse.ingresses import parse_ingress, parse_ingress_class
from lib.loaders.parse.metadata import rough_ref
from lib.loaders.parse.nodes import parse_namespace, parse_node
from lib.loaders.parse.pods import parse_pod
from lib.loaders.parse.policies import parse_network_policy
from lib.loaders.parse.secrets import parse_secret
from lib.loaders.parse.services import parse_service
from lib.loaders.parse.session import Entry, Session, quote
from lib.loaders.parse.workloads import WORKLOAD_KINDS, Controller, parse_workload
from lib.model.calico_policies import (
    CALICO_NETWORK_POLICY,
    CalicoPolicy,
    CalicoProfile,
    CalicoTier,
    HostEndpoint,
    NetworkSet,
    ServiceAccount,
    StagedPolicy,
    WorkloadEndpoint,
)
from lib.model.cilium_policies import CidrGroup, CiliumPolicy, LocalRedirect
from lib.model.cluster import Namespace, Node, Pod
from lib.model.cluster_policies import ClusterPolicy
from lib.model.config_maps import ConfigMap
from lib.model.policies import NetworkPolicy, RejectedPolicy
from lib.model.problem import Severity
from lib.model.records import dataclass
from lib.model.routes import Gateway, GatewayClass, GatewayRoute, Ingress, IngressClass, ReferenceGrant
from lib.model.services import EndpointSlice, Service
from lib.model.snapshot import SecretInfo

Parsed = (
    Namespace
    | Node
    | Pod
    | Controller
    | Service
    | EndpointSlice
    | tuple[EndpointSlice, ...]
    | Ingress
    | IngressClass
    | NetworkPolicy
    | RejectedPolicy
    | ClusterPolicy
    | CiliumPolicy
    | CidrGroup
    | LocalRedirect
    | CalicoPolicy
    | StagedPolicy
    | CalicoTier
    | NetworkSet
    | HostEndpoint
    | WorkloadEndpoint
    | CalicoProfile
    | ServiceAccount
    | SecretInfo
    | ConfigMap
    | GatewayClass
    | Gateway
    | GatewayRoute
    | ReferenceGrant
)


@dataclass(frozen=True, slots=True)
class KindReader:
    """How one kind is read: its API versions, newest first, those no longer served, and its function.

    Objects of a version in ``removed`` are read all the same, with a warning; ``namespaced`` tells the kind's scope.
    """

    parse: Callable[[Session, RawObject], Parsed | None]
    served: tuple[str, ...]
    removed: tuple[str, ...] = ()
    namespaced: bool = True


_OLD_APPS: Final = ("apps/v1beta2", "apps/v1beta1", "extensions/v1beta1")
_CALICO_VERSIONS: Final = ("projectcalico.org/v3", "crd.projectcalico.org/v1")
_GATEWAY_VERSIONS: Final = tuple(f"{GATEWAY_GROUP}/{v}" for v in ("v1", "v1beta1", "v1alpha3", "v1alpha2"))

KIND_READERS: Final[dict[str, KindReader]] = {
    "Namespace": KindReader(parse_namespace, ("v1",), namespaced=False),
    "Node": KindReader(parse_node, ("v1",), namespaced=False),
    "Pod": KindReader(parse_pod, ("v1",)),
    "Deployment": KindReader(parse_workload, ("apps/v1",), _OLD_APPS),
    "ReplicaSet": KindReader(parse_workload, ("apps/v1",), _OLD_APPS),
    "StatefulSet": KindReader(parse_workload, ("apps/v1",), _OLD_APPS),
    "DaemonSet": KindReader(parse_workload, ("apps/v1",), _OLD_APPS),
    "Job": KindReader(parse_workload, ("batch/v1",)),
    "CronJob": KindReader(parse_workload, ("batch/v1",), ("batch/v1beta1", "batch/v2alpha1")),
    "ReplicationController": KindReader(parse_workload, ("v1",)),
    "Service": KindReader(parse_service, ("v1",)),
    "Endpoints": KindReader(parse_endpoints, ("v1",)),
    "EndpointSlice": KindReader(parse_endpoint_slice, ("discovery.k8s.io/v1",), ("discovery.k8s.io/v1beta1",)),
    "Ingress": KindReader(
        parse_ingress, ("networking.k8s.io/v1",), ("networking.k8s.io/v1beta1", "extensions/v1beta1")
    ),
    "IngressClass": KindReader(
        parse_ingress_class, ("networking.k8s.io/v1",), ("networking.k8s.io/v1beta1",), namespaced=False
    ),
    # Its reader is handed every version, since one that is not served must become a RejectedPolicy.
    "NetworkPolicy": KindReader(parse_network_policy, ("networking.k8s.io/v1",), ("extensions/v1beta1",)),
    "ServiceAccount": KindReader(parse_service_account, ("v1",)),
    CALICO_NETWORK_POLICY: KindReader(parse_calico_policy, _CALICO_VERSIONS),
    "GlobalNetworkPolicy": KindReader(parse_global_policy, _CALICO_VERSIONS, namespaced=False),
    "AdminNetworkPolicy": KindReader(parse_admin_policy, (f"{CLUSTER_POLICY_GROUP}/v1alpha1",), namespaced=False),
    "BaselineAdminNetworkPolicy": KindReader(
        parse_baseline_policy, (f"{CLUSTER_POLICY_GROUP}/v1alpha1",), namespaced=False
    ),
    "ClusterNetworkPolicy": KindReader(parse_cluster_policy, CLUSTER_POLICY_VERSIONS, namespaced=False),
    "CiliumNetworkPolicy": KindReader(parse_cilium_policy, (CILIUM_VERSION,)),
    "CiliumClusterwideNetworkPolicy": KindReader(parse_clusterwide_policy, (CILIUM_VERSION,), namespaced=False),
    "CiliumCIDRGroup": KindReader(parse_cidr_group, (CILIUM_VERSION, "cilium.io/v2alpha1"), namespaced=False),
    "CiliumLocalRedirectPolicy": KindReader(parse_local_redirect, (CILIUM_VERSION,)),
    "StagedNetworkPolicy": KindReader(parse_staged_policy, _CALICO_VERSIONS),
    "StagedGlobalNetworkPolicy": KindReader(parse_staged_policy, _CALICO_VERSIONS, namespaced=False),
    "StagedKubernetesNetworkPolicy": KindReader(parse_staged_policy, _CALICO_VERSIONS),
    "Tier": KindReader(parse_tier, _CALICO_VERSIONS, namespaced=False),
    "NetworkSet": KindReader(parse_network_set, _CALICO_VERSIONS),
    "GlobalNetworkSet": KindReader(parse_network_set, _CALICO_VERSIONS, namespaced=False),
    "HostEndpoint": KindReader(parse_host_endpoint, _CALICO_VERSIONS, namespaced=False),
    "WorkloadEndpoint": KindReader(parse_workload_endpoint, _CALICO_VERSIONS),
    "Profile": KindReader(parse_profile, _CALICO_VERSIONS, namespaced=False),
    "Secret": KindReader(parse_secret, ("v1",)),
    # Only those of kube-system that ``lib.facts.config_maps`` names are handed over.
    "ConfigMap": KindReader(parse_config_map, ("v1",)),
    "GatewayClass": KindReader(parse_gateway_class, _GATEWAY_VERSIONS, namespaced=False),
    "Gateway": KindReader(parse_gateway, _GATEWAY_VERSIONS),
    "HTTPRoute": KindReader(parse_route, _GATEWAY_VERSIONS),
    "GRPCRoute": KindReader(parse_route, _GATEWAY_VERSIONS),
    "TLSRoute": KindReader(parse_route, _GATEWAY_VERSIONS),
    "TCPRoute": KindReader(parse_route, _GATEWAY_VERSIONS),
    "UDPRoute": KindReader(parse_route, _GATEWAY_VERSIONS),
    "ReferenceGrant": KindReader(parse_reference_grant, _GATEWAY_VERSIONS),
}


POLICY_KINDS: Final = frozenset(
    {"NetworkPolicy", CALICO_NETWORK_POLICY, "GlobalNetworkPolicy", *CLUSTER_POLICY_KINDS, *CILIUM_POLICY_KINDS}
)
"""The kinds of which a refused object becomes a RejectedPolicy; their readers are handed every version."""


def reader_for(api_version: str, kind: str) -> KindReader | None:
    """The reader of a kind; None for a kind of another API group, which is counted and listed only.

    Kubernetes' own groups hold no other kinds of these names, so a wrong one of them (``v1 Deployment``) finds the
    reader all the same, which then says that there is no such version.
    """
    reader = KIND_READERS.get(called(api_version, kind))
    if reader is None:
        return None
    group = api_group(api_version)
    own = {api_group(version) for version in (*reader.served, *reader.removed)}
    if group in own or (not group and kind in POLICY_KINDS):
        return reader
    return reader if group in _KUBERNETES_GROUPS and own <= _KUBERNETES_GROUPS else None


def is_own_group(api_version: str) -> bool:
    """Whether an apiVersion is of a group that holds kinds that are read."""
    return api_group(api_version) in _OWN_GROUPS


def api_group(api_version: str) -> str:
    """The group of an apiVersion; "" for the core group."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


def parse_object(session: Session, raw: RawObject, reader: KindReader) -> Parsed | None:
    """Read one object; None when it could not be taken over, which a Problem then says."""
    version = raw.api_version
    if version in reader.served or raw.kind in POLICY_KINDS:
        return reader.parse(session, raw)
    entry = Entry(session, raw.source, rough_ref(raw.obj, raw.kind, reader.namespaced))
    newest = reader.served[0]
    if version in reader.removed:
        message = f"{version} {raw.kind} is no longer served by current versions of Kubernetes; it is read all the same"
        entry.report(Severity.WARNING, ("apiVersion",), "removed-api-version", message, f"Write apiVersion: {newest}.")
        return reader.parse(session, raw)
    message = f"there is no {raw.kind} in the API version {quote(version)}"
    entry.error(("apiVersion",), "unsupported-api-version", message, f"Write apiVersion: {newest}.")
    return None


_OWN_GROUPS: Final = frozenset(api_group(v) for r in KIND_READERS.values() for v in (*r.served, *r.removed))

_KUBERNETES_GROUPS: Final = _OWN_GROUPS - frozenset(CALICO_GROUPS)

__all__ = [
    "KIND_READERS",
    "POLICY_KINDS",
    "WORKLOAD_KINDS",
    "Controller",
    "KindReader",
    "Parsed",
    "Session",
    "is_own_group",
    "parse_object",
    "reader_for",
]
