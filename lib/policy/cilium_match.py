"""Which ends the peers of Cilium's policies mean, surely and perhaps."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final, assert_never

from lib.facts.engines import Known
from lib.facts.readings import reading
from lib.model.cilium_policies import (
    SERVICE_ACCOUNT_LABEL,
    AnyEnd,
    CidrGroup,
    CidrPeer,
    CiliumPeer,
    CiliumRule,
    CiliumSelector,
    EndpointsPeer,
    EntitiesPeer,
    Entity,
    GroupPeer,
    NamesPeer,
    NodesPeer,
    ServicePeer,
    UnknownAddresses,
)
from lib.model.labels import LabelSelector, Operator, Requirement
from lib.model.policies import Direction, NamespacesByLabel
from lib.model.refs import ObjectRef
from lib.model.services import Service
from lib.model.sets import AddressSet, Family, Network
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, union
from lib.policy.cilium_ends import Ends
from lib.policy.cilium_names import CiliumNames
from lib.policy.compile import Spaces
from lib.policy.conditions import Condition, by_label
from lib.policy.endpoints import NAMESPACES_DOUBT
from lib.policy.hidden_keys import SERVICE_ACCOUNT
from lib.policy.network_policy import OWN_NODE_DOUBT, scope_condition
from lib.policy.rules import Named
from lib.policy.spaces import Vocabulary

BEYOND_DOUBT: Final = "whether the selector, which other ends than pods fulfil too, means them"
TUNNEL_DOUBT: Final = "whether the API server's traffic keeps its address, which on AKS it may not"
_API_SERVER: Final = ObjectRef("default", "kubernetes", "Service")
_IGNORED_BY_DEFAULT: Final = reading("cilium").switches.ignored_labels
_NOT_MODELLED: Final = frozenset({Entity.INIT, Entity.INGRESS, Entity.UNMANAGED, Entity.HEALTH, Entity.NONE})


def pod_selector(selector: LabelSelector) -> LabelSelector:
    """The same selector with the name that classes have for a pod's ServiceAccount."""
    if SERVICE_ACCOUNT_LABEL not in selector.keys:
        return selector
    return LabelSelector(
        tuple(
            Requirement(SERVICE_ACCOUNT if r.key == SERVICE_ACCOUNT_LABEL else r.key, r.operator, r.values)
            for r in selector.requirements
        )
    )


def selector_vocabulary(selector: CiliumSelector) -> Vocabulary:
    """The labels that a selector tells apart."""
    scope = selector.namespaces
    names = scope.selector.keys if isinstance(scope, NamespacesByLabel) else frozenset[str]()
    return Vocabulary(pod_keys=pod_selector(selector.pods).keys, namespace_keys=names)


def peers_vocabulary(snapshot: Snapshot) -> Vocabulary:
    """The addresses that peers name, themselves or through groups and Services, and the labels of nodes."""
    peers = [peer for policy in snapshot.cilium_policies for rule in policy.rules for peer in rule.peers]
    networks: set[Network] = set()
    keys: set[str] = set()
    for peer in peers:
        match peer:
            case CidrPeer():
                networks.update((*peer.networks, *peer.excepts))
            case GroupPeer():
                networks.update(peer.excepts)
                for group in _groups(snapshot, peer):
                    networks.update(group.networks)
            case ServicePeer():
                for service in _services(snapshot, peer):
                    networks.update(_endpoint_networks(snapshot, service.ref))
                    keys.update(service.selector.keys if service.selector else ())
            case EntitiesPeer() if peer.entities & {Entity.KUBE_APISERVER, Entity.CLUSTER}:
                networks.update(_endpoint_networks(snapshot, _API_SERVER))
            case _:
                continue
    nodes = [peer for peer in peers if isinstance(peer, NodesPeer)]
    return Vocabulary(
        pod_keys=frozenset(keys),
        networks=frozenset(networks),
        node_keys=frozenset().union(*(n.selector.keys for n in nodes)),
        nodes_matter=bool(nodes),
    )


