"""The ends that one end of a Calico rule means: selectors on bitsets, addresses, Services, and their negations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from ipaddress import ip_network
from typing import Final, assert_never

from lib.facts.engines import Known
from lib.model.calico_policies import (
    NAME_KEY,
    NAMESPACE_KEY,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_KEY,
    SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_PREFIX,
    EntityRule,
    HostEndpoint,
    NetworkSet,
)
from lib.model.calico_selector import (
    All,
    And,
    CalicoSelector,
    Compare,
    Global,
    Has,
    Not,
    Or,
    conjunction,
    keys_of,
    matches,
)
from lib.model.labels import Labels
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, Family, family_of
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, union
from lib.policy.calico_ends import Ends
from lib.policy.calico_port_names import PortNames
from lib.policy.calico_services import ServiceEnds
from lib.policy.compile import Spaces
from lib.policy.endpoints import NAMESPACES_DOUBT
from lib.policy.hidden_keys import NODE_NAME, SERVICE_ACCOUNT, UNKNOWN_VALUE, account_label
from lib.policy.host_endpoints import hosts_of, labels_of
from lib.policy.rules import Named
from lib.policy.spaces import Vocabulary

ACCOUNTS_DOUBT: Final = "the labels of ServiceAccounts that are not in the input"


@dataclass(frozen=True)
class Matcher:
    """Evaluates selectors and ends of rules over the spaces of one cluster, each selector once."""

    snapshot: Snapshot
    spaces: Spaces
    _classes: dict[CalicoSelector, tuple[Bits, Bits]] = field(default_factory=dict)
    _ends: dict[CalicoSelector, Ends] = field(default_factory=dict)

    def classes(self, selector: CalicoSelector) -> tuple[Bits, Bits]:
        """The classes of pods that ``selector`` surely selects, and those that it may select."""
        found = self._classes.get(selector)
        if found is None:
            found = self._classes[selector] = self._evaluate(selector)
        return found

    def _evaluate(self, selector: CalicoSelector) -> tuple[Bits, Bits]:
        every = self.spaces.endpoints.selectable
        match selector:
            case All():
                return every, every
            case Global():
                return 0, 0
            case Has():
                values = self._values(selector.key)
                sure = union(bits for value, bits in values.items() if value != UNKNOWN_VALUE)
                return sure, sure | values.get(UNKNOWN_VALUE, 0)
            case Compare():
                values = self._values(selector.key)
                sure = union(b for v, b in values.items() if v != UNKNOWN_VALUE and selector.accepts(v))
                if selector.holds_where_absent:
                    sure |= every & ~union(values.values())
                return sure, sure | values.get(UNKNOWN_VALUE, 0)
            case Not():
                sure, maybe = self._evaluate(selector.inner)
                return every & ~maybe, every & ~sure
            case And():
                sure = maybe = every
                for part in selector.parts:
                    surely, perhaps = self._evaluate(part)
                    sure, maybe = sure & surely, maybe & perhaps
                return sure, maybe
            case Or():
                parts = [self._evaluate(part) for part in selector.parts]
                return union(s for s, _ in parts), union(m for _, m in parts)
            case _:
                assert_never(selector)

    def _values(self, key: str) -> Mapping[str, Bits]:
        """Value → classes for one key of Calico's labels of endpoints, those of namespaces and accounts among them."""
        endpoints = self.spaces.endpoints
        every = endpoints.selectable
        if key == ORCHESTRATOR_KEY:
            return {"k8s": every}
        if key in (NAMESPACE_KEY, NAMESPACE_PREFIX + NAME_KEY):
            return endpoints.namespaces
        if key == SERVICE_ACCOUNT_KEY or key == SERVICE_ACCOUNT_PREFIX + NAME_KEY:
            found = endpoints.label_values(SERVICE_ACCOUNT)
        elif key.startswith(NAMESPACE_PREFIX):
            found = {
                **endpoints.namespace_values(key.removeprefix(NAMESPACE_PREFIX)),
                UNKNOWN_VALUE: endpoints.unlabelled,
            }
        elif key.startswith(SERVICE_ACCOUNT_PREFIX):
            found = endpoints.label_values(account_label(key.removeprefix(SERVICE_ACCOUNT_PREFIX)))
        else:
            found = endpoints.label_values(key)
        return {value: bits & every for value, bits in found.items()}

    def selected(self, selector: CalicoSelector) -> Ends:
        """Pods by their labels, and the addresses of sets whose labels are selected."""
        found = self._ends.get(selector)
        if found is None:
            found = Ends.both(*self.classes(selector))
            by_namespace = _asks_for_namespaces(selector)
            hidden = [s for s, _ in self._sets if by_namespace and s.ref.namespace in self.spaces.endpoints.hidden]
            sets = [s for s, labels in self._sets if s not in hidden and matches(selector, labels)]
            found |= self._of_sets(sets)
            if hidden:
                found |= self._of_sets(hidden).perhaps
                sets += hidden
            if any(s.domains for s in sets):
                found |= Ends.both(0, self.spaces.outside)
            found |= self._hosts(selector)
            self._ends[selector] = found
        return found

    def _of_sets(self, sets: Iterable[NetworkSet]) -> Ends:
        return Ends.of(*self._at(AddressSet.from_networks(net for s in sets for net in s.nets)))

    @cached_property
    def _sets(self) -> list[tuple[NetworkSet, dict[str, str]]]:
        namespaces = self.snapshot.namespace_by_name
        found = []
        for each in self.snapshot.network_sets:
            labels = dict(each.labels)
            if name := each.ref.namespace:
                labels |= {NAMESPACE_KEY: name, NAMESPACE_PREFIX + NAME_KEY: name}
                of_namespace = namespaces[name].labels if name in namespaces else {}
                labels |= {NAMESPACE_PREFIX + key: value for key, value in of_namespace.items()}
            found.append((each, labels))
        return found

    def ends_on(self, node: str) -> Bits:
        """A node's own traffic and that of the pods on its network; of "" the ends whose node is not known."""
        endpoints = self.spaces.endpoints
        return endpoints.label_values(NODE_NAME).get(node, 0) & endpoints.host_network

    def pods_on(self, node: str) -> Bits:
        """The pods of a node with addresses of their own, where policies tell them apart by that."""
        endpoints = self.spaces.endpoints
        return endpoints.label_values(NODE_NAME).get(node, 0) & endpoints.selectable

    @cached_property
    def port_names(self) -> PortNames:
        """The names that host endpoints give their ports, and which of them policies select."""
        return PortNames(hosts_of(self.snapshot), self.ends_on, self._host_endpoints, self._ends_of)

    def hosts(self, policy: ObjectRef) -> Bits:
        """The ends on nodes' networks that a policy selects by their host endpoints, where one answer holds."""
        return self.port_names.selected(policy)

    def _ends_of(self, endpoint: HostEndpoint) -> Bits:
        """The ends that may have the addresses of a host endpoint."""
        at = self._at(AddressSet.from_networks(map(ip_network, endpoint.expected_ips)))
        return union(named.any for named in at) | self.ends_on(endpoint.node)

    @cached_property
    def _host_endpoints(self) -> list[tuple[HostEndpoint, Labels]]:
        profiles = {profile.ref.name: profile for profile in self.snapshot.calico_profiles}
        return [(each, labels_of(each, profiles)) for each in self.snapshot.host_endpoints if each.expected_ips]

    def _hosts(self, selector: CalicoSelector) -> Ends:
        """The selected host endpoints by their expectedIPs; perhaps also by their nodes' others of the same family."""
        chosen = [each for each, labels in self._host_endpoints if matches(selector, labels)]
        addresses = AddressSet.from_networks(ip_network(a) for each in chosen for a in each.expected_ips)
        ipv4, ipv6 = (
            union(self.ends_on(node) for node in {h.node for h in chosen if family in map(family_of, h.expected_ips)})
            for family in (Family.IPV4, Family.IPV6)
        )
        return Ends.of(*self._at(addresses)) | Ends(0, ipv4, 0, ipv6)

    def _at(self, addresses: AddressSet) -> tuple[Named, Named]:
        """The ends at addresses: Calico compares those of the packet, whoever has them."""
        pods = Known.NO if self.spaces.profile.networks_skip_pods else Known.YES
        return self.spaces.at_addresses(addresses, pods=pods, nodes=Known.YES)

    def ends(self, entity: EntityRule) -> Ends:
        """The ends that fulfil every condition of one end of a rule, its ports apart."""
        found = Ends.both(self.spaces.everything, self.spaces.everything)
        for _, _, some in self.conditions(entity):
            found &= some
        return found

    def conditions(self, entity: EntityRule) -> Iterator[tuple[str, object, Ends]]:
        """Each condition of one end of a rule: its field, what stands there, and the ends that fulfil it."""
        every = self.spaces.everything
        if (positive := positive_selector(entity)) is not None:
            yield "selector", positive, self.selected(positive)
        elif entity.not_selector is not None:
            yield "notSelector", entity.not_selector, self.selected(entity.not_selector).inverted(every)
        if entity.nets is not None:
            yield "nets", entity.addresses, Ends.of(*self._at(entity.addresses))
        if entity.not_nets:
            yield "notNets", entity.excluded, Ends.of(*self._at(entity.excluded)).inverted(every)
        if entity.service is not None:
            yield "services", entity.service, self.services.ends(entity.service)

    def labels_doubts(self, *selectors: CalicoSelector | None) -> Iterator[str]:
        """Which labels of pods' accounts and namespaces that selectors ask for may not be known."""
        keys = {key for selector in selectors if selector is not None for key in keys_of(selector)}
        if any(key.startswith(SERVICE_ACCOUNT_PREFIX) for key in keys):
            yield ACCOUNTS_DOUBT
        if self.spaces.endpoints.hidden and any(s is not None and _asks_for_namespaces(s) for s in selectors):
            yield NAMESPACES_DOUBT

    def doubts(self, entity: EntityRule) -> Iterable[str]:
        """What may make an end of a rule uncertain, in words."""
        yield from self.labels_doubts(entity.selector, entity.not_selector)
        keys = {k for s in (entity.selector, entity.not_selector) if s is not None for k in keys_of(s)}
        if entity.nets is not None or entity.not_nets or any(s.nets for s in self.snapshot.network_sets):
            yield "the addresses of pods and nodes"
        if keys and any(s.domains for s in self.snapshot.network_sets):
            yield "the addresses of a set's allowedEgressDomains"
        if (entity.selector is not None or entity.not_selector is not None) and self._host_endpoints:
            yield "whether the traffic of a node has one of its host endpoint's expectedIPs"
        if entity.service is not None:
            yield from self.services.doubts(entity.service)

    @cached_property
    def services(self) -> ServiceEnds:
        """The ends that Services of rules mean."""
        return ServiceEnds(self.snapshot, self.spaces, self._at)


