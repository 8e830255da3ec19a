"""Calico's policies with every default applied, and what they refer to: tiers, sets of addresses, host endpoints.

Kinds of the API groups projectcalico.org/v3 and crd.projectcalico.org/v1. Calico's kind NetworkPolicy is called
``CalicoNetworkPolicy`` here, so that it can't be taken for the kind of networking.k8s.io.
"""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import Final

from lib.model.calico_names import DEFAULT_TIER
from lib.model.calico_selector import CalicoSelector
from lib.model.cluster import ContainerPort, Pod
from lib.model.labels import Labels
from lib.model.policies import Direction
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, AddressSet, Family, Network, PortSet, Protocol

NAMESPACE_KEY: Final = "projectcalico.org/namespace"
ORCHESTRATOR_KEY: Final = "projectcalico.org/orchestrator"
SERVICE_ACCOUNT_KEY: Final = "projectcalico.org/serviceaccount"
NAME_KEY: Final = "projectcalico.org/name"
NAMESPACE_PREFIX: Final = "pcns."
SERVICE_ACCOUNT_PREFIX: Final = "pcsa."


class CalicoAction(Enum):
    """What a rule does with a packet that matches; LOG decides nothing, so that the next rule is asked."""

    ALLOW = "Allow"
    DENY = "Deny"
    PASS = "Pass"  # noqa: S105 -- the name of an action
    LOG = "Log"


@dataclass(frozen=True, slots=True)
class CalicoPorts:
    """Ports by number, and by the names that endpoints give them."""

    numbers: PortSet
    names: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return ",".join(filter(None, (str(self.numbers) if self.numbers else "", *sorted(self.names))))


@dataclass(frozen=True, slots=True)
class ServiceMatch:
    """The endpoints of one Service, on their own ports where it stands at a rule's destination."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class EntityRule:
    """One end of a rule; every condition that is not None must hold.

    ``selector`` joins selector, namespaceSelector and serviceAccounts over Calico's own labels of endpoints, the
    policy's namespace included, as Calico's update processors do.
    """

    source: Source
    text: str = ""
    selector: CalicoSelector | None = None
    not_selector: CalicoSelector | None = None
    nets: tuple[Network, ...] | None = None
    not_nets: tuple[Network, ...] = ()
    ports: CalicoPorts | None = None
    not_ports: CalicoPorts | None = None
    service: ServiceMatch | None = None

    @property
    def addresses(self) -> AddressSet:
        """The addresses of ``nets``."""
        return AddressSet.from_networks(self.nets or ())

    @property
    def excluded(self) -> AddressSet:
        """The addresses of ``notNets``."""
        return AddressSet.from_networks(self.not_nets)


@dataclass(frozen=True, slots=True)
class CalicoRule:
    """One element of ``spec.ingress`` or ``spec.egress``.

    ``protocols`` are those of the engine's that it means; empty for one that is about ICMP and the like alone.
    ``family`` is the only one that it means, None for both. ``narrowing`` says to what layer 7 narrows it,
    ``doubt`` what nobody knows of the whole rule.
    """

    direction: Direction
    index: int
    action: CalicoAction
    from_: EntityRule
    to: EntityRule
    protocols: frozenset[Protocol]
    source: Source
    text: str
    family: Family | None = None
    narrowing: str = ""
    doubt: str = ""

    @property
    def label(self) -> str:
        """``spec.ingress[0]``."""
        return f"spec.{self.direction.field}[{self.index}]"


@dataclass(frozen=True, slots=True)
class CalicoPolicy:
    """A Calico NetworkPolicy or GlobalNetworkPolicy.

    ``selector`` joins selector, serviceAccountSelector, namespaceSelector and the policy's own namespace over Calico's
    own labels of endpoints. ``order`` is infinite where the policy has none, so that it comes last. ``untracked``
    (doNotTrack) and ``before_dnat`` (preDNAT) policies concern host endpoints only, and are asked before others.
    ``on_forward``: of a host endpoint's traffic also what the node only forwards.
    """

    ref: ObjectRef
    source: Source
    tier: str
    selector: CalicoSelector
    selector_text: str
    directions: frozenset[Direction]
    order: float = inf
    rules: tuple[CalicoRule, ...] = ()
    untracked: bool = False
    before_dnat: bool = False
    on_forward: bool = False

    @property
    def namespace(self) -> str:
        """The only namespace whose pods it can select; "" for a GlobalNetworkPolicy."""
        return self.ref.namespace

    @property
    def host_only(self) -> bool:
        """Whether it concerns host endpoints only."""
        return self.untracked or self.before_dnat

    def rules_for(self, direction: Direction) -> tuple[CalicoRule, ...]:
        """The rules of one direction, in the order of the spec."""
        return tuple(r for r in self.rules if r.direction is direction)


@dataclass(frozen=True, slots=True)
class StagedPolicy:
    """A staged policy of whichever kind: Calico reports what it would do, and does not enforce it."""

    ref: ObjectRef
    source: Source
    selector_text: str
    directions: frozenset[Direction]
    action: str = "Set"
    tier: str = DEFAULT_TIER
    rule_counts: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class CalicoTier:
    """A Tier; ``order`` is infinite where it has none. ``passes``: traffic that no rule decided goes on to the next."""

    ref: ObjectRef
    source: Source
    order: float = inf
    passes: bool = False


@dataclass(frozen=True, slots=True)
class NetworkSet:
    """A NetworkSet or GlobalNetworkSet: addresses that selectors select by the set's labels."""

    ref: ObjectRef
    source: Source
    labels: Labels = field(default_factory=dict, hash=False)
    nets: tuple[Network, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostEndpoint:
    """One interface of a node, or with ``*`` all of them, that GlobalNetworkPolicies can select.

    ``interface`` is "" where only ``expectedIPs`` say which one is meant. By these rules that name it by its labels
    know it: "If the expectedIPs field is omitted then security rules that use labels will fail to match this endpoint".
    ``ports`` are those that it gives names.
    """

    ref: ObjectRef
    source: Source
    labels: Labels = field(default_factory=dict, hash=False)
    node: str = ""
    interface: str = ""
    profiles: tuple[str, ...] = ()
    expected_ips: tuple[Address, ...] = ()
    ports: tuple[ContainerPort, ...] = ()

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for all interfaces of its node."""
        return self.interface == "*"


@dataclass(frozen=True, slots=True)
class WorkloadEndpoint:
    """What Calico knows of one pod's interface: the pod as far as it tells of it, its profiles among that."""

    ref: ObjectRef
    source: Source
    pod: Pod


@dataclass(frozen=True, slots=True)
class CalicoProfile:
    """Labels and rules for the endpoints that name it; asked after all tiers. ``refused``: its rules are not known."""

    ref: ObjectRef
    source: Source
    labels_to_apply: Labels = field(default_factory=dict, hash=False)
    rules: tuple[CalicoRule, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A core ServiceAccount: the labels by which policies can select its pods."""

    ref: ObjectRef
    source: Source
    labels: Labels = field(default_factory=dict, hash=False)
