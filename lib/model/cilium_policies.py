"""Cilium's policies with every default applied, and the sets of addresses that they refer to.

Kinds of the API group cilium.io: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, CiliumCIDRGroup and
CiliumLocalRedirectPolicy. As with NetworkPolicies an absent field is decided after parsing: a rule without ``toPorts``
has ``AllPorts()``.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from lib.model.domain_names import NamePattern
from lib.model.labels import Labels, LabelSelector
from lib.model.policies import Direction, NamespaceScope, PolicyPort
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, Network

SERVICE_ACCOUNT_LABEL: Final = "io.cilium.k8s.policy.serviceaccount"
"""The label by which a selector names a pod's ServiceAccount."""


class Entity(Enum):
    """Ends that are no endpoints with labels; pkg/policy/api/entity.go."""

    ALL = "all"
    WORLD = "world"
    WORLD_IPV4 = "world-ipv4"
    WORLD_IPV6 = "world-ipv6"
    CLUSTER = "cluster"
    HOST = "host"
    REMOTE_NODE = "remote-node"
    KUBE_APISERVER = "kube-apiserver"
    INIT = "init"
    INGRESS = "ingress"
    UNMANAGED = "unmanaged"
    HEALTH = "health"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CiliumSelector:
    """Endpoints by their pods' labels and their namespaces; ``doubt`` is what a part that nobody knows says.

    ``beyond``: ends without labels of pods, such as nodes and addresses outside, may fulfil it too.
    """

    pods: LabelSelector
    namespaces: NamespaceScope
    doubt: str = ""
    beyond: bool = False

    def __str__(self) -> str:
        pods = "all pods" if self.pods.is_everything else f"pods with {self.pods}"
        return f"{pods} in {self.namespaces}"


@dataclass(frozen=True, slots=True)
class AnyEnd:
    """A rule without a peer: every end, inside and outside."""

    def __str__(self) -> str:
        return "anywhere"


@dataclass(frozen=True, slots=True)
class EndpointsPeer:
    """Pods by their labels; never those on their node's network."""

    selector: CiliumSelector

    def __str__(self) -> str:
        return str(self.selector)


@dataclass(frozen=True, slots=True)
class EntitiesPeer:
    """All the entities that a rule lists."""

    entities: frozenset[Entity]

    def __str__(self) -> str:
        return ", ".join(sorted(e.value for e in self.entities))


@dataclass(frozen=True, slots=True)
class CidrPeer:
    """Addresses outside the cluster: a CIDR rule never means a pod or a node."""

    networks: tuple[Network, ...]
    excepts: tuple[Network, ...] = ()

    @property
    def addresses(self) -> AddressSet:
        """What is left of the networks."""
        return AddressSet.from_networks(self.networks) - AddressSet.from_networks(self.excepts)

    def __str__(self) -> str:
        excepts = f" except {', '.join(map(str, self.excepts))}" if self.excepts else ""
        return f"{', '.join(map(str, self.networks))}{excepts}"


@dataclass(frozen=True, slots=True)
class GroupPeer:
    """The addresses of CiliumCIDRGroups, by ``name`` or by ``selector``, without ``excepts``."""

    name: str
    selector: LabelSelector | None = None
    excepts: tuple[Network, ...] = ()

    def __str__(self) -> str:
        return f"CiliumCIDRGroup {self.name}" if self.name else f"CiliumCIDRGroups with {self.selector}"


@dataclass(frozen=True, slots=True)
class ServicePeer:
    """What stands behind Services, by ``name`` or by ``selector``; a ``namespace`` of "" is not stated."""

    name: str
    namespace: str
    selector: LabelSelector | None = None

    def __str__(self) -> str:
        what = self.name if self.name else f"those with {self.selector}"
        return f"Service {self.namespace}/{what}" if self.namespace else f"Service {what}"


@dataclass(frozen=True, slots=True)
class NodesPeer:
    """Nodes by label, which Cilium knows only where that is turned on."""

    selector: LabelSelector

    def __str__(self) -> str:
        return "all nodes" if self.selector.is_everything else f"nodes with {self.selector}"


@dataclass(frozen=True, slots=True)
class NamesPeer:
    """The addresses outside that Cilium has learnt for domain names from the DNS answers that its proxy reads."""

    pattern: NamePattern

    def __str__(self) -> str:
        return f"the domain name {self.pattern}"


@dataclass(frozen=True, slots=True)
class UnknownAddresses:
    """Addresses outside that manifests don't show: those of a provider's groups."""

    what: str

    def __str__(self) -> str:
        return self.what


CiliumPeer = (
    AnyEnd
    | EndpointsPeer
    | EntitiesPeer
    | CidrPeer
    | GroupPeer
    | ServicePeer
    | NodesPeer
    | NamesPeer
    | UnknownAddresses
)


@dataclass(frozen=True, slots=True)
class CiliumRule:
    """One element of ``ingress``, ``ingressDeny``, ``egress`` or ``egressDeny``: any of the peers, on any of the ports.

    Without peers or without ports it matches nothing, and still takes part in closing its direction. ``narrowing``
    says to what layer 7 narrows what it allows, ``doubt`` what nobody knows of the whole rule. ``requires`` are
    further conditions on the endpoints that any rule allows. ``icmp`` are the messages of ICMP that it is about, in
    words; ``asks`` the names that its layer 7 lets pods ask DNS for, the answers to which Cilium reads.
    """

    direction: Direction
    denies: bool
    label: str
    source: Source
    peers: tuple[CiliumPeer, ...]
    ports: tuple[PolicyPort, ...]
    narrowing: str = ""
    doubt: str = ""
    requires: tuple[CiliumSelector, ...] = ()
    icmp: str = ""
    asks: tuple[NamePattern, ...] = ()


@dataclass(frozen=True, slots=True)
class CiliumSpec:
    """``spec``, or one element of ``specs``: whom it selects, what it closes, and its rules.

    ``subject`` is None for one that is about nodes; ``nodes`` says about which.
    """

    label: str
    source: Source
    subject: CiliumSelector | None
    subject_text: str
    directions: frozenset[Direction]
    rules: tuple[CiliumRule, ...] = ()
    nodes: LabelSelector | None = None

    def rules_for(self, direction: Direction) -> tuple[CiliumRule, ...]:
        """The rules of one direction, allowing ones first."""
        return tuple(r for r in self.rules if r.direction is direction)


@dataclass(frozen=True, slots=True)
class CiliumPolicy:
    """A CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy."""

    ref: ObjectRef
    source: Source
    specs: tuple[CiliumSpec, ...] = ()

    @property
    def directions(self) -> frozenset[Direction]:
        """The directions that it closes for some pod."""
        return frozenset(d for spec in self.specs for d in spec.directions)

    @property
    def rules(self) -> tuple[CiliumRule, ...]:
        """The rules of all its specs."""
        return tuple(rule for spec in self.specs for rule in spec.rules)


@dataclass(frozen=True, slots=True)
class CidrGroup:
    """A CiliumCIDRGroup: addresses outside the cluster under a name and labels."""

    ref: ObjectRef
    source: Source
    labels: Labels = field(default_factory=dict, hash=False)
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalRedirect:
    """A CiliumLocalRedirectPolicy: traffic to ``frontend`` goes to ``backend`` on the sender's own node instead."""

    ref: ObjectRef
    source: Source
    frontend: str
    backend: str
