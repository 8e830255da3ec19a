"""Namespaces, nodes, pods and the workloads that pods belong to."""

from __future__ import annotations

from enum import Enum
from typing import Final

from lib.model.labels import Labels
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, Network, Protocol

METADATA_NAME_LABEL: Final = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace with the labels that a selector sees, ``kubernetes.io/metadata.name`` always among them.

    ``source`` is None where no Namespace object was in the input and the namespace is only known because something
    stands in it; its other labels are then unknown (``labels_known`` is False), not absent.
    """

    name: str
    labels: Labels = field(hash=False)
    source: Source | None = None

    @property
    def labels_known(self) -> bool:
        """Whether the input held the Namespace object itself."""
        return self.source is not None


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """One entry of a node's ``status.addresses``; ``type`` is the API's word (InternalIP, ExternalIP, Hostname)."""

    type: str
    address: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node, as far as the network is concerned."""

    name: str
    source: Source
    labels: Labels = field(default_factory=dict, hash=False)
    pod_cidrs: tuple[Network, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()
    provider_id: str = ""
    ready: bool | None = None
    unschedulable: bool = False
    allocatable_pods: int | None = None
    kubelet_version: str = ""
    os_image: str = ""

    @property
    def ref(self) -> ObjectRef:
        """``NAME[Node]``."""
        return ObjectRef("", self.name, "Node")

    def addresses_of(self, type_: str) -> tuple[str, ...]:
        """The addresses of one type, in the order given."""
        return tuple(a.address for a in self.addresses if a.type == type_)


class PodPhase(Enum):
    """``status.phase``; NOT_STARTED stands for a manifest or template without a status."""

    NOT_STARTED = ""
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares.

    ``name`` is "" when unnamed, ``host_port`` 0 when none is taken on the node (for host-network pods the API sets it
    to the container port). Ports of plain init containers are not listed, since nothing can be sent to them;
    those of sidecars (``restartPolicy: Always``) are.
    """

    port: int
    protocol: Protocol = Protocol.TCP
    name: str = ""
    host_port: int = 0
    host_ip: str = ""
    container: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """A live pod, or the pod that a template describes.

    ``from_template`` is True for the one pod that stands for a workload without pods in the input. ``ready`` is None
    where the input has no status. ``owner`` is the nearest controlling ownerReference (None: a bare pod). ``profiles``
    are those that Calico's WorkloadEndpoint names, asked in this order; None where the input does not hold it, and
    Calico's own for the namespace and the ServiceAccount count, which allow everything. ``dns_policy`` is the API's
    word, its default applied.
    """

    ref: ObjectRef
    source: Source
    labels: Labels = field(default_factory=dict, hash=False)
    ports: tuple[ContainerPort, ...] = ()
    owner: ObjectRef | None = None
    phase: PodPhase = PodPhase.NOT_STARTED
    ips: tuple[Address, ...] = ()
    host_ips: tuple[Address, ...] = ()
    node_name: str = ""
    host_network: bool = False
    service_account: str = "default"
    ready: bool | None = None
    deleting: bool = False
    hostname: str = ""
    subdomain: str = ""
    dns_policy: str = "ClusterFirst"
    from_template: bool = False
    profiles: tuple[str, ...] | None = None

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return self.ref.namespace

    @property
    def has_ended(self) -> bool:
        """Whether all its containers have ended for good; its address is given back."""
        return self.phase in (PodPhase.SUCCEEDED, PodPhase.FAILED)

    @property
    def is_endpoint(self) -> bool:
        """Whether the pod can send and receive: it has not ended, and is not waiting for an address.

        A Pending pod without an address has none yet.
        """
        if self.has_ended:
            return False
        return self.phase is not PodPhase.PENDING or bool(self.ips)

    def declared(self, name: str, protocol: Protocol) -> ContainerPort | None:
        """The container port with this name *and* protocol, or None: the rule by which named ports resolve."""
        return next((p for p in self.ports if p.name == name and p.protocol is protocol), None)


@dataclass(frozen=True, slots=True)
class Workload:
    """Pods that share the highest owner, as one row of every table.

    ``ref`` is that owner followed through the objects in the input, or the bare pod itself. ``source`` is the owner's
    place in the input, or the first pod's where the owner is not in it. ``replicas`` is the wished number (None:
    not stated, or the kind has none). ``pods`` are the live ones, or the single one from the template; empty when
    none is wished for. Where all live ones have ended but more will come (a CronJob), the template's pod stands
    beside them. ``to_come`` are the templates' pods where none of ``pods`` can send or receive: what a scale-up brings.
    """

    ref: ObjectRef
    source: Source
    pods: tuple[Pod, ...]
    labels: Labels = field(default_factory=dict, hash=False)
    replicas: int | None = None
    to_come: tuple[Pod, ...] = ()

    @property
    def namespace(self) -> str:
        """The workload's namespace."""
        return self.ref.namespace

    @property
    def endpoints(self) -> tuple[Pod, ...]:
        """The pods that can send and receive."""
        return tuple(p for p in self.pods if p.is_endpoint)

    @property
    def host_network(self) -> bool:
        """Whether its pods use the node's network, so that NetworkPolicies do not cover them."""
        return any(p.host_network for p in self.pods)

    @property
    def is_live(self) -> bool:
        """Whether it is known from live pods and not from its template."""
        return any(not p.from_template for p in self.pods)
