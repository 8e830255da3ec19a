"""Cluster-wide policies of policy.networking.k8s.io: AdminNetworkPolicy, its baseline, and ClusterNetworkPolicy.

As with NetworkPolicies every default is applied after parsing: a rule without ports has ``AllPorts()``.
"""

from __future__ import annotations

from enum import Enum

from lib.model.domain_names import NamePattern
from lib.model.labels import LabelSelector
from lib.model.policies import AllPorts, Direction, NumberedPorts, PodPeer
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, Network


class PolicyTier(Enum):
    """Before the NetworkPolicies of the cluster, or after them."""

    ADMIN = "Admin"
    BASELINE = "Baseline"


class ClusterAction(Enum):
    """What a rule does with the first traffic that it matches; PASS hands it to the next tier."""

    ALLOW = "Allow"
    DENY = "Deny"
    PASS = "Pass"  # noqa: S105 -- the name of an action


@dataclass(frozen=True, slots=True)
class NodePeer:
    """Nodes by their labels: their own traffic and that of host-network pods on them."""

    nodes: LabelSelector
    source: Source

    def __str__(self) -> str:
        return "all nodes" if self.nodes.is_everything else f"nodes with {self.nodes}"


@dataclass(frozen=True, slots=True)
class NetworksPeer:
    """Addresses, those of pods and nodes included."""

    networks: tuple[Network, ...]
    source: Source

    @property
    def addresses(self) -> AddressSet:
        """All addresses that are meant."""
        return AddressSet.from_networks(self.networks)

    def __str__(self) -> str:
        return ", ".join(map(str, self.networks))


@dataclass(frozen=True, slots=True)
class DomainsPeer:
    """Domain names, whose addresses nobody can know from manifests; ``*.`` stands for one label or more."""

    names: tuple[str, ...]
    source: Source

    @property
    def patterns(self) -> tuple[NamePattern, ...]:
        """The names in the form that tells which others they mean."""
        return tuple(map(NamePattern.of_cluster_policy, self.names))

    def __str__(self) -> str:
        return ", ".join(self.names)


@dataclass(frozen=True, slots=True)
class UnknownPeer:
    """A peer of a stored object that says nothing this reader knows, so that its rule fails closed."""

    source: Source

    def __str__(self) -> str:
        return "a peer of an unknown type"


@dataclass(frozen=True, slots=True)
class NamedPortOfPods:
    """A port by the name that destination pods give it, whatever its protocol."""

    name: str
    source: Source


ClusterPeer = PodPeer | NodePeer | NetworksPeer | DomainsPeer | UnknownPeer
ClusterPort = AllPorts | NumberedPorts | NamedPortOfPods


@dataclass(frozen=True, slots=True)
class ClusterRule:
    """One element of ``spec.ingress`` or ``spec.egress``: any of the peers, on any of the ports."""

    direction: Direction
    index: int
    action: ClusterAction
    peers: tuple[ClusterPeer, ...]
    ports: tuple[ClusterPort, ...]
    source: Source
    name: str = ""

    @property
    def label(self) -> str:
        """``spec.ingress[0]``."""
        return f"spec.{self.direction.field}[{self.index}]"

    @property
    def fails_closed(self) -> bool:
        """Whether a peer is of a type that nobody here knows."""
        return any(isinstance(peer, UnknownPeer) for peer in self.peers)


@dataclass(frozen=True, slots=True)
class ClusterPolicy:
    """A policy for pods of the whole cluster; host-network pods are never among its subjects.

    A lower ``priority`` comes first in its tier. Without rules for a direction it does nothing there.
    """

    ref: ObjectRef
    source: Source
    tier: PolicyTier
    priority: int
    namespaces: LabelSelector
    pods: LabelSelector
    rules: tuple[ClusterRule, ...] = ()

    def rules_for(self, direction: Direction) -> tuple[ClusterRule, ...]:
        """The rules of one direction, in the order of the spec."""
        return tuple(r for r in self.rules if r.direction is direction)

    @property
    def subject(self) -> str:
        """Whom it selects, in words."""
        pods = "all pods" if self.pods.is_everything else f"pods with {self.pods}"
        scope = "all namespaces" if self.namespaces.is_everything else f"namespaces with {self.namespaces}"
        return f"{pods} in {scope}"
