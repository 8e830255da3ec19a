"""Needs that a person states, since manifests do not show who talks to whom.

``FROM=TO:PORTS``: ends are a workload, a pod or a node by reference, ``NAMESPACE/*``, an address or prefix, ``outside``
or ``internet``; ports are numbers and ranges with an optional protocol, ``5432``, ``8080-8081,53/UDP``, or ``all``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_interface
from typing import Final

from lib.facts.internet import BY_WORD
from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.refs import OUTSIDE_SUFFIX
from lib.model.sets import Address, AddressSet, ConnectionSet, Protocol, family_of
from lib.model.snapshot import Snapshot
from lib.policy.ends import addresses_by_word, parse_end
from lib.scenario.recommendation.needs import Basis, End, Evidence, Need, PodGroup, Question
from lib.scenario.recommendation.nodes import group_of, nodes_of
from lib.scenario.recommendation.own_addresses import OwnAddresses

NEEDS_UP_TO: Final = 1_000
FAULTS_SHOWN: Final = 30
_NAMED: Final = 3
_FORM: Final = "write FROM=TO:PORTS, for example shop-web/storefront=shop-data/postgres:5432"


class StatedNeedsError(ModelError):
    """Stated needs that can't be read; ``faults`` says of each why, in their order."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parse_needs(texts: tuple[str, ...], snapshot: Snapshot) -> tuple[Need, ...]:
    """The needs that the texts state. Raises StatedNeedsError that names every one which can't be read."""
    if len(texts) > NEEDS_UP_TO:
        raise ModelError(f"{len(texts):,} needs are stated; at most {NEEDS_UP_TO:,} are read")
    own = OwnAddresses(snapshot)
    found, faults = [], []
    for text in texts:
        try:
            found.append(_need(text, snapshot, own))
        except ModelError as error:
            faults.append(str(error))
    if len(faults) > FAULTS_SHOWN:
        faults = [*faults[:FAULTS_SHOWN], f"and {len(faults) - FAULTS_SHOWN:,} more needs can't be read"]
    if faults:
        raise StatedNeedsError(tuple(faults))
    return tuple(found)


def _need(text: str, snapshot: Snapshot, own: OwnAddresses) -> Need:
    """One stated need. Raises ModelError that quotes the text where it can't be read or means nothing."""
    shown = repr(text.strip()[:200])
    src, equals, rest = text.strip().partition("=")
    dst, colon, ports = rest.rpartition(":")
    if not equals or not colon or not src.strip() or not dst.strip():
        raise ModelError(f"need {shown} can't be read: {_FORM}")
    try:
        ends = _end(src.strip(), snapshot, own), _end(dst.strip(), snapshot, own)
        if all(isinstance(end, AddressSet) for end in ends):
            raise ModelError("both ends are outside the cluster")
        return Need(*ends, _ports(ports), (Evidence(Basis.STATED, f"stated: {text.strip()[:200]}"),))
    except ModelError as error:
        raise ModelError(f"need {shown}: {error}") from None


def _end(text: str, snapshot: Snapshot, own: OwnAddresses) -> End:
    if text in BY_WORD:
        return addresses_by_word(text, snapshot)
    if text.endswith("/*"):
        namespace = text.removesuffix("/*")
        if namespace not in snapshot.namespace_by_name:
            raise ModelError(f"no namespace {namespace[:80]!r} in the input")
        return _pods(namespace, snapshot)
    _refuse_host_bits(text)
    end = parse_end(text, snapshot)
    match end:
        case Workload() | Pod():
            workload = end if isinstance(end, Workload) else snapshot.workload_by_pod[end.ref]
            if not workload.host_network:
                return workload.ref
            nodes = nodes_of(snapshot, workload)
            if nodes is None:
                raise ModelError(f"{workload.ref} uses its node's network, and the input does not show its nodes")
            return nodes
        case Node():
            group = group_of(snapshot, [end.name])
            if group is None:
                raise ModelError(f"the input shows no readable address of type InternalIP of node {end.name[:80]!r}")
            return group
        case _:
            addresses = end if isinstance(end, AddressSet) else _single(end)
            own.refuse(addresses)
            return addresses


def _refuse_host_bits(text: str) -> None:
    try:
        written = ip_interface(text.removesuffix(OUTSIDE_SUFFIX))
    except ValueError:
        return
    if "/" in text and written.ip != written.network.network_address:
        raise ModelError(f"{written} has bits set beyond its prefix: write {written.network} or {written.ip}")


def _pods(namespace: str, snapshot: Snapshot) -> End:
    """The pods of a namespace; its nodes where all of them use their node's network, which no pod selector takes."""
    running = [w for w in snapshot.workloads_by_namespace.get(namespace, ()) if w.endpoints]
    if not running or not all(w.host_network for w in running):
        return PodGroup(namespace)
    nodes = nodes_of(snapshot, *running)
    if nodes is None:
        raise ModelError(f"all pods of {namespace} use their node's network, and the input does not show their nodes")
    return nodes


def _single(address: Address) -> AddressSet:
    return AddressSet.from_intervals(family_of(address), [(int(address), int(address))])


def _ports(text: str) -> ConnectionSet:
    if text.strip() == "all":
        return ConnectionSet.all()
    found = ConnectionSet()
    for item in text.split(","):
        numbers, slash, protocol = item.strip().partition("/")
        first, _, last = numbers.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()) or len(numbers) > 11:
            raise ModelError(f"{item.strip()[:40]!r} is no port: write 5432, 8080-8081, 53/UDP or all")
        if last and int(first) > int(last):
            raise ModelError(f"{numbers}: the range runs backwards")
        try:
            kind = Protocol(protocol.upper()) if slash else Protocol.TCP
        except ValueError:
            raise ModelError(f"{protocol[:40]!r} is none of TCP, UDP, SCTP") from None
        found |= ConnectionSet.of(kind, int(first), int(last or first))
    return found


def not_meant(needs: Iterable[Need], snapshot: Snapshot) -> Iterator[Question]:
    """What the ends of stated needs seem to mean and do not: pods on their node's network, pods inside of prefixes."""
    own = OwnAddresses(snapshot)
    by_word = [addresses_by_word(word, snapshot) for word in BY_WORD]
    for need in needs:
        for end in (need.src, need.dst):
            if isinstance(end, PodGroup):
                yield from _on_hosts(need, end, snapshot)
            elif isinstance(end, AddressSet) and end not in by_word:
                held = own.held_in(end)
                if held:
                    text = (
                        f"the stated need {need} names addresses of {_first(held)}, which an ipBlock does not surely "
                    )
                    yield Question(
                        f"{text}mean: it is proven for addresses outside only", "State those by name as well."
                    )


def _on_hosts(need: Need, group: PodGroup, snapshot: Snapshot) -> Iterator[Question]:
    running = [w for w in snapshot.workloads_by_namespace.get(group.namespace, ()) if w.endpoints and w.host_network]
    if running:
        names = _first([str(w.ref) for w in running])
        text = (
            f"the stated need {need} is not about {names}, which use their node's network: no pod selector takes them"
        )
        yield Question(text, f"State the need for them as well, for example {running[0].ref.qualified_name}=TO:PORTS.")


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
