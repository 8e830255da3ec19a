"""Endpoint classes: pods that no policy can tell apart are one.

A pod is projected on what some selector or rule can see (namespace, the label keys that selectors name, the named
ports that rules name, host network, the address atoms where addresses count); equal projections are one class. Every
selector is evaluated once per class, through an index from label value to classes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lib.model.cluster import METADATA_NAME_LABEL, Namespace, Pod
from lib.model.errors import ModelError
from lib.model.labels import LabelSelector, Operator, Requirement
from lib.model.policies import NamespaceScope, OwnNamespace
from lib.model.sets import Address, Family, Protocol, family_of, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, from_positions
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

ARBITRARY_NAMESPACE = "\0"
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


@dataclass(frozen=True)
class EndpointSpace:
    """All classes, numbered by namespace so that bitsets stay dense, and the indexes that evaluate selectors.

    ``members`` runs parallel to the snapshot's workloads: the class of each of their endpoints, in their order.
    ``new_pods`` is the class of an unlabelled new pod by namespace, ``ARBITRARY_NAMESPACE`` included; ``nodes`` is the
    class of a node's own traffic by the node's name. ``speaking`` are the classes that have an address of a family; of
    whose addresses nothing is known has those of the cluster's ``families``: both where ``shows_families`` is False,
    since the input then shows no address at all.
    """

    classes: tuple[EndpointClass, ...]
    members: tuple[tuple[int, ...], ...]
    new_pods: Mapping[str, int]
    nodes: Mapping[str, int]
    families: frozenset[Family]
    shows_families: bool
    speaking: Mapping[Family, Bits]
    selectable: Bits
    host_network: Bits
    _by_namespace: Mapping[str, Bits]
    _by_label: Mapping[str, Mapping[str, Bits]]
    _by_namespace_label: Mapping[str, Mapping[str, Bits]]
    _by_atom: Mapping[int, Bits]
    _unplaced: Bits
    _named: Mapping[tuple[str, Protocol], Mapping[int, Bits]]
    _selected: dict[LabelSelector, Bits] = field(default_factory=dict)

    @property
    def everything(self) -> Bits:
        """All classes."""
        return (1 << len(self.classes)) - 1

    def in_namespace(self, name: str) -> Bits:
        """The classes of one namespace that selectors can see: host-network pods are not among them."""
        return self._by_namespace.get(name, 0) & self.selectable

    def with_labels(self, selector: LabelSelector) -> Bits:
        """The classes whose pod labels match, in whatever namespace; host-network pods are not among them."""
        found = self._selected.get(selector)
        if found is None:
            found = self._selected[selector] = _matching(selector, self._by_label, self.selectable)
        return found

    def in_scope(self, scope: NamespaceScope) -> Bits:
        """The classes of the namespaces that ``scope`` means."""
        if isinstance(scope, OwnNamespace):
            return self.in_namespace(scope.name)
        return _matching(scope.selector, self._by_namespace_label, self.selectable)

    def label_values(self, key: str) -> Mapping[str, Bits]:
        """Value → the classes that have it under a label key, host-network ones among them."""
        return self._by_label.get(key, {})

    def namespace_values(self, key: str) -> Mapping[str, Bits]:
        """Value → the classes of the namespaces that have it under a label key, host-network ones among them."""
        return self._by_namespace_label.get(key, {})

    @property
    def namespaces(self) -> Mapping[str, Bits]:
        """Namespace → its classes that selectors can see."""
        return {name: bits & self.selectable for name, bits in self._by_namespace.items() if name}

    def on_nodes(self, selector: LabelSelector) -> tuple[Bits, Bits]:
        """The nodes with matching labels and the host-network pods on them: surely, and perhaps and not surely.

        A host-network pod is on one perhaps where the input does not show its node.
        """
        known = self._by_label.get(NODE_KNOWN, {}).get("", 0)
        of_nodes = {key: self._by_label.get(NODE_LABEL + key, {}) for key in selector.keys}
        return _matching(selector, of_nodes, known), self.host_network & ~known

    def with_named_port(self, name: str, protocol: Protocol) -> Mapping[int, Bits]:
        """Port number → the classes that declare it under this name and protocol."""
        return self._named.get((name, protocol), {})

    def at_addresses(self, atoms: Bits, addresses: AddressSpace, family: Family) -> tuple[Bits, Bits]:
        """The classes that surely have an address of ``family`` in ``atoms``, and those that may.

        Those may whose addresses are not known; they surely do where ``atoms`` hold every address of the cluster's
        families.
        """
        mine = atoms & addresses.whole(family)
        sure = 0
        for atom, classes in self._by_atom.items():
            if mine >> atom & 1:
                sure |= classes
        if not mine or not self._unplaced:
            return sure, 0
        if all(addresses.whole(f) & ~atoms == 0 for f in self.families):
            return sure | self._unplaced, 0
        return sure, self._unplaced


def _matching(selector: LabelSelector, index: Mapping[str, Mapping[str, Bits]], among: Bits) -> Bits:
    for requirement in selector.requirements:
        among &= _fulfilling(requirement, index.get(requirement.key, {}), among)
    return among


def _fulfilling(requirement: Requirement, values: Mapping[str, Bits], among: Bits) -> Bits:
    hits = 0
    by_value = requirement.operator in (Operator.IN, Operator.NOT_IN)
    for value in requirement.values if by_value else values:
        hits |= values.get(value, 0)
    return hits if requirement.operator in (Operator.IN, Operator.EXISTS) else among & ~hits


def build_endpoints(
    snapshot: Snapshot, vocabulary: Vocabulary, addresses: AddressSpace, *, match_pod_addresses: bool
) -> EndpointSpace:
    """Sort every pod that can send or receive into its class; time grows with the number of pods.

    ``match_pod_addresses`` keeps pods apart by address; host-network pods always are, by their node's.
    """
    project = _Projection(snapshot, vocabulary, addresses, match_pod_addresses)
    numbers: dict[EndpointClass, int] = {}
    by_key: dict[object, int] = {}
    members: list[tuple[int, ...]] = []
    for workload in sorted(range(len(snapshot.workloads)), key=lambda i: snapshot.workloads[i].namespace):
        mine = []
        for pod in snapshot.workloads[workload].endpoints:
            key = project.key(pod)
            number = by_key.get(key)
            if number is None:
                number = by_key[key] = len(numbers)
                numbers[project.endpoint_class(pod)] = number
            mine.append(number)
        members.append((workload, *mine))
    members.sort()
    new_pods = {}
    for name in (*dict.fromkeys(n.name for n in snapshot.namespaces), ARBITRARY_NAMESPACE):
        new_pods[name] = len(numbers)
        atoms = None if match_pod_addresses else ()
        labels = (*project.account_of(name), *project.placed("", host=False))
        numbers[EndpointClass(name, labels, hypothetical=True, atoms=atoms)] = len(numbers)
    nodes = {}
    for name, node_class in project.nodes():
        nodes[name] = numbers.setdefault(node_class, len(numbers))
    return _index(tuple(numbers), tuple(m[1:] for m in members), new_pods, nodes, snapshot, vocabulary)


class _Projection:
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
        labels = tuple(map(pod.labels.get, self._keys))
        ports = self._ports(pod) if self._named else ()
        addresses = self._by_class(pod)
        account = self.account_of(pod.ref.namespace, pod.service_account) if self._account_keys else ()
        node = self._node_labels(pod.node_name) if pod.host_network else ()
        profiles = pod.profiles if self._by_profiles else None
        node += self.placed(pod.node_name, host=pod.host_network)
        return pod.ref.namespace, pod.host_network, labels, ports, addresses, account, node, profiles

    def endpoint_class(self, pod: Pod) -> EndpointClass:
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
        if pod.host_network:
            return pod.host_ips or pod.ips or self._node_addresses.get(pod.node_name, ())
        return pod.ips

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


def _index(
    classes: tuple[EndpointClass, ...],
    members: tuple[tuple[int, ...], ...],
    new_pods: Mapping[str, int],
    nodes: Mapping[str, int],
    snapshot: Snapshot,
    vocabulary: Vocabulary,
) -> EndpointSpace:
    by_namespace: dict[str, list[int]] = defaultdict(list)
    by_label: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    by_atom: dict[int, list[int]] = defaultdict(list)
    named: dict[tuple[str, Protocol], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, each in enumerate(classes):
        by_namespace[each.namespace].append(i)
        for key, value in each.labels:
            by_label[key][value].append(i)
        for atom in each.atoms or ():
            by_atom[atom].append(i)
        for name, protocol, port in each.named_ports:
            named[name, protocol][port].append(i)
    namespace_bits = {name: from_positions(found) for name, found in by_namespace.items()}
    host_network = from_positions(i for i, c in enumerate(classes) if c.host_network)
    seen = families_of(snapshot)
    families = seen or frozenset(Family)
    return EndpointSpace(
        classes=classes,
        members=members,
        new_pods=new_pods,
        nodes=nodes,
        families=families,
        shows_families=bool(seen),
        speaking={f: from_positions(i for i, c in enumerate(classes) if f in (c.families or families)) for f in Family},
        selectable=((1 << len(classes)) - 1) & ~host_network,
        host_network=host_network,
        _by_namespace=namespace_bits,
        _by_label={k: {v: from_positions(f) for v, f in values.items()} for k, values in by_label.items()},
        _by_namespace_label=_namespace_index(snapshot.namespaces, namespace_bits, vocabulary.namespace_keys),
        _by_atom={atom: from_positions(found) for atom, found in by_atom.items()},
        _unplaced=from_positions(i for i, c in enumerate(classes) if c.atoms is None),
        _named={n: {p: from_positions(f) for p, f in ports.items()} for n, ports in named.items()},
    )


def _namespace_index(
    namespaces: Iterable[Namespace], bits: Mapping[str, Bits], keys: frozenset[str]
) -> dict[str, dict[str, Bits]]:
    arbitrary = Namespace(ARBITRARY_NAMESPACE, {METADATA_NAME_LABEL: ARBITRARY_NAMESPACE})
    index: dict[str, dict[str, Bits]] = {key: {} for key in keys}
    for namespace in (*namespaces, arbitrary):
        for key in keys & namespace.labels.keys():
            values = index[key]
            values[namespace.labels[key]] = values.get(namespace.labels[key], 0) | bits.get(namespace.name, 0)
    return index
