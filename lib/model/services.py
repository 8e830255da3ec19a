"""Services and the endpoints behind them."""

from __future__ import annotations

from enum import Enum

from lib.model.labels import Labels, LabelSelector
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, Family, Network, Protocol


class ServiceType(Enum):
    """``spec.type``."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"
    EXTERNAL_NAME = "ExternalName"


class TrafficPolicy(Enum):
    """``externalTrafficPolicy`` and ``internalTrafficPolicy``."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class SessionAffinity(Enum):
    """``spec.sessionAffinity``."""

    NONE = "None"
    CLIENT_IP = "ClientIP"


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service.

    ``target_port`` is a number, or the name of a container port that each pod resolves for itself; the API's default
    (the Service port) is already applied. ``node_port`` is 0 where none is known or allocated.
    """

    port: int
    target_port: int | str
    protocol: Protocol = Protocol.TCP
    name: str = ""
    node_port: int = 0
    app_protocol: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class LoadBalancerIngress:
    """One entry of ``status.loadBalancer.ingress``; ``ip`` or ``hostname`` is "".

    ``ip_mode`` is VIP, the API's default: nodes take packets to the address themselves; or Proxy: they go out to the
    load balancer.
    """

    ip: str = ""
    hostname: str = ""
    ip_mode: str = "VIP"


@dataclass(frozen=True, slots=True)
class Service:
    """A Service with all of the API's defaults applied.

    ``selector`` is None for a Service without one: nothing is selected, its endpoints are written by somebody
    else. ``cluster_ips`` is empty where the input is a manifest without an allocated address. ``annotations`` holds
    only those that networking needs. ``load_balancer_source_ranges`` has host bits masked, as kube-proxy takes them;
    ``load_balancer_source_ranges_written`` is as written, since cloud providers are stricter.
    """

    ref: ObjectRef
    source: Source
    type: ServiceType
    selector: LabelSelector | None
    ports: tuple[ServicePort, ...] = ()
    labels: Labels = field(default_factory=dict, hash=False)
    annotations: Labels = field(default_factory=dict, hash=False)
    uid: str = ""
    headless: bool = False
    cluster_ips: tuple[Address, ...] = ()
    ip_families: tuple[Family, ...] = ()
    ip_family_policy: str = "SingleStack"
    external_name: str = ""
    external_ips: tuple[Address, ...] = ()
    external_traffic_policy: TrafficPolicy = TrafficPolicy.CLUSTER
    internal_traffic_policy: TrafficPolicy = TrafficPolicy.CLUSTER
    traffic_distribution: str = ""
    session_affinity: SessionAffinity = SessionAffinity.NONE
    session_affinity_timeout_s: int = 10800
    publish_not_ready_addresses: bool = False
    allocate_load_balancer_node_ports: bool = True
    health_check_node_port: int = 0
    load_balancer_class: str = ""
    load_balancer_ip: str = ""
    load_balancer_source_ranges: tuple[Network, ...] = ()
    load_balancer_source_ranges_written: tuple[str, ...] = ()
    load_balancer_ingress: tuple[LoadBalancerIngress, ...] = ()
    deleting: bool = False

    @property
    def namespace(self) -> str:
        """The Service's namespace."""
        return self.ref.namespace

    @property
    def name(self) -> str:
        """The Service's name."""
        return self.ref.name


@dataclass(frozen=True, slots=True)
class EndpointPort:
    """A port of an EndpointSlice; ``port`` is None where the slice means all ports."""

    port: int | None
    protocol: Protocol = Protocol.TCP
    name: str = ""
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One backend of a slice.

    A missing ``ready`` condition counts as ready, a missing ``serving`` as ``ready``, a missing ``terminating`` as not
    terminating (discovery.k8s.io/v1, EndpointConditions).
    """

    addresses: tuple[str, ...]
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    target: ObjectRef | None = None
    node_name: str = ""
    zone: str = ""
    hostname: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """An EndpointSlice, or a subset of an Endpoints object in the same form (``ref.kind`` tells which).

    ``service`` is the Service it belongs to: the label ``kubernetes.io/service-name``, for Endpoints the object's own
    name; "" where the label is missing. ``address_type`` is IPv4, IPv6 or FQDN.
    """

    ref: ObjectRef
    source: Source
    service: str
    address_type: str
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()
    managed_by: str = ""

    @property
    def service_ref(self) -> ObjectRef:
        """The Service that the slice belongs to."""
        return ObjectRef(self.ref.namespace, self.service, "Service")