def _asks_for_namespaces(selector: CalicoSelector) -> bool:
    """Whether a selector asks for labels of namespaces other than their name."""
    return any(key.startswith(NAMESPACE_PREFIX) and key != NAMESPACE_PREFIX + NAME_KEY for key in keys_of(selector))


def positive_selector(entity: EntityRule) -> CalicoSelector | None:
    """What an endpoint or set has to be to be meant; None where whatever is not excluded is.

    Beside a selector, a notSelector narrows what is selected, and excludes no address that something else selected has
    as well: combineMatchesIfPossible in felix/calc/rule_scanner.go of projectcalico/calico.
    """
    if entity.selector is None or entity.not_selector is None:
        return entity.selector
    return conjunction(entity.selector, Not(entity.not_selector))


def selector_vocabulary(selector: CalicoSelector | None) -> Vocabulary:
    """The labels of pods, accounts and namespaces that a selector tells apart."""
    pods, namespaces = set(), set()
    for key in keys_of(selector) if selector is not None else ():
        if key in (ORCHESTRATOR_KEY, NAMESPACE_KEY, NAMESPACE_PREFIX + NAME_KEY):
            continue
        if key in (SERVICE_ACCOUNT_KEY, SERVICE_ACCOUNT_PREFIX + NAME_KEY):
            pods.add(SERVICE_ACCOUNT)
        elif key.startswith(NAMESPACE_PREFIX):
            namespaces.add(key.removeprefix(NAMESPACE_PREFIX))
        elif key.startswith(SERVICE_ACCOUNT_PREFIX):
            pods.add(account_label(key.removeprefix(SERVICE_ACCOUNT_PREFIX)))
        else:
            pods.add(key)
    return Vocabulary(pod_keys=frozenset(pods), namespace_keys=frozenset(namespaces))
