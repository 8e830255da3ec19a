"""The spaces of one cluster under one engine: what policies are compiled against."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Final

from lib.facts.engines import Known
from lib.model.domain_names import NameTable
from lib.model.policies import RejectedPolicy
from lib.model.records import dataclass, replace
from lib.model.sets import Address, AddressSet, Family, PortSet, Protocol
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, union
from lib.policy.endpoints import EndpointSpace, build_endpoints
from lib.policy.engines import EngineProfile
from lib.policy.hidden_keys import NODE_NAME
from lib.policy.projection import families_of
from lib.policy.rules import CompiledRejection, Named
from lib.policy.spaces import AddressSpace, PortSpace, Vocabulary

_BOTH: Final = frozenset(Family)
_EVERY_ADDRESS: Final = frozenset({ip_network("0.0.0.0/0"), ip_network("::/0")})


@dataclass(frozen=True, slots=True)
class Spaces:
    """All ends of traffic and all ports, numbered.

    An end is a class of ``endpoints`` (its own number) or an atom of ``addresses`` (its number plus the number of
    classes): an address outside the cluster. ``names`` says which addresses domain names have.
    """

    profile: EngineProfile
    endpoints: EndpointSpace
    addresses: AddressSpace
    ports: PortSpace
    names: NameTable

    @property
    def first_address(self) -> int:
        """The number of the first address atom."""
        return len(self.endpoints.classes)

    @property
    def everything(self) -> Bits:
        """Every end, inside and outside."""
        return (1 << (self.first_address + len(self.addresses))) - 1

    @property
    def outside(self) -> Bits:
        """Every address atom."""
        return self.everything & ~self.endpoints.everything

    @property
    def outside_in_use(self) -> Bits:
        """Every address atom of the families that the cluster is seen to use."""
        return union(self.outside_of(family) for family in self.endpoints.families)

    def outside_of(self, family: Family) -> Bits:
        """Every address atom of one family."""
        return self.addresses.whole(family) << self.first_address

    def speaking(self, family: Family) -> Bits:
        """Every end with an address of one family."""
        return self.endpoints.speaking[family] | self.outside_of(family)

    def common_families(self, one: int, other: int) -> frozenset[Family]:
        """The families that packets between two ends can have.

        An outside address decides. Both where two pods have none in common: then no packet passes, whatever policies
        say, and they are judged as if one did.
        """
        for end in (one, other):
            if end >= self.first_address:
                return frozenset(f for f in Family if self.outside_of(f) >> end & 1)
        return frozenset(f for f in Family if self.speaking(f) >> one & self.speaking(f) >> other & 1) or _BOTH

    def end_of(self, address: Address) -> int:
        """The end that an outside address is."""
        return self.first_address + self.addresses.atom_of(address)

    def addresses_in(self, ends: Bits) -> AddressSet:
        """The outside addresses among ``ends``."""
        return self.addresses.addresses(ends >> self.first_address)

    def port_mask(self, protocol: Protocol, port: int) -> Bits:
        """The mask of one port."""
        return self.ports.mask(protocol, PortSet.of(port))

    def at_addresses(
        self, addresses: AddressSet, *, pods: Known | None = None, nodes: Known | None = None
    ) -> tuple[Named, Named]:
        """The ends that blocks over ``addresses`` surely mean, and those that they may mean.

        Outside addresses always; host-network pods and nodes by their node's addresses and other pods by their own as
        far as ``nodes`` and ``pods`` say that they are matched so, for each family by itself. None: as the engine
        reads an ipBlock.
        """
        atoms = self.addresses.atoms_in(addresses)
        matching = (
            self.profile.ip_block_matches_nodes if nodes is None else nodes,
            self.profile.ip_block_matches_pods if pods is None else pods,
        )
        found = (self._at(atoms, family, matching) for family in (Family.IPV4, Family.IPV6))
        surely, possibly = zip(*found, strict=True)
        return Named.of(atoms << self.first_address, *surely), Named.of(0, *possibly)

    def _at(self, atoms: Bits, family: Family, matching: tuple[Known, Known]) -> tuple[Bits, Bits]:
        """The classes with an address of one family in ``atoms``, surely and possibly, as nodes and pods match."""
        sure, maybe = self.endpoints.at_addresses(atoms, self.addresses, family)
        hosts = self.endpoints.host_network
        surely = possibly = 0
        for matches, among in zip(matching, (hosts, ~hosts), strict=True):
            if matches is Known.YES:
                surely |= sure & among
                possibly |= maybe & among
            elif matches is Known.UNKNOWN:
                possibly |= (sure | maybe) & among
        return surely, possibly

    @property
    def address_doubt(self) -> str:
        """Why a peer by address may or may not mean a pod."""
        return f"whether an ipBlock means this pod under {self.profile.label}, or the pod's address"


def build_spaces(snapshot: Snapshot, profile: EngineProfile, vocabularies: Iterable[Vocabulary]) -> Spaces:
    """Number the cluster's ends and ports, as finely as ``vocabularies`` demand and no finer."""
    vocabulary = Vocabulary.merge([_rejected_vocabulary(snapshot.rejected_policies), *vocabularies])
    if profile.judges_ipv6 is Known.UNKNOWN and Family.IPV6 in families_of(snapshot):
        # What becomes of IPv6 then differs from what the rules say, so that the families of pods must be told apart.
        vocabulary = replace(vocabulary, networks=vocabulary.networks | _EVERY_ADDRESS)
    addresses = AddressSpace.cut_by(vocabulary.networks)
    by_address = profile.ip_block_matches_pods is not Known.NO or vocabulary.pod_addresses
    # To an engine that ignores a label no pod has it.
    seen = frozenset(key for key in vocabulary.pod_keys if not profile.ignores_label(key))
    vocabulary = replace(vocabulary, pod_keys=seen)
    endpoints = build_endpoints(snapshot, vocabulary, addresses, match_pod_addresses=by_address)
    named = {
        (protocol, (number, number))
        for name, protocol in vocabulary.named_ports
        for number in endpoints.with_named_port(name, protocol)
    }
    return Spaces(profile, endpoints, addresses, PortSpace.cut_by(vocabulary.ports | named), snapshot.domain_names)


