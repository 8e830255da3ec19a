"""Ingress and Gateway API objects, normalised; resolving them is the work of ``lib.routing``."""

from __future__ import annotations

from lib.model.labels import Labels, LabelSelector
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source
from lib.model.services import LoadBalancerIngress


@dataclass(frozen=True, slots=True)
class ServiceBackend:
    """A backend Service and its port by number or by name (None: the reference has no port)."""

    service: ObjectRef
    port: int | str | None
    source: Source
    weight: int = 1


@dataclass(frozen=True, slots=True)
class ResourceBackend:
    """A backend that is no Service, e.g. a storage bucket; ``api_group`` is "" for the core group."""

    api_group: str
    ref: ObjectRef
    source: Source
    weight: int = 1


Backend = ServiceBackend | ResourceBackend


@dataclass(frozen=True, slots=True)
class IngressPath:
    """One path of an Ingress rule; ``path_type`` is Exact, Prefix or ImplementationSpecific."""

    path: str
    path_type: str
    backend: Backend
    source: Source


@dataclass(frozen=True, slots=True)
class IngressRule:
    """The paths of one host; ``host`` is "" for every host, and may be ``*.example.com``."""

    host: str
    paths: tuple[IngressPath, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class IngressTLS:
    """Hosts that a Secret's certificate covers; ``secret`` is "" where the controller brings its own."""

    hosts: tuple[str, ...]
    secret: str
    source: Source


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress of networking.k8s.io/v1, or a v1beta1 one in the same form.

    ``class_name`` is ``spec.ingressClassName``, else the annotation ``kubernetes.io/ingress.class``, else "" (then the
    default IngressClass applies, if there is one); ``class_from_annotation`` tells which. ``created`` is the
    creationTimestamp as written ("" where absent): some controllers let the older Ingress win.
    """

    ref: ObjectRef
    source: Source
    class_name: str = ""
    class_from_annotation: bool = False
    rules: tuple[IngressRule, ...] = ()
    default_backend: Backend | None = None
    tls: tuple[IngressTLS, ...] = ()
    labels: Labels = field(default_factory=dict, hash=False)
    annotations: Labels = field(default_factory=dict, hash=False)
    addresses: tuple[LoadBalancerIngress, ...] = ()
    api_version: str = "networking.k8s.io/v1"
    created: str = ""


@dataclass(frozen=True, slots=True)
class IngressClass:
    """A class of Ingresses and the controller that serves it."""

    name: str
    source: Source
    controller: str
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class GatewayClass:
    """A class of Gateways and the controller that serves it; ``accepted`` is None without a status."""

    name: str
    source: Source
    controller: str
    accepted: bool | None = None


@dataclass(frozen=True, slots=True)
class AllowedRoutes:
    """Which routes may attach to a listener.

    ``namespaces_from`` is All, Same or Selector (then ``selector`` counts) or None (nobody). ``kinds`` empty
    means: those that the protocol implies.
    """

    namespaces_from: str = "Same"
    selector: LabelSelector = field(default_factory=LabelSelector)
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener of a Gateway; ``hostname`` is "" for every host, ``tls_mode`` "" without TLS.

    ``tls_options`` are the controller's own words for it.
    """

    name: str
    port: int
    protocol: str
    source: Source
    hostname: str = ""
    tls_mode: str = ""
    certificates: tuple[ObjectRef, ...] = ()
    allowed_routes: AllowedRoutes = field(default_factory=AllowedRoutes)
    tls_options: Labels = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway.networking.k8s.io Gateway."""

    ref: ObjectRef
    source: Source
    class_name: str
    listeners: tuple[Listener, ...] = ()
    labels: Labels = field(default_factory=dict, hash=False)
    annotations: Labels = field(default_factory=dict, hash=False)
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParentRef:
    """What a route wants to attach to; ``section`` "" and ``port`` None mean every listener of it."""

    ref: ObjectRef
    source: Source
    section: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class NameValueMatch:
    """A header or query-parameter condition; ``type`` is Exact or RegularExpression.

    ``is_hidden`` says that the value is a credential and was not kept: ``value`` is what stands in its place.
    """

    name: str
    value: str
    type: str = "Exact"
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """One match of a Gateway API rule: all conditions hold together.

    For HTTPRoute ``path_type`` is Exact, PathPrefix or RegularExpression (default PathPrefix ``/``). For GRPCRoute the
    path is ``/service/method`` with Exact, or PathPrefix where only one of them is given. ``method`` "" is any.
    """

    path: str = "/"
    path_type: str = "PathPrefix"
    method: str = ""
    headers: tuple[NameValueMatch, ...] = ()
    query_params: tuple[NameValueMatch, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class GatewayRouteRule:
    """Matches (any of them), filters by type, and backends with weights.

    TLSRoute, TCPRoute and UDPRoute rules have ``matches == ()``. ``filters`` names the types in order, e.g.
    ``URLRewrite``.
    """

    matches: tuple[RouteMatch, ...]
    backends: tuple[Backend, ...]
    source: Source
    name: str = ""
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """An HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute (``ref.kind`` tells which).

    ``created`` is the creationTimestamp as written ("" where absent): the older route wins a tie.
    """

    ref: ObjectRef
    source: Source
    parents: tuple[ParentRef, ...]
    hostnames: tuple[str, ...] = ()
    rules: tuple[GatewayRouteRule, ...] = ()
    labels: Labels = field(default_factory=dict, hash=False)
    annotations: Labels = field(default_factory=dict, hash=False)
    created: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceGrantFrom:
    """Who may refer: a kind in a namespace."""

    group: str
    kind: str
    namespace: str


@dataclass(frozen=True, slots=True)
class ReferenceGrantTo:
    """What may be referred to; ``name`` "" means every object of the kind in the grant's namespace."""

    group: str
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceGrant:
    """A permission for references from other namespaces into the grant's own."""

    ref: ObjectRef
    source: Source
    from_: tuple[ReferenceGrantFrom, ...]
    to: tuple[ReferenceGrantTo, ...]
