"""From the cluster to somebody outside: the sender's policies, the security groups on the way out, the way out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import islice, product
from typing import Final

from lib.azure.security_group_judge import Judgement, judge
from lib.azure.security_group_match import End as SenderSeen
from lib.azure.security_group_match import KnownAddresses, Packet, Place, block_of, private_use
from lib.facts.networks import network
from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.model.security_rules import RuleDirection, SecurityGroup
from lib.model.sets import Address, AddressSet, Family, Protocol, family_of
from lib.policy.points import name_of
from lib.trace.context import Context
from lib.trace.ends import Start, addresses_of_end
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way
from lib.trace.inside import senders
from lib.trace.judged import WORDS, deciders_of_groups, plain_words
from lib.trace.outside import ROUTED, way_out_hop
from lib.trace.policies import Flow, ask, policy_hops

SENDERS_MAX: Final = 16
"""So many addresses of senders are asked about, and"""
PARTS_MAX: Final = 256
"""so many parts of the destination that the groups may treat differently; beyond that the answer is unknown."""
_OVERLAY: Final = "overlay"


def to_outside(
    context: Context, start: Start, to: Address | AddressSet | None, name: str, port: int, protocol: Protocol
) -> Iterator[Hop]:
    """From inside the cluster to an address outside, to those that a name has, or (None) to a name without a known one.

    Raises ModelError where the sender is outside as well.
    """
    if not start.in_cluster:
        lost = f"{name} is no address of anything in the input, and {start.words} is outside the cluster"
        raise ModelError(f"{lost}: there is nothing to trace")
    end = context.internet(start.family or Family.IPV4) if to is None else to
    ends = senders(context, start)
    flows = [Flow(src, end, protocol, port, name_of(src) if len(ends) > 1 else "", "", name) for src in ends]
    yield policy_hops(ask(context, flows))[0]
    yield leaving_hop(context, start, end, name, port, protocol)
    yield way_out_hop(context, end, name)


def leaving_hop(
    context: Context, start: Start, to: Address | AddressSet, name: str, port: int, protocol: Protocol
) -> Hop:
    """Which outbound security rules answer, for every address that the sender and the destination may have."""
    groups = context.groups
    parts = [to] if isinstance(to, IPv4Address | IPv6Address) else _parts(to, groups)
    where = ", ".join(dict.fromkeys(f"{g.name} on the {g.attachment.value}" for g in groups))
    change = "a rule of your own group on the subnet with a lower priority number that denies it would stop it"
    if len(parts) > PARTS_MAX:
        why = f"the groups cut the addresses of {name} into more than {PARTS_MAX} parts"
        return Hop(HopKind.SECURITY, HopVerdict.UNKNOWN, where, why, change="ask for one address instead of the name")
    seen = _senders_seen(context, start, to)
    packets = (Packet(s, d, port, protocol) for s, d in product(seen, parts))
    judged = [
        judge(packet, groups, known, RuleDirection.OUTBOUND) for packet in packets for known in _known(context, packet)
    ]
    first: dict[Verdict, Judgement] = {}
    for each in judged:
        first.setdefault(each.verdict, each)
    verdict = WORDS[next(iter(first))] if len(first) == 1 else HopVerdict.UNKNOWN
    deciders = tuple(dict.fromkeys(d for each in first.values() for d in deciders_of_groups(each)))
    ways = tuple(Way(str(each.packet), WORDS[v], plain_words(str(each))) for v, each in first.items())
    why = "; ".join(way.reason if len(ways) == 1 else f"{way.label}: {way.reason}" for way in ways)
    if verdict is HopVerdict.DENIED:
        change = "an outbound rule that allows it, with a lower priority number than the one that denies"
    elif verdict is HopVerdict.UNKNOWN:
        change = "say what is open: the virtual network's ranges, the network model, the destination's address"
    notes = []
    if context.given.subnet_group is None:
        notes.append("Judged without a security group on the nodes' subnet: none given.")
    if _routed(context):
        notes.append("With a route for 0.0.0.0/0 the tag VirtualNetwork may hold every address: both were judged.")
    first_of = deciders[0] if deciders else Decider("", "")
    told = ways if len(ways) > 1 else ()
    return Hop(
        HopKind.SECURITY,
        verdict,
        where,
        why,
        first_of.source,
        deciders,
        told,
        change,
        notes=tuple(notes),
        line=first_of.line,
    )


def _known(context: Context, packet: Packet) -> tuple[KnownAddresses, ...]:
    """What the tag VirtualNetwork may hold.

    A pod's own address leaves its node only where the virtual network routes it: then it is one of the network's. The
    prefixes of routes are in the tag, a default route too (service-tags-overview.md of azure-docs: "may").
    """
    known = context.known
    if not isinstance(packet.source, Place):
        mine = AddressSet.from_networks([ip_network(packet.source)])
        known = replace(known, virtual_network=known.virtual_network | mine)
    if not _routed(context):
        return (known,)
    theirs = AddressSet.from_networks([ip_network(str(packet.destination))])
    return known, replace(known, virtual_network=known.virtual_network | theirs)


def _routed(context: Context) -> bool:
    return context.profile.outbound_type.value == ROUTED


def _senders_seen(context: Context, start: Start, to: Address | AddressSet) -> Sequence[SenderSeen]:
    """The addresses that groups may see as the sender's: the pod's or its node's, as the network model has it.

    Overlay models translate to the node's address on the node; of others, and where the model is not known, both count.
    Somebody in the virtual network stands for an address that the input does not show.
    """
    model = context.profile.network_model.value
    by_node = bool(model) and network(model).family == _OVERLAY
    family = family_of(to) if isinstance(to, IPv4Address | IPv6Address) else Family.IPV4 if to.ipv4 else Family.IPV6
    nodes = {node.name: node for node in context.snapshot.nodes}
    found: dict[SenderSeen, None] = {}
    for end in senders(context, start):
        pods = () if isinstance(end, Node) else end.endpoints if isinstance(end, Workload) else (end,)
        hosts = [end] if isinstance(end, Node) else [nodes[p.node_name] for p in pods if p.node_name in nodes]
        own: list[Node | Pod] = [] if by_node else [p for p in pods if not p.host_network]
        for each in (*hosts, *own):
            shown = [a for a in addresses_of_end(each) if family_of(a) is family]
            found |= dict.fromkeys(shown) if shown else {Place.VIRTUAL_NETWORK: None}
        if not hosts:
            found[Place.VIRTUAL_NETWORK] = None
    return list(islice(found, SENDERS_MAX))


def _parts(to: AddressSet, groups: Sequence[SecurityGroup]) -> list[Address]:
    """One address of each part of the destination that the groups may treat differently; at most one too many."""
    rules = [rule for g in groups for rule in (*g.of(RuleDirection.OUTBOUND), *g.unseen)]
    named = (block_of(text) for rule in rules for text in rule.destinations)
    blocks = [*(block for block in named if block is not None), private_use()]
    found: list[Address] = []
    for family, kind in ((Family.IPV4, IPv4Address), (Family.IPV6, IPv6Address)):
        bounds = sorted({n for block in blocks for first, last in block.of_family(family) for n in (first, last + 1)})
        for first, last in to.of_family(family):
            inside = bounds[bisect_right(bounds, first) : bisect_right(bounds, last)]
            found += [kind(number) for number in (first, *inside)]
            if len(found) > PARTS_MAX:
                return found
    return found
