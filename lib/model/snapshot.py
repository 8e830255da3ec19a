"""One cluster at one moment, as far as the input shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from lib.model.cluster import Namespace, Node, Pod, Workload
from lib.model.domain_names import NameTable
from lib.model.policies import NetworkPolicy, RejectedPolicy
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Gateway, GatewayClass, GatewayRoute, Ingress, IngressClass, ReferenceGrant
from lib.model.services import EndpointSlice, Service
from lib.model.sets import Address

if TYPE_CHECKING:
    # Most inputs hold no object of these kinds, and making their classes takes its time.
    from lib.model.calico_policies import (
        CalicoPolicy,
        CalicoProfile,
        CalicoTier,
        HostEndpoint,
        NetworkSet,
        ServiceAccount,
        StagedPolicy,
    )
    from lib.model.cilium_policies import CidrGroup, CiliumPolicy, LocalRedirect
    from lib.model.cluster_policies import ClusterPolicy
    from lib.model.config_maps import ConfigMap


class Coverage(Enum):
    """How much of a kind the input holds; only COMPLETE lets anybody say that an object is missing."""

    COMPLETE = "complete"
    PARTIAL = "partly supplied"
    NOT_SUPPLIED = "not supplied"
    REFUSED = "refused by the server"
    UNFINISHED = "not read to its end"


UNREAD: Final = (Coverage.REFUSED, Coverage.UNFINISHED)
"""What a server did not give, or gave in part: nothing that hangs on it is known."""
POD_MAKERS: Final = (
    *("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"),
    *("Job", "CronJob", "ReplicationController"),
)
"""Kinds that are pods or make some: without one of them there may be workloads that nobody knows."""
_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be known of a Secret: its name, its type and the names of its keys. Never a value."""

    ref: ObjectRef
    source: Source
    type: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """Everything that was read, normalised; immutable and shared by all views.

    ``coverage`` says for each kind that NetAtlas reads how much of it the input holds; ask through ``is_complete``.
    ``other_kinds`` counts the objects of kinds that are not read. ``content_hash`` is of the bytes
    that were loaded, "" where it was not asked for.
    ``domain_names`` is the table that the person gives beside the cluster's objects.
    Objects that could not be read are not here: they are Problems, and rejected policies also stand in
    ``rejected_policies``, unreadable HostEndpoints in ``rejected_hosts``.
    """

    title: str = ""
    content_hash: str = ""
    files: tuple[str, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    nodes: tuple[Node, ...] = ()
    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()
    network_policies: tuple[NetworkPolicy, ...] = ()
    rejected_policies: tuple[RejectedPolicy, ...] = ()
    cluster_policies: tuple[ClusterPolicy, ...] = ()
    calico_policies: tuple[CalicoPolicy, ...] = ()
    cilium_policies: tuple[CiliumPolicy, ...] = ()
    cidr_groups: tuple[CidrGroup, ...] = ()
    local_redirects: tuple[LocalRedirect, ...] = ()
    staged_policies: tuple[StagedPolicy, ...] = ()
    calico_tiers: tuple[CalicoTier, ...] = ()
    network_sets: tuple[NetworkSet, ...] = ()
    host_endpoints: tuple[HostEndpoint, ...] = ()
    rejected_hosts: tuple[RejectedPolicy, ...] = ()
    calico_profiles: tuple[CalicoProfile, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    ingress_classes: tuple[IngressClass, ...] = ()
    gateway_classes: tuple[GatewayClass, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    gateway_routes: tuple[GatewayRoute, ...] = ()
    reference_grants: tuple[ReferenceGrant, ...] = ()
    secrets: tuple[SecretInfo, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    domain_names: NameTable = field(default_factory=NameTable)
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    other_kinds: Mapping[str, int] = field(default_factory=dict)
    object_counts: Mapping[str, int] = field(default_factory=dict)

    def coverage_of(self, kind: str) -> Coverage:
        """How much of ``kind`` the input holds; NOT_SUPPLIED for a kind nobody has seen."""
        return self.coverage.get(kind, Coverage.NOT_SUPPLIED)

    def is_complete(self, *kinds: str) -> bool:
        """Whether absence of an object of any of ``kinds`` is a fact."""
        return all(self.coverage_of(k) is Coverage.COMPLETE for k in kinds)

    def unread(self, *kinds: str) -> tuple[str, ...]:
        """Those of ``kinds`` (none: of all) that a server did not give, or not to the end: what there is is unknown."""
        return tuple(k for k in kinds or self.coverage if self.coverage_of(k) in UNREAD)

    def unread_text(self, *kinds: str) -> str:
        """Those kinds with why they were not read; "" where all were."""
        found = self.unread(*kinds)
        named = ", ".join(f"{kind} ({self.coverage_of(kind).value})" for kind in found[:_NAMED])
        return f"{named} and {len(found) - _NAMED} more kinds" if len(found) > _NAMED else named

    @cached_property
    def namespace_by_name(self) -> Mapping[str, Namespace]:
        """Namespaces by name; holds one for every namespace that any object stands in."""
        return {n.name: n for n in self.namespaces}

    @cached_property
    def service_by_ref(self) -> Mapping[ObjectRef, Service]:
        """Services by reference."""
        return {s.ref: s for s in self.services}

    @cached_property
    def workload_by_ref(self) -> Mapping[ObjectRef, Workload]:
        """Workloads by reference."""
        return {w.ref: w for w in self.workloads}

    @cached_property
    def workload_by_pod(self) -> Mapping[ObjectRef, Workload]:
        """The workload that each pod belongs to, by the pod's reference."""
        return {p.ref: w for w in self.workloads for p in w.pods}

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """All pods of all workloads, ended ones included."""
        return tuple(p for w in self.workloads for p in w.pods)

    @cached_property
    def pod_by_ref(self) -> Mapping[ObjectRef, Pod]:
        """Pods by reference; those that the input holds only as templates among them."""
        return {pod.ref: pod for pod in self.pods}

    @cached_property
    def pod_by_address(self) -> Mapping[Address, Pod]:
        """The pods that live, by their addresses; those on their node's network are left out."""
        return {ip: pod for pod in self.pods if pod.is_endpoint and not pod.host_network for ip in pod.ips}

    @cached_property
    def workloads_by_namespace(self) -> Mapping[str, tuple[Workload, ...]]:
        """Workloads by namespace; a namespace without any is not a key."""
        grouped: dict[str, list[Workload]] = defaultdict(list)
        for workload in self.workloads:
            grouped[workload.namespace].append(workload)
        return {name: tuple(found) for name, found in grouped.items()}

    @cached_property
    def slices_by_service(self) -> Mapping[ObjectRef, tuple[EndpointSlice, ...]]:
        """Endpoint slices by the Service they belong to."""
        grouped: dict[ObjectRef, list[EndpointSlice]] = defaultdict(list)
        for endpoint_slice in self.endpoint_slices:
            grouped[endpoint_slice.service_ref].append(endpoint_slice)
        return {ref: tuple(found) for ref, found in grouped.items()}

    @cached_property
    def config_map_by_name(self) -> Mapping[str, ConfigMap]:
        """The ConfigMaps of kube-system that are read, by name."""
        return {c.ref.name: c for c in self.config_maps}

    @cached_property
    def secret_by_ref(self) -> Mapping[ObjectRef, SecretInfo]:
        """Secrets by reference."""
        return {s.ref: s for s in self.secrets}
