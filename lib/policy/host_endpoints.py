"""Which policies of Calico's select the host endpoints of each node, and where one answer holds for the whole node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from lib.model.calico_policies import CalicoPolicy, CalicoProfile, HostEndpoint
from lib.model.calico_selector import keys_of, matches
from lib.model.labels import Labels
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot

DEFAULT_ALLOW: Final = "projectcalico-default-allow"
"""The profile that Calico gives the host endpoints it makes; it allows everything."""


@dataclass(frozen=True, slots=True)
class Host:
    """A node with host endpoints.

    ``selecting`` are the policies that select all of these, ``touching`` those that select some or may do so;
    ``selections`` runs parallel to ``endpoints``. ``doubt``: why it is not known which policies and profiles count for
    a packet; "" where the same do for each of its host endpoints.
    """

    node: str
    endpoints: tuple[HostEndpoint, ...]
    selecting: frozenset[ObjectRef]
    touching: frozenset[ObjectRef]
    selections: tuple[frozenset[ObjectRef], ...]
    doubt: str = ""

    @property
    def first(self) -> HostEndpoint:
        """The host endpoint that stands for all of them where they are alike."""
        return self.endpoints[0]

    @property
    def is_wildcard(self) -> bool:
        """Whether some of its host endpoints stands for all interfaces, those of its own pods among them."""
        return any(each.is_wildcard for each in self.endpoints)


def hosts_of(snapshot: Snapshot) -> tuple[Host, ...]:
    """The nodes with host endpoints, by name; selectors are evaluated once for labels that none of them tells apart."""
    profiles = {profile.ref.name: profile for profile in snapshot.calico_profiles}
    keys = frozenset().union(*(keys_of(policy.selector) for policy in snapshot.calico_policies))
    known: dict[tuple[tuple[str, str], ...], frozenset[ObjectRef]] = {}
    by_node: dict[str, list[HostEndpoint]] = defaultdict(list)
    for endpoint in snapshot.host_endpoints:
        by_node[endpoint.node].append(endpoint)
    found = []
    for node, endpoints in sorted(by_node.items()):
        selections = []
        for endpoint in endpoints:
            seen = {k: v for k, v in labels_of(endpoint, profiles).items() if k in keys}
            key = tuple(sorted(seen.items()))
            if key not in known:
                known[key] = _selecting(snapshot.calico_policies, seen)
            selections.append(known[key])
        if unread := _unread_profile(endpoints, profiles):
            # Its labels may be those that any policy selects by.
            selections = [frozenset(policy.ref for policy in snapshot.calico_policies if not policy.namespace)]
            selections *= len(endpoints)
        selecting, touching = frozenset.intersection(*selections), frozenset.union(*selections)
        doubt = unread or _differing(endpoints, alike=selecting == touching)
        found.append(Host(node, tuple(endpoints), selecting, touching, tuple(selections), doubt))
    return tuple(found)


def forwarding(snapshot: Snapshot) -> tuple[CalicoPolicy, ...]:
    """The policies that may stop what nodes with host endpoints forward."""
    touching = frozenset().union(*(host.touching for host in hosts_of(snapshot)))
    return tuple(p for p in snapshot.calico_policies if p.on_forward and p.ref in touching)


def left_open(snapshot: Snapshot) -> frozenset[ObjectRef]:
    """The policies of which some effect on nodes, or on what nodes forward, is not judged."""
    hosts = hosts_of(snapshot)
    somewhere = any(pod.host_network and not pod.node_name for pod in snapshot.pods)
    nodes = {node.name for node in snapshot.nodes}
    unsure = frozenset().union(*(h.touching for h in hosts if h.doubt or somewhere or h.node not in nodes))
    return unsure | {policy.ref for policy in forwarding(snapshot)}


def labels_of(endpoint: HostEndpoint, profiles: Mapping[str, CalicoProfile]) -> Labels:
    """A host endpoint's labels and those of its profiles, of which its own and those of the first count first."""
    found: Labels = {}
    for name in reversed(endpoint.profiles):
        found = {**found, **(profiles[name].labels_to_apply if name in profiles else {})}
    return {**found, **endpoint.labels}


def _selecting(policies: tuple[CalicoPolicy, ...], labels: Labels) -> frozenset[ObjectRef]:
    return frozenset(policy.ref for policy in policies if not policy.namespace and matches(policy.selector, labels))


def _unread_profile(endpoints: list[HostEndpoint], profiles: Mapping[str, CalicoProfile]) -> str:
    for name in (name for each in endpoints for name in each.profiles):
        if name not in profiles and name != DEFAULT_ALLOW:
            return f"the labels and rules of the Profile {name}, which is not in the input"
    return ""


def _differing(endpoints: list[HostEndpoint], *, alike: bool) -> str:
    if alike and len({(each.profiles, each.is_wildcard) for each in endpoints}) == 1:
        return ""
    listed = ", ".join(str(each.ref) for each in endpoints[:3])
    return f"which host endpoint of the node the traffic passes: {listed}"
