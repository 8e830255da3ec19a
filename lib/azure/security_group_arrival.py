"""A packet from a client's point of view: what the load balancer makes of it, and what the security groups then say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import ip_network

from lib.azure.annotations import Annotations
from lib.azure.data_plane import DataPlane, detect_data_plane
from lib.azure.load_balancer import load_balancer_of
from lib.azure.rules import ALL
from lib.azure.security_group import ProviderGroup
from lib.azure.security_group_access import ServiceAccess
from lib.azure.security_group_destinations import frontends_of, node_destinations
from lib.azure.security_group_judge import Judgement, judge
from lib.azure.security_group_match import (
    PROTOCOL_WORDS,
    Fit,
    KnownAddresses,
    Packet,
    Place,
    in_virtual_network,
    is_probe,
)
from lib.azure.source_ranges import sender_outside_ranges
from lib.azure.unassigned import Receiver, Unassigned, family_at
from lib.facts.nsg import probe_rules
from lib.model.cluster import Node
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.model.services import ServicePort
from lib.model.sets import Address, AddressSet, Family, Protocol, parse_address
from lib.model.snapshot import Snapshot


class Reason(Enum):
    """Every way in which the verdict on a sent packet comes about."""

    GROUPS_DECIDE = "{said}"
    NODES_DIFFER = "Unknown: it depends on the node: {said}"
    NODES_OPEN = "Unknown: {open}; {said}"
    NO_NODE = "Unknown: the load balancer hands it to a node, and {open}."


@dataclass(frozen=True, slots=True)
class SentJudgement:
    """The verdict on a packet as a client sends it, and its explanation.

    ``service`` is the one whose load balancing rule takes it, None where none of the input does. ``judgements`` are
    those on what arrives at the nodes: one under floating IP, one for each node without. ``notes`` say what happens
    beside the groups.
    """

    sent: Packet
    service: ObjectRef | None
    judgements: tuple[Judgement, ...]
    open: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def reason(self) -> Reason:
        """Why the verdict is what it is."""
        if not self.judgements:
            return Reason.NO_NODE
        verdicts = {found.verdict for found in self.judgements}
        if len(verdicts) > 1:
            return Reason.NODES_DIFFER
        return Reason.NODES_OPEN if self.open else Reason.GROUPS_DECIDE

    @property
    def verdict(self) -> Verdict:
        """Allowed, denied or unknown, as far as security groups are concerned."""
        return self.judgements[0].verdict if self.reason is Reason.GROUPS_DECIDE else Verdict.UNKNOWN

    def __str__(self) -> str:
        if self.reason is Reason.GROUPS_DECIDE:
            said = str(self.judgements[0])
        else:
            said = " ".join(f"to {found.packet.destination}: {found}" for found in self._unlike())
        return self.reason.value.format(said=said, open=" and ".join(self.open))

    def _unlike(self) -> tuple[Judgement, ...]:
        """One judgement for each verdict."""
        return tuple({found.verdict: found for found in reversed(self.judgements)}.values())


def known_addresses(
    snapshot: Snapshot, provider: ProviderGroup, virtual_network: AddressSet | None = None
) -> KnownAddresses:
    """What the input shows of the virtual network: nodes and internal frontends; beside it what the person says.

    The public frontends are not in it. With ``virtual_network`` every other address is outside.
    """
    nodes = [a for node in snapshot.nodes for a in _addresses(node)]
    internal: list[Address] = []
    public: list[Address] = []
    for access in provider.accesses:
        found = frontends_of(access.service).addresses
        (internal if Annotations(access.service).internal else public).extend(found)
        public += access.additional_addresses
    inside = _set([*nodes, *internal]) | (virtual_network or AddressSet())
    return KnownAddresses(
        inside, _set(public) - inside, _set([*nodes, *internal, *public]), whole=virtual_network is not None
    )


def _set(addresses: list[Address]) -> AddressSet:
    return AddressSet.from_networks(ip_network(address) for address in addresses)


def _addresses(node: Node) -> list[Address]:
    found = []
    for text in node.addresses_of("InternalIP"):
        try:
            found.append(parse_address(text))
        except ModelError:
            continue
    return found


def judge_sent(
    packet: Packet,
    snapshot: Snapshot,
    provider: ProviderGroup,
    groups: Sequence[SecurityGroup],
    known: KnownAddresses,
    plane: DataPlane | None = None,
) -> SentJudgement:
    """What becomes of a packet that a client sends to a frontend address and Service port.

    ``groups`` are those on the way, the provider's among them. A packet to any other address is judged as it is.
    ``plane`` is the data plane of the nodes, None for the one that the input shows.
    """
    found = _taker(packet, provider)
    if found is None:
        return SentJudgement(packet, None, (judge(packet, groups, known),), notes=_strange(packet, known))
    access, port = found
    if is_probe(packet.source):
        return _judge_probe(access, port, packet, snapshot, provider, groups, known)
    notes = _notes(packet, access, known, plane or detect_data_plane(snapshot))
    return replace(judge_for(access, port, packet, snapshot, groups, known), notes=notes)


def _judge_probe(
    access: ServiceAccess,
    port: ServicePort,
    packet: Packet,
    snapshot: Snapshot,
    provider: ProviderGroup,
    groups: Sequence[SecurityGroup],
    known: KnownAddresses,
) -> SentJudgement:
    """What becomes of the health probe of a Service port: it goes to each node by itself, never to a frontend."""
    family, ref = family_at(packet.destination), access.service.ref
    balancer = load_balancer_of(access.service, provider.settings)
    words = (ALL, PROTOCOL_WORDS.get(port.protocol))
    rules = (
        r for r in balancer.rules if r.family is family and r.frontend_port in (0, port.port) and r.protocol in words
    )
    probe = next((p for r in rules if (p := balancer.probe(r)) is not None), None)
    if probe is None:
        note = f"No health probe is sent for port {port.port} of {ref.qualified_name}."
        return SentJudgement(packet, ref, (judge(packet, groups, known),), notes=(note,))
    nodes = node_destinations(snapshot, access.service, family).addresses
    where = f"port {probe.port}" if probe.port is not None else "a port that the API server has yet to allocate"
    note = f"The health probe goes to each node's own address on {where}, not to the frontend."
    if probe.port is None or not nodes:
        lacking = "the probe's port" if probe.port is None else "the nodes' addresses"
        return SentJudgement(packet, ref, (), (f"the input does not show {lacking}",), (note,))
    sent = (replace(packet, destination=node, port=probe.port, protocol=Protocol.TCP) for node in nodes)
    return SentJudgement(packet, ref, tuple(judge(p, groups, known) for p in sent), notes=(note, probe_rules().says))


def judge_for(
    access: ServiceAccess,
    port: ServicePort,
    packet: Packet,
    snapshot: Snapshot,
    groups: Sequence[SecurityGroup],
    known: KnownAddresses,
) -> SentJudgement:
    """The same for a packet to a frontend and port of one Service, without notes."""
    ref = access.service.ref
    if keeps_destination(access, family_at(packet.destination)):
        return SentJudgement(packet, ref, (judge(packet, groups, known),))
    ends = node_destinations(snapshot, access.service, family_at(packet.destination))
    if not port.node_port:
        unknown = (f"the node port of {ref.qualified_name} port {port.port} is not in the input",)
        return SentJudgement(packet, ref, (), unknown)
    arriving = (replace(packet, destination=node, port=port.node_port) for node in ends.addresses)
    missing = tuple(f"the input does not show {text}" for text in ends.unknown)
    return SentJudgement(packet, ref, tuple(judge(p, groups, known) for p in arriving), missing)


def keeps_destination(access: ServiceAccess, family: Family) -> bool:
    """Whether a packet reaches the node with the frontend's address and the Service's port: floating IP.

    It is off where an annotation says so, and for internal IPv6 frontends.
    """
    internal_ipv6 = family is Family.IPV6 and Annotations(access.service).internal_in_any_case
    return access.floating_ip and not internal_ipv6


def _taker(packet: Packet, provider: ProviderGroup) -> tuple[ServiceAccess, ServicePort] | None:
    for access in provider.accesses:
        if not _is_frontend(packet.destination, access):
            continue
        for port in access.service.ports:
            if (port.port, port.protocol) == (packet.port, packet.protocol):
                return access, port
    return None


def _is_frontend(to: Receiver, access: ServiceAccess) -> bool:
    if isinstance(to, Unassigned):
        return to.service == access.service.ref
    return to in (*frontends_of(access.service).addresses, *access.additional_addresses)


def _strange(packet: Packet, known: KnownAddresses) -> tuple[str, ...]:
    if isinstance(packet.destination, Unassigned) or packet.destination in known.taken:
        return (probe_rules().says,) if is_probe(packet.source) else ()
    return (f"No Service of the input has the frontend {packet.destination}.",)


def _on_the_node(packet: Packet, access: ServiceAccess, plane: DataPlane) -> str:
    """What becomes of a sender whom spec.loadBalancerSourceRanges may not hold: nodes enforce it beside the groups.

    Of a packet that reaches Azure the sender is not in the cluster: its own nodes take those addresses themselves.
    """
    ranges = AddressSet.from_networks(access.service.load_balancer_source_ranges)
    if not ranges or packet.source is Place.PROBE or (not isinstance(packet.source, Place) and packet.source in ranges):
        return ""
    listed = f"spec.loadBalancerSourceRanges of {access.service.ref.qualified_name}"
    sender = packet.source if not isinstance(packet.source, Place) else "the sender"
    held = f"does not hold {sender}" if sender is packet.source else f"may not hold {sender}"
    return f"Beside the groups, {listed} {held}: then {sender_outside_ranges(plane, in_cluster=False).why}."


def _notes(packet: Packet, access: ServiceAccess, known: KnownAddresses, plane: DataPlane) -> tuple[str, ...]:
    dropped = _on_the_node(packet, access, plane)
    notes = [dropped] if dropped else []
    inside = in_virtual_network(packet.source, known).fit is Fit.YES and packet.source is not Place.PROBE
    if inside and in_virtual_network(packet.destination, known).fit is Fit.NO:
        notes.append(
            "What the virtual network sends to a public address is translated on its way out: ask with the address "
            "that its outbound type gives it. Pods of this cluster never send it to Azure at all."
        )
    return tuple(notes)