def _groups(snapshot: Snapshot, peer: GroupPeer) -> list[CidrGroup]:
    if peer.selector is None:
        return [g for g in snapshot.cidr_groups if g.ref.name == peer.name]
    return [g for g in snapshot.cidr_groups if peer.selector.matches(g.labels)]


def _services(snapshot: Snapshot, peer: ServicePeer) -> list[Service]:
    return [
        s
        for s in snapshot.services
        if (not peer.namespace or s.namespace == peer.namespace)
        and (s.ref.name == peer.name if peer.selector is None else peer.selector.matches(s.labels))
    ]


def _endpoint_networks(snapshot: Snapshot, service: ObjectRef) -> list[Network]:
    """The addresses that stand behind a Service without a selector, each as its own prefix."""
    return [
        ip_network(address)
        for each in snapshot.endpoint_slices
        if each.service_ref == service and each.address_type != "FQDN"
        for endpoint in each.endpoints
        for address in endpoint.addresses
    ]


class CiliumMatcher:
    """Answers which ends the peers of one cluster mean."""

    def __init__(self, snapshot: Snapshot, spaces: Spaces) -> None:
        self.spaces = spaces
        self._snapshot = snapshot
        self.names = CiliumNames(snapshot.cilium_policies, spaces, self.endpoints, self._meant)

    def endpoints(self, selector: CiliumSelector) -> tuple[Bits, Bits]:
        """The classes that a selector surely means, and those that it may mean beside them."""
        endpoints = self.spaces.endpoints
        scope, perhaps = endpoints.in_scope(selector.namespaces), endpoints.perhaps_in_scope(selector.namespaces)
        labelled = endpoints.with_labels(pod_selector(selector.pods))
        if selector.doubt:
            return 0, (scope | perhaps) & labelled
        if not self._ignored(selector):
            return scope & labelled, perhaps & labelled
        absent = self._where_absent(selector.pods)
        sure = scope & labelled & absent
        return sure, (scope | perhaps) & (labelled | absent) & ~sure

    def doubt_of(self, selector: CiliumSelector) -> str:
        """What it hangs on that a selector means the classes that it may mean."""
        if selector.doubt:
            return selector.doubt
        doubts = [NAMESPACES_DOUBT] if self.spaces.endpoints.perhaps_in_scope(selector.namespaces) else []
        if ignored := self._ignored(selector):
            labels = ", ".join(sorted(ignored))
            doubts.append(f"whether Cilium, which by default does not, uses the label {labels} for identities")
        return " or ".join(doubts)

    def _ignored(self, selector: CiliumSelector) -> frozenset[str]:
        """The labels of a selector that Cilium does not use unless it is told to.

        Where the engine itself is chosen, which of them it uses is settled: then classes don't have the others.
        """
        if self.spaces.profile.ignored_labels:
            return frozenset()
        return frozenset(key for key in selector.pods.keys if key.startswith(_IGNORED_BY_DEFAULT))

    def _where_absent(self, selector: LabelSelector) -> Bits:
        """The classes that a selector means where the labels that Cilium ignores are on no pod."""
        absent = [r for r in selector.requirements if r.key.startswith(_IGNORED_BY_DEFAULT)]
        if any(r.operator in (Operator.IN, Operator.EXISTS) for r in absent):
            return 0
        rest = LabelSelector(tuple(r for r in selector.requirements if r not in absent))
        return self.spaces.endpoints.with_labels(pod_selector(rest))

    def ends(self, peer: CiliumPeer, rule: CiliumRule) -> Ends:
        """The ends that one peer of ``rule`` means."""
        spaces = self.spaces
        match peer:
            case AnyEnd():
                return Ends(spaces.everything)
            case EndpointsPeer():
                sure, maybe = self.endpoints(peer.selector)
                doubts = (self.doubt_of(peer.selector),) if maybe else ()
                if peer.selector.beyond:
                    maybe |= spaces.outside | spaces.endpoints.host_network
                    doubts = (*doubts, BEYOND_DOUBT)
                return Ends(sure, maybe, doubts)
            case EntitiesPeer():
                return self._entities(peer.entities, rule)
            case CidrPeer():
                return self._at(peer.addresses)
            case GroupPeer():
                return self._group(peer)
            case ServicePeer():
                return self._service(peer)
            case NodesPeer():
                on_nodes, perhaps = spaces.endpoints.on_nodes(peer.selector)
                return Ends(0, on_nodes | perhaps, ("whether Cilium is told to know nodes by their labels",))
            case NamesPeer():
                # What of it is sure hangs on the rule's subjects: ``names`` tells.
                return Ends(0, self.names.possible(peer.pattern))
            case UnknownAddresses():
                return Ends(0, spaces.outside, (f"the addresses of {peer}",))
            case _:
                assert_never(peer)

    def _meant(self, peer: CiliumPeer, rule: CiliumRule) -> tuple[Bits, Bits]:
        """The ends that a peer surely means, and those that it means for some subjects or perhaps."""
        found = self.ends(peer, rule)
        return found.surely.any, found.perhaps.any | found.own | found.others.any

    def conditions(self, peer: CiliumPeer, rule: CiliumRule) -> Iterator[Condition]:
        """What an end must fulfil for ``peer`` to mean it, a condition at a time."""
        if isinstance(peer, EndpointsPeer) and not peer.selector.doubt and not peer.selector.beyond:
            endpoints, scope = self.spaces.endpoints, peer.selector.namespaces
            if isinstance(scope, NamespacesByLabel):
                names = "namespace label"
                yield from by_label(names, scope.selector, lambda s: scope_condition(NamespacesByLabel(s), self.spaces))
            else:
                yield Condition(str(scope), endpoints.in_scope(scope))
            if not peer.selector.pods.is_everything:
                labels = peer.selector.pods
                yield from by_label("label", labels, lambda s: endpoints.with_labels(pod_selector(s)))
        else:
            found = self.ends(peer, rule)
            yield Condition(str(peer), found.surely.any | found.perhaps.any | found.own | found.others.any)

    @property
    def _lets_own_node_in(self) -> bool:
        return self.spaces.profile.cluster.own_node_ingress_allowed is Known.YES

    def _outside(self, addresses: AddressSet) -> Bits:
        return self.spaces.addresses.atoms_in(addresses) << self.spaces.first_address

    def _at(self, addresses: AddressSet) -> Ends:
        """What blocks mean: what is outside, and nodes other than a pod's own where the cluster is told so."""
        found = Ends(self._outside(addresses))
        if not self.spaces.profile.cluster.blocks_mean_other_nodes:
            return found
        named, perhaps = self.spaces.at_addresses(addresses, pods=Known.NO, nodes=Known.YES)
        hosts = self.spaces.endpoints.host_network
        far = Named(*(bits & hosts for bits in named))
        near = Named(*((some | more) & hosts for some, more in zip(named, perhaps, strict=True)))
        return found.beside(Ends(doubts=(OWN_NODE_DOUBT,), others=far, perhaps_at=near))

    def _entities(self, entities: frozenset[Entity], rule: CiliumRule) -> Ends:
        spaces = self.spaces
        simple = {
            Entity.ALL: spaces.everything,
            Entity.WORLD: spaces.outside,
            Entity.WORLD_IPV4: spaces.outside_of(Family.IPV4),
            Entity.WORLD_IPV6: spaces.outside_of(Family.IPV6),
            Entity.CLUSTER: spaces.endpoints.everything,
        }
        if Entity.CLUSTER in entities:
            # The documentation leaves it out, but InitEntities in pkg/policy/api/entity.go lists the API server
            # (endpointSelectorKubeAPIServer) among the cluster's ends.
            entities |= {Entity.KUBE_APISERVER}
        found = Ends()
        for entity in entities:
            found = found.beside(Ends(simple.get(entity, 0)))
        found = found.beside(self._nodes(entities, rule))
        if Entity.KUBE_APISERVER in entities:
            found = found.beside(self._api_server(rule.direction))
        return found

    def _nodes(self, entities: frozenset[Entity], rule: CiliumRule) -> Ends:
        """Nodes and the pods on their network; which of them are on the subject's own node shows pair by pair."""
        hosts = self.spaces.endpoints.host_network
        named = entities & {Entity.HOST, Entity.REMOTE_NODE}
        if len(named) == 2:
            return Ends(hosts)
        if not named:
            return Ends()
        if rule.direction is Direction.INGRESS and not rule.denies and self._lets_own_node_in:
            # A pod's own node is always let in, so that only the others need a rule.
            return Ends(hosts if Entity.REMOTE_NODE in named else 0)
        return Ends(own=hosts) if Entity.HOST in named else Ends(others=Named(always=hosts))

    def _api_server(self, direction: Direction) -> Ends:
        """The API server's addresses, as the endpoints of the Service ``kubernetes`` show them.

        What it sends comes through nodes on AKS, so that its own address may not be what policies see.
        """
        known, spaces = _endpoint_networks(self._snapshot, _API_SERVER), self.spaces
        if known:
            named, perhaps = spaces.at_addresses(AddressSet.from_networks(known), pods=Known.NO, nodes=Known.YES)
            if direction is Direction.INGRESS:
                either = Named(*(some | more for some, more in zip(named, perhaps, strict=True)))
                return Ends(doubts=(TUNNEL_DOUBT,), perhaps_at=either)
            doubts = ("the addresses of nodes",) if perhaps.any else ()
            return Ends(doubts=doubts, surely_at=named, perhaps_at=perhaps)
        # It has an address of a family that the cluster uses; of which, nothing in the input says.
        outside = union(spaces.outside_of(family) for family in spaces.endpoints.families)
        return Ends(0, outside | spaces.endpoints.host_network, ("the addresses of the API server",))

    def _group(self, peer: GroupPeer) -> Ends:
        found = _groups(self._snapshot, peer)
        networks = (n for group in found for n in group.networks)
        addresses = AddressSet.from_networks(networks) - AddressSet.from_networks(peer.excepts)
        complete = self._snapshot.is_complete("CiliumCIDRGroup") or (peer.selector is None and bool(found))
        if complete:
            return self._at(addresses)
        unread = Ends(0, self.spaces.outside, (f"the addresses of {peer}, not in the input",))
        return self._at(addresses).beside(unread)

    def _service(self, peer: ServicePeer) -> Ends:
        found = _services(self._snapshot, peer)
        if not found or not peer.namespace:
            return Ends(0, self.spaces.everything, (f"what stands behind {peer}",))
        ends = 0
        for service in found:
            if service.selector:
                pods = self.spaces.endpoints.in_namespace(service.namespace)
                ends |= pods & self.spaces.endpoints.with_labels(service.selector)
            else:
                ends |= self._outside(AddressSet.from_networks(_endpoint_networks(self._snapshot, service.ref)))
        if peer.selector is not None and not self._snapshot.is_complete("Service"):
            return Ends(ends, self.spaces.everything, (f"whether the input holds every {peer}",))
        if hidden := [s.ref for s in found if not s.selector and not self._shows_endpoints(s)]:
            return Ends(ends, self.spaces.outside, (f"the addresses of the endpoints of {hidden[0]}",))
        return Ends(ends)

    def _shows_endpoints(self, service: Service) -> bool:
        """Whether the input shows the EndpointSlices of a Service, or that it has none."""
        return service.ref in self._snapshot.slices_by_service or self._snapshot.is_complete("EndpointSlice")
