"""Endpoint classes: pods that no policy can tell apart are one.

Every selector is evaluated once per class, through an index from label value to classes; ``lib.policy.projection`` says
which pods are of one class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from lib.model.cluster import METADATA_NAME_LABEL, Namespace
from lib.model.labels import LabelSelector, Operator, Requirement
from lib.model.policies import NamespaceScope, OwnNamespace
from lib.model.records import dataclass, field
from lib.model.sets import Family, Protocol
from lib.model.snapshot import UNREAD, Snapshot
from lib.policy.bits import Bits, from_positions, union
from lib.policy.hidden_keys import (
    NODE_KNOWN,
    NODE_LABEL,
)
from lib.policy.projection import ARBITRARY_NAMESPACE, EndpointClass, Projection, families_of
from lib.policy.spaces import AddressSpace, Vocabulary

NAMESPACES_DOUBT: Final = "the labels of namespaces, which the server did not give"


@dataclass(frozen=True)
class EndpointSpace:
    """All classes, numbered by namespace so that bitsets stay dense, and the indexes that evaluate selectors.

    ``members`` runs parallel to the snapshot's workloads: the class of each of their endpoints, in their order.
    ``new_pods`` is the class of an unlabelled new pod by namespace, ``ARBITRARY_NAMESPACE`` included; ``nodes`` is the
    class of a node's own traffic by the node's name. ``speaking`` are the classes that have an address of a family; of
    whose addresses nothing is known has those of the cluster's ``families``: both where ``shows_families`` is False,
    since the input then shows no address at all. ``hidden`` are the namespaces whose labels nobody knows, since the
    server did not give the Namespace objects, and ``unlabelled`` the classes in them; where files just don't hold the
    objects, namespaces count as having no label but their name.
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
    hidden: frozenset[str]
    unlabelled: Bits
    _by_namespace: Mapping[str, Bits]
    _by_label: Mapping[str, Mapping[str, Bits]]
    _by_namespace_label: Mapping[str, Mapping[str, Bits]]
    _by_atom: Mapping[int, Bits]
    _unplaced: Bits
    _never: Bits
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
        """The classes of the namespaces that ``scope`` surely means."""
        if isinstance(scope, OwnNamespace):
            return self.in_namespace(scope.name)
        found = _matching(scope.selector, self._by_namespace_label, self.selectable)
        return found & ~self.perhaps_in_scope(scope)

    def perhaps_in_scope(self, scope: NamespaceScope) -> Bits:
        """The classes of the namespaces that ``scope`` may mean, by labels that the server did not give."""
        if not self.unlabelled or isinstance(scope, OwnNamespace) or scope.selector.keys <= {METADATA_NAME_LABEL}:
            return 0
        by_name = tuple(r for r in scope.selector.requirements if r.key == METADATA_NAME_LABEL)
        return _matching(LabelSelector(by_name), self._by_namespace_label, self.unlabelled)

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
        families that they can have.
        """
        mine = atoms & addresses.whole(family)
        sure = perhaps = 0
        for atom, classes in self._by_atom.items():
            if mine >> atom & 1:
                sure |= classes
        # What listens on a node's network may have an address that no packet leaves the node for.
        for unplaced, never in (
            (self._unplaced & self.host_network, 0),
            (self._unplaced & ~self.host_network, self._never),
        ):
            if not mine & ~never:
                continue
            if all(addresses.whole(f) & ~never & ~atoms == 0 for f in self.families):
                sure |= unplaced
            else:
                perhaps |= unplaced
        return sure, perhaps


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
    project = Projection(snapshot, vocabulary, addresses, match_pod_addresses)
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
    never = addresses.never_forwarded()
    return _index(tuple(numbers), tuple(m[1:] for m in members), new_pods, nodes, snapshot, vocabulary, never)


def _index(
    classes: tuple[EndpointClass, ...],
    members: tuple[tuple[int, ...], ...],
    new_pods: Mapping[str, int],
    nodes: Mapping[str, int],
    snapshot: Snapshot,
    vocabulary: Vocabulary,
    never: Bits,
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
    refused = snapshot.coverage_of("Namespace") in UNREAD
    hidden = frozenset(n.name for n in snapshot.namespaces if refused and not n.labels_known)
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
        hidden=hidden,
        unlabelled=union(namespace_bits.get(name, 0) for name in hidden) & ~host_network,
        _by_namespace=namespace_bits,
        _by_label={k: {v: from_positions(f) for v, f in values.items()} for k, values in by_label.items()},
        _by_namespace_label=_namespace_index(snapshot.namespaces, namespace_bits, vocabulary.namespace_keys),
        _by_atom={atom: from_positions(found) for atom, found in by_atom.items()},
        _unplaced=from_positions(i for i, c in enumerate(classes) if c.atoms is None),
        _never=never,
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
