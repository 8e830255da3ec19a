"""What the policies can see of a pod: pods of the same projection are one class.

A pod is projected on what some selector or rule can see (namespace, the label keys that selectors name, the named
ports that rules name, host network, the address atoms where addresses count).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.model.cluster import Pod
from lib.model.errors import ModelError
from lib.model.records import dataclass
from lib.model.sets import Address, Family, Protocol, family_of, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.hidden_keys import (
    ACCOUNT_LABEL,
    DEFAULT_ACCOUNT,
    NODE_KNOWN,
    NODE_LABEL,
    NODE_NAME,
    PROFILES,
    SERVICE_ACCOUNT,
    UNKNOWN_VALUE,
    profiles_value,
)
from lib.policy.spaces import AddressSpace, Vocabulary

ARBITRARY_NAMESPACE: Final = "\0"
"""Stands for a namespace that nobody has made yet: unlike any real name, with no label but its name."""


@dataclass(frozen=True, slots=True)
class EndpointClass:
    """Pods that behave alike.

    ``labels`` holds the keys that selectors name, with values. ``atoms`` are the address atoms that a rule may match
    it by (empty: addresses never match it), None where its address is not known. ``families`` are those of its
    addresses, as far as some rule can tell them apart; empty where they are not known. ``hypothetical`` classes have
    no pod: they stand for a new pod without labels, in a namespace of the input or in an arbitrary one, or for a node.
    """

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()
    host_network: bool = False
    named_ports: tuple[tuple[str, Protocol, int], ...] = ()
    atoms: tuple[int, ...] | None = ()
    families: frozenset[Family] = frozenset()
    hypothetical: bool = False


class Projection:
    """What of a pod the policies can see."""

    def __init__(self, snapshot: Snapshot, vocabulary: Vocabulary, addresses: AddressSpace, by_address: bool) -> None:
        self._keys = tuple(sorted(k for k in vocabulary.pod_keys if not k.startswith("\0")))
        self._account_keys = tuple(sorted(k for k in vocabulary.pod_keys - {PROFILES} if k.startswith("\0")))
        self._by_profiles = PROFILES in vocabulary.pod_keys
        self._accounts = {(a.ref.namespace, a.ref.name): a.labels for a in snapshot.service_accounts}
        self._accounts_known = snapshot.is_complete("ServiceAccount")
        self._named = vocabulary.named_ports
        self._addresses = addresses
        self._by_address = by_address
        self._blocks = bool(vocabulary.networks)
        self._nodes = {n.name: n.labels for n in snapshot.nodes}
        self._node_keys = tuple(sorted(vocabulary.node_keys)) if vocabulary.nodes_matter else None
        self._placing = vocabulary.node_names, vocabulary.pod_nodes
        self._node_addresses = {n.name: parsed(n.addresses_of("InternalIP")) for n in snapshot.nodes}

    def key(self, pod: Pod) -> object:
        """Equal for pods of one class."""
        labels = tuple(map(pod.labels.get, self._keys))
        ports = self._ports(pod) if self._named else ()
        addresses = self._by_class(pod)
        account = self.account_of(pod.ref.namespace, pod.service_account) if self._account_keys else ()
        node = self._node_labels(pod.node_name) if pod.host_network else ()
        profiles = pod.profiles if self._by_profiles else None
        node += self.placed(pod.node_name, host=pod.host_network)
        return pod.ref.namespace, pod.host_network, labels, ports, addresses, account, node, profiles

    def endpoint_class(self, pod: Pod) -> EndpointClass:
        """The class of a pod."""
        labels = tuple((k, v) for k in self._keys if (v := pod.labels.get(k)) is not None)
        labels += self.account_of(pod.namespace, pod.service_account)
        if self._by_profiles and pod.profiles is not None:
            labels += ((PROFILES, profiles_value(pod.profiles)),)
        if pod.host_network:
            labels += self._node_labels(pod.node_name)
        labels += self.placed(pod.node_name, host=pod.host_network)
        return EndpointClass(pod.namespace, labels, pod.host_network, self._ports(pod), *self._by_class(pod))

    def _by_class(self, pod: Pod) -> tuple[tuple[int, ...] | None, frozenset[Family]]:
        """The atoms by which rules may match a pod, and the families that it speaks."""
        if not self._blocks:
            return (), frozenset()
        known = self._known(pod)
        atoms = self._atoms_of(known) if self._by_address or pod.host_network else ()
        return atoms, frozenset(map(family_of, known))

    def account_of(self, namespace: str, account: str = DEFAULT_ACCOUNT) -> tuple[tuple[str, str], ...]:
        """The name and the labels of a pod's ServiceAccount that selectors can see, as labels of the pod."""
        found = []
        labels = self._accounts.get((namespace, account), {} if self._accounts_known else None)
        for key in self._account_keys:
            value: str | None = account
            if key != SERVICE_ACCOUNT:
                value = UNKNOWN_VALUE if labels is None else labels.get(key.removeprefix(ACCOUNT_LABEL))
            if value is not None:
                found.append((key, value))
        return tuple(found)

    def nodes(self) -> Iterator[tuple[str, EndpointClass]]:
        """The class of each node's own traffic, by the node's name."""
        for name, known in self._node_addresses.items():
            atoms = self._atoms_of(known) if self._blocks else ()
            families = frozenset(map(family_of, known)) if self._blocks else frozenset[Family]()
            labels = (*self._node_labels(name), *self.placed(name, host=True))
            yield name, EndpointClass("", labels, True, atoms=atoms, families=families, hypothetical=True)

    def _node_labels(self, name: str) -> tuple[tuple[str, str], ...]:
        """What rules that name nodes by label can see of a node; nothing where the input does not hold it."""
        if self._node_keys is None or name not in self._nodes:
            return ()
        labels = self._nodes[name]
        found = ((NODE_LABEL + key, value) for key in self._node_keys if (value := labels.get(key)) is not None)
        return ((NODE_KNOWN, ""), *found)

    def placed(self, node: str, *, host: bool) -> tuple[tuple[str, str], ...]:
        """The node of an end, as far as policies tell nodes or the pods on them apart."""
        return ((NODE_NAME, node),) if self._placing[0 if host else 1] else ()

    def _ports(self, pod: Pod) -> tuple[tuple[str, Protocol, int], ...]:
        found: dict[tuple[str, Protocol], int] = {}
        for port in pod.ports:
            name = (port.name, port.protocol)
            if name in self._named:
                found.setdefault(name, port.port)
        return tuple((name, protocol, port) for (name, protocol), port in found.items())

    def _known(self, pod: Pod) -> tuple[Address, ...]:
        if not pod.host_network:
            return pod.ips
        # It may use each address of its node; a status with the older hostIP alone shows one of them.
        return (*pod.host_ips, *pod.ips, *self._node_addresses.get(pod.node_name, ()))

    def _atoms_of(self, known: Iterable[Address]) -> tuple[int, ...] | None:
        return tuple(sorted({self._addresses.atom_of(a) for a in known})) or None


def parsed(texts: Iterable[str]) -> tuple[Address, ...]:
    """The addresses among ``texts``."""
    found = []
    for text in texts:
        try:
            found.append(parse_address(text))
        except ModelError:
            continue  # the loader has reported it; without it the node's address is simply not known
    return tuple(found)


def families_of(snapshot: Snapshot) -> frozenset[Family]:
    """The families that the cluster is seen to use; none where the input shows no address at all."""
    seen = {family_of(a) for p in snapshot.pods for a in (*p.ips, *p.host_ips)}
    seen |= {family_of(a) for n in snapshot.nodes for a in parsed(n.addresses_of("InternalIP"))}
    seen |= {family_of(a) for s in snapshot.services for a in s.cluster_ips}
    return frozenset(seen)