def _rejected_vocabulary(rejected: Iterable[RejectedPolicy]) -> Vocabulary:
    return Vocabulary(pod_keys=frozenset().union(*(r.pod_selector.keys for r in rejected)))


def compile_rejected_host(rejected: RejectedPolicy, spaces: Spaces, *, forwards: bool) -> CompiledRejection:
    """The ends that a HostEndpoint which could not be read may be about: every node's, since its own is not known.

    ``forwards``: some policy counts for what nodes forward, so that pods behind them are concerned as well.
    """
    subjects = spaces.endpoints.everything if forwards else spaces.endpoints.host_network
    return CompiledRejection(rejected.ref, rejected.source, subjects, rejected.directions)


def compile_rejection(rejected: RejectedPolicy, spaces: Spaces) -> CompiledRejection:
    """The classes that a rejected policy might have governed; all namespaces' for a cluster-wide kind."""
    among = spaces.endpoints.in_namespace(rejected.namespace) if rejected.namespace else spaces.endpoints.selectable
    subjects = among & spaces.endpoints.with_labels(rejected.pod_selector)
    if rejected.ref.kind == "GlobalNetworkPolicy":
        # Only nodes with host endpoints have their names told apart.
        subjects |= spaces.endpoints.host_network & union(spaces.endpoints.label_values(NODE_NAME).values())
    elif rejected.ref.kind == "CiliumClusterwideNetworkPolicy":
        subjects |= spaces.endpoints.host_network
    return CompiledRejection(rejected.ref, rejected.source, subjects, rejected.directions)
