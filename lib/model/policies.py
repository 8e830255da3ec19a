"""NetworkPolicies with every default of the API already applied.

After parsing, nothing here means "all" by being None or absent: all peers are ``AnyPeer()``, all ports ``AllPorts()``,
and a policy without rules for a direction has ``rules == ()`` and permits nothing there.
"""

from __future__ import annotations

from enum import Enum

from lib.model.cluster import Namespace, Pod
from lib.model.labels import LabelSelector
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, Network, PortSet, Protocol


class Direction(Enum):
    """The two directions that a pod can be isolated for."""

    INGRESS = "Ingress"
    EGRESS = "Egress"

    @property
    def field(self) -> str:
        """The key of the rules in a policy's spec: ``ingress`` or ``egress``."""
        return self.value.lower()


class Verdict(Enum):
    """The three answers; unknown is an answer, never an error and never "denied"."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AnyPeer:
    """Every peer, inside the cluster and outside: ``from``/``to`` missing or empty."""


@dataclass(frozen=True, slots=True)
class OwnNamespace:
    """The namespace of the policy itself: a peer with a podSelector and no namespaceSelector."""

    name: str

    def matches(self, namespace: Namespace) -> bool:
        """Whether it is that namespace."""
        return namespace.name == self.name

    def __str__(self) -> str:
        return f"namespace {self.name}"


@dataclass(frozen=True, slots=True)
class NamespacesByLabel:
    """The namespaces whose labels match; an empty selector means all of them."""

    selector: LabelSelector

    def matches(self, namespace: Namespace) -> bool:
        """Whether ``namespace`` has matching labels."""
        return self.selector.matches(namespace.labels)

    def __str__(self) -> str:
        return "all namespaces" if self.selector.is_everything else f"namespaces with {self.selector}"


NamespaceScope = OwnNamespace | NamespacesByLabel


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods by labels, in the namespaces of ``namespaces``: both must match."""

    namespaces: NamespaceScope
    pods: LabelSelector
    source: Source

    def __str__(self) -> str:
        pods = "all pods" if self.pods.is_everything else f"pods with {self.pods}"
        return f"{pods} in {self.namespaces}"


@dataclass(frozen=True, slots=True)
class IpBlockPeer:
    """Addresses in ``cidr`` and not in any of ``excepts``; host bits are already masked.

    An except only takes addresses out of this block; it denies nothing that another rule permits.
    """

    cidr: Network
    source: Source
    excepts: tuple[Network, ...] = ()

    @property
    def addresses(self) -> AddressSet:
        """The addresses that remain."""
        return AddressSet.from_networks([self.cidr]) - AddressSet.from_networks(self.excepts)

    def __str__(self) -> str:
        return f"{self.cidr}" + (f" except {', '.join(map(str, self.excepts))}" if self.excepts else "")


Peer = AnyPeer | PodPeer | IpBlockPeer


@dataclass(frozen=True, slots=True)
class AllPorts:
    """Every port of every protocol: ``ports`` missing or empty."""


@dataclass(frozen=True, slots=True)
class NumberedPorts:
    """Ports of one protocol by number; a port item without ``port`` has all of the protocol's ports.

    ``to_end_port``: they are a range that ends with a NetworkPolicy's ``endPort``, which some engines don't know.
    """

    protocol: Protocol
    ports: PortSet
    source: Source
    to_end_port: bool = False


@dataclass(frozen=True, slots=True)
class NamedPort:
    """A port by name; each destination pod resolves name *and* protocol for itself, and may have none."""

    protocol: Protocol
    name: str
    source: Source


PolicyPort = AllPorts | NumberedPorts | NamedPort


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One element of ``spec.ingress`` or ``spec.egress``: any of the peers, on any of the ports."""

    direction: Direction
    index: int
    peers: tuple[Peer, ...]
    ports: tuple[PolicyPort, ...]
    source: Source

    @property
    def label(self) -> str:
        """``spec.ingress[0]``."""
        return f"spec.{self.direction.field}[{self.index}]"


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A networking.k8s.io/v1 NetworkPolicy; ``directions`` are those that it isolates its pods for."""

    ref: ObjectRef
    source: Source
    pod_selector: LabelSelector
    directions: frozenset[Direction]
    rules: tuple[PolicyRule, ...] = ()

    @property
    def namespace(self) -> str:
        """The only namespace whose pods the policy can select."""
        return self.ref.namespace

    def selects(self, pod: Pod) -> bool:
        """Whether the policy applies to ``pod``; host-network pods are a matter for the engine, not decided here."""
        return pod.namespace == self.ref.namespace and self.pod_selector.matches(pod.labels)

    def rules_for(self, direction: Direction) -> tuple[PolicyRule, ...]:
        """The rules of one direction, in the order of the spec; empty where the direction is not isolated."""
        return tuple(r for r in self.rules if r.direction is direction)


@dataclass(frozen=True, slots=True)
class RejectedPolicy:
    """A policy that the API server would refuse, and what it might have governed.

    Every verdict that it could change must name it: leaving it out silently would fail open. ``pod_selector`` matches
    everything where it could not be read; ``namespace`` is "" for a cluster-wide kind.
    """

    ref: ObjectRef
    source: Source
    namespace: str
    pod_selector: LabelSelector
    directions: frozenset[Direction]
