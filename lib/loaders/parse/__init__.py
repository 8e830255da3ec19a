"""RawObject objects become model types here, and only here the API's defaults are applied.

``parse_object`` finds the reader for an object's kind and version. What the API server would refuse is reported as an
error and not taken over (a NetworkPolicy becomes a RejectedPolicy); what it takes is read as it would store it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import (
    CALICO_GROUPS,
    CILIUM_POLICY_KINDS,
    CILIUM_VERSION,
    CLUSTER_POLICY_GROUP,
    CLUSTER_POLICY_KINDS,
    CLUSTER_POLICY_VERSIONS,
    GATEWAY_GROUP,
    called,
)
from lib.loaders.parse.endpoints import parse_endpoint_slice, parse_endpoints
from lib.loaders.parse.ingresses import parse_ingress, parse_ingress_class
from lib.loaders.parse.metadata import rough_ref
from lib.loaders.parse.nodes import parse_namespace, parse_node
from lib.loaders.parse.pods import parse_pod
from lib.loaders.parse.policies import parse_network_policy
from lib.loaders.parse.secrets import parse_secret
from lib.loaders.parse.services import parse_service
from lib.loaders.parse.session import Entry, Session, quote
from lib.loaders.parse.workloads import WORKLOAD_KINDS, Controller, parse_workload
from lib.model.calico_names import CALICO_NETWORK_POLICY
from lib.model.problem import Severity
from lib.model.records import dataclass

if TYPE_CHECKING:
    from lib.model.calico_policies import (
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


def _later(module: str, function: str) -> Callable[[Session, RawObject], Parsed | None]:
    """A function of ``module`` beside this one, which is imported for the first object: most inputs hold none."""

    @cache
    def found() -> Callable[[Session, RawObject], Parsed | None]:
        parse: Callable[[Session, RawObject], Parsed | None] = getattr(import_module(f"{__name__}.{module}"), function)
        return parse

    return lambda session, raw: found()(session, raw)


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
    "ServiceAccount": KindReader(_later("calico_objects", "parse_service_account"), ("v1",)),
    CALICO_NETWORK_POLICY: KindReader(_later("calico_policies", "parse_calico_policy"), _CALICO_VERSIONS),
    "GlobalNetworkPolicy": KindReader(
        _later("calico_policies", "parse_global_policy"), _CALICO_VERSIONS, namespaced=False
    ),
    "AdminNetworkPolicy": KindReader(
        _later("cluster_policies", "parse_admin_policy"), (f"{CLUSTER_POLICY_GROUP}/v1alpha1",), namespaced=False
    ),
    "BaselineAdminNetworkPolicy": KindReader(
        _later("cluster_policies", "parse_baseline_policy"), (f"{CLUSTER_POLICY_GROUP}/v1alpha1",), namespaced=False
    ),
    "ClusterNetworkPolicy": KindReader(
        _later("cluster_policies", "parse_cluster_policy"), CLUSTER_POLICY_VERSIONS, namespaced=False
    ),
    "CiliumNetworkPolicy": KindReader(_later("cilium_policies", "parse_cilium_policy"), (CILIUM_VERSION,)),
    "CiliumClusterwideNetworkPolicy": KindReader(
        _later("cilium_policies", "parse_clusterwide_policy"), (CILIUM_VERSION,), namespaced=False
    ),
    "CiliumCIDRGroup": KindReader(
        _later("cilium_objects", "parse_cidr_group"), (CILIUM_VERSION, "cilium.io/v2alpha1"), namespaced=False
    ),
    "CiliumLocalRedirectPolicy": KindReader(_later("cilium_objects", "parse_local_redirect"), (CILIUM_VERSION,)),
    "StagedNetworkPolicy": KindReader(_later("calico_policies", "parse_staged_policy"), _CALICO_VERSIONS),
    "StagedGlobalNetworkPolicy": KindReader(
        _later("calico_policies", "parse_staged_policy"), _CALICO_VERSIONS, namespaced=False
    ),
    "StagedKubernetesNetworkPolicy": KindReader(_later("calico_policies", "parse_staged_policy"), _CALICO_VERSIONS),
    "Tier": KindReader(_later("calico_objects", "parse_tier"), _CALICO_VERSIONS, namespaced=False),
    "NetworkSet": KindReader(_later("calico_objects", "parse_network_set"), _CALICO_VERSIONS),
    "GlobalNetworkSet": KindReader(_later("calico_objects", "parse_network_set"), _CALICO_VERSIONS, namespaced=False),
    "HostEndpoint": KindReader(_later("calico_objects", "parse_host_endpoint"), _CALICO_VERSIONS, namespaced=False),
    "WorkloadEndpoint": KindReader(_later("calico_endpoints", "parse_workload_endpoint"), _CALICO_VERSIONS),
    "Profile": KindReader(_later("calico_endpoints", "parse_profile"), _CALICO_VERSIONS, namespaced=False),
    "Secret": KindReader(parse_secret, ("v1",)),
    # Only those of kube-system that ``lib.facts.config_maps`` names are handed over.
    "ConfigMap": KindReader(_later("config_maps", "parse_config_map"), ("v1",)),
    "GatewayClass": KindReader(_later("gateway", "parse_gateway_class"), _GATEWAY_VERSIONS, namespaced=False),
    "Gateway": KindReader(_later("gateway", "parse_gateway"), _GATEWAY_VERSIONS),
    "HTTPRoute": KindReader(_later("gateway_routes", "parse_route"), _GATEWAY_VERSIONS),
    "GRPCRoute": KindReader(_later("gateway_routes", "parse_route"), _GATEWAY_VERSIONS),
    "TLSRoute": KindReader(_later("gateway_routes", "parse_route"), _GATEWAY_VERSIONS),
    "TCPRoute": KindReader(_later("gateway_routes", "parse_route"), _GATEWAY_VERSIONS),
    "UDPRoute": KindReader(_later("gateway_routes", "parse_route"), _GATEWAY_VERSIONS),
    "ReferenceGrant": KindReader(_later("gateway", "parse_reference_grant"), _GATEWAY_VERSIONS),
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
    "Session",
    "is_own_group",
    "parse_object",
    "reader_for",
]
