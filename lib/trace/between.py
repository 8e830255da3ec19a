"""Between nodes of the cluster: a security group of one's own on the subnet sees packets from pod to pod, too.

Pods' packets are not encapsulated, so that the group's rules see the addresses of pods (concepts-network-azure-cni-
overlay.md of AKS's documentation). AKS's own group is not asked: that it lets the cluster's own traffic through is for
AKS to see to, and concepts-network.md tells what a group of one's own has to let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Final

from lib.azure.security_group_judge import Judgement, judge
from lib.azure.security_group_match import Packet, block_of
from lib.model.cluster import Node, Pod, Workload
from lib.model.policies import Verdict
from lib.model.security_rules import RuleDirection, SecurityGroup
from lib.model.sets import Address, AddressSet, Protocol
from lib.policy.points import End
from lib.trace.context import Context
from lib.trace.ends import Start, addresses_of_end
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way, together
from lib.trace.judged import WORDS, deciders_of_groups, plain_words
from lib.trace.service import Target

PLACES_MAX: Final = 64
"""So many sorts of addresses on each side are asked about; beyond that the answer is unknown."""
_CHANGE: Final = "rules for nodes to nodes, nodes to pods and pods to pods on every port, which AKS asks for"
_Place = tuple[tuple[bool, ...], bool]


def between_nodes_hop(
    context: Context, start: Start, sending: Iterable[End], targets: Sequence[Target], protocol: Protocol
) -> Hop | None:
    """What the subnet's own group does with packets between nodes; None where none was given."""
    group = context.given.subnet_group
    if group is None:
        return None
    from_places = _places(start, sending, group)
    ways: dict[tuple[HopVerdict, str], Way] = {}
    deciders: dict[Decider, None] = {}
    short = not from_places
    for target in targets:
        to_places = _places(start, target.ends, group)
        short = short or not to_places or max(len(from_places), len(to_places)) > PLACES_MAX
        pairs = product(islice(from_places.values(), PLACES_MAX), islice(to_places.values(), PLACES_MAX))
        for (a, its_nodes), (b, whose_nodes) in pairs:
            known = "" not in its_nodes | whose_nodes
            if its_nodes & whose_nodes and known:
                ways.setdefault(
                    (HopVerdict.ALLOWED, ""), Way("on one node", HopVerdict.ALLOWED, "no group is on the way")
                )
            if known and len(its_nodes | whose_nodes) == 1:
                continue
            for found in _judged(context, Packet(a, b, target.port, protocol), group):
                verdict = WORDS[found.verdict]
                said = plain_words(str(found))
                ways.setdefault((verdict, said), Way(f"{found.direction.value} {found.packet}", verdict, said))
                deciders |= dict.fromkeys(deciders_of_groups(found))
    return _hop(group, tuple(ways.values()), tuple(deciders), short=short)


def _hop(group: SecurityGroup, ways: tuple[Way, ...], deciders: tuple[Decider, ...], *, short: bool) -> Hop:
    where = f"{group.name} on the {group.attachment.value}, between nodes"
    verdict = together(way.verdict for way in ways)
    if short and verdict is not HopVerdict.DENIED:
        verdict = HopVerdict.UNKNOWN
    telling = [way for way in ways if way.verdict is verdict or verdict is HopVerdict.DEPENDS] or list(ways)
    more = f", and {len(telling) - 1} more alike" if len(telling) > 1 and verdict is not HopVerdict.DEPENDS else ""
    shown = telling if verdict is HopVerdict.DEPENDS else telling[:1]
    why = "; ".join(f"{way.label}: {way.reason}" for way in shown) + more
    why = why or "the input does not show the addresses of both ends"
    change = _CHANGE if verdict is not HopVerdict.ALLOWED else "a rule that denies it with a lower priority number"
    first = deciders[0] if deciders else Decider("", "")
    told = ways if len(ways) > 1 else ()
    return Hop(HopKind.SECURITY, verdict, where, why, first.source, deciders, told, change, line=first.line)


def _judged(context: Context, packet: Packet, group: SecurityGroup) -> tuple[Judgement, ...]:
    """Out of one subnet's nodes and into them: the first that denies, else both. What pods have as addresses may be in
    the network or not, whatever ranges were given: those need not hold the pod CIDR."""
    known = replace(context.known, whole=False)
    leaving, entering = (judge(packet, (group,), known, way) for way in (RuleDirection.OUTBOUND, RuleDirection.INBOUND))
    for found in (leaving, entering):
        if found.verdict is Verdict.DENIED:
            return (found,)
    open_ones = tuple(found for found in (leaving, entering) if found.verdict is Verdict.UNKNOWN)
    return open_ones or (leaving, entering)


def _places(start: Start, ends: Iterable[End], group: SecurityGroup) -> dict[_Place, tuple[Address, frozenset[str]]]:
    """An address for each sort that the group's prefixes tell apart, with the nodes ("": not known) of all like it."""
    texts = {text for rule in (*group.rules, *group.unseen) for text in (*rule.sources, *rule.destinations)}
    blocks = [block for block in map(block_of, sorted(texts)) if block is not None]
    found: dict[_Place, tuple[Address, frozenset[str]]] = {}
    for address, node in _addressed(ends):
        if not start.speaks(address):
            continue
        place = tuple(address in block for block in blocks), address.version == 4
        first, nodes = found.get(place, (address, frozenset()))
        found[place] = first, nodes | {node}
    return found


def _addressed(ends: Iterable[End]) -> Iterable[tuple[Address, str]]:
    for end in ends:
        if isinstance(end, Node):
            yield from ((address, end.name) for address in addresses_of_end(end))
        elif isinstance(end, AddressSet):
            continue
        elif isinstance(end, Workload):
            yield from ((address, pod.node_name) for pod in end.endpoints for address in pod.ips)
        elif isinstance(end, Pod):
            yield from ((address, end.node_name) for address in end.ips)
        else:
            yield end, ""
