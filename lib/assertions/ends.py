"""The ends of assertions: the workloads and outside addresses that they mean, and what must be said of addresses."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from lib.assertions.blame import OUTSIDE, Key
from lib.facts.internet import BY_WORD
from lib.model.assertions import AddressesEnd, AssertionEnd, WorkloadsEnd
from lib.model.cluster import Workload
from lib.model.errors import ModelError
from lib.model.labels import Labels
from lib.model.refs import ObjectRef
from lib.model.sets import Address, AddressSet, parse_address
from lib.policy.ends import addresses_by_word, written_addresses
from lib.policy.engine import Engine


@dataclass(frozen=True, slots=True)
class Ends:
    """What a list of ends selects: workloads and outside addresses.

    ``notes`` say of addresses that belong to the cluster what they are taken for; ``open`` why one can't be judged.
    """

    workloads: tuple[ObjectRef, ...]
    addresses: AddressSet
    notes: tuple[str, ...] = ()
    open: str = ""

    def __bool__(self) -> bool:
        return bool(self.workloads or self.addresses)

    @property
    def keys(self) -> dict[Key, None]:
        """What flows call the ends, in their order."""
        return dict.fromkeys((*self.workloads, *((OUTSIDE,) if self.addresses else ())))


@dataclass
class _Found:
    workloads: list[ObjectRef] = field(default_factory=list)
    addresses: AddressSet = field(default_factory=AddressSet)
    notes: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


class EndFinder:
    """Finds what ends of assertions mean in one cluster.

    A single address that a pod has means the pod's workload, as in ``explain``. A prefix means what is outside, also
    where it covers addresses of pods and nodes, which is said.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._snapshot = engine.snapshot

    def find(self, ends: Sequence[AssertionEnd]) -> Ends:
        """What any of ``ends`` means, each workload once."""
        found = _Found()
        for end in ends:
            if isinstance(end, WorkloadsEnd):
                chosen = (w.ref for w in self._snapshot.workloads if w.endpoints and self._selects(end, w))
                found.workloads += chosen
            elif end.text in BY_WORD:
                found.addresses |= addresses_by_word(end.text, self._snapshot)
            elif (address := written_addresses(end.text)) is None or isinstance(address, AddressSet):
                found.addresses |= end.addresses
                found.notes += self._covered(end)
            else:
                self._single(address, end, found)
        return Ends(
            tuple(dict.fromkeys(found.workloads)),
            found.addresses,
            tuple(dict.fromkeys(found.notes)),
            "; ".join(dict.fromkeys(found.open)),
        )

    def _selects(self, end: WorkloadsEnd, workload: Workload) -> bool:
        if end.name:
            same = workload.ref.name == end.name and (not end.kind or workload.ref.kind == end.kind)
            return same and workload.namespace in end.namespaces
        if end.namespaces and workload.namespace not in end.namespaces:
            return False
        namespace = self._snapshot.namespace_by_name.get(workload.namespace)
        labels: Labels = namespace.labels if namespace else {}
        if not end.namespace_labels.matches(labels):
            return False
        return end.labels.is_everything or any(end.labels.matches(pod.labels) for pod in workload.endpoints)

    def _single(self, address: Address, end: AddressesEnd, found: _Found) -> None:
        if address in self._of_services:
            service = self._of_services[address]
            found.open.append(
                f"{address} is an address of {service}, and policies see the pods behind it and their ports: name those"
            )
        elif address in self._of_pods:
            pod, number = self._of_pods[address]
            workload = self._snapshot.workloads[number]
            if len(set(self._engine.spaces.endpoints.members[number])) > 1:
                found.open.append(
                    f"{address} is an address of {pod}, and policies tell the pods of {workload.ref} apart: ask explain"
                )
                return
            found.workloads.append(workload.ref)
            found.notes.append(f"{address} is an address of {pod}, so {workload.ref} is meant, with all its addresses")
        elif address in self._of_nodes:
            found.open.append(
                f"{address} is an address of {self._of_nodes[address]}, and flows of nodes are not judged"
            )
        else:
            found.addresses |= end.addresses

    def _covered(self, end: AddressesEnd) -> Iterator[str]:
        pods, nodes = (list(_within(held, end.addresses)) for held in (self._sorted_pods, self._sorted_nodes))
        told = [
            f"{len(held):,} {what}{'s' if len(held) > 1 else ''}, such as {held[0]}"
            for what, held in (("pod", pods), ("node", nodes))
            if held
        ]
        if told:
            yield (
                f"{end.text} covers addresses of {', and of '.join(told)}: only what is outside the cluster is judged, "
                "so name workloads by namespace, labels or name"
            )

    @cached_property
    def _of_pods(self) -> dict[Address, tuple[ObjectRef, int]]:
        return {
            address: (pod.ref, number)
            for number, workload in enumerate(self._snapshot.workloads)
            for pod in workload.endpoints
            if not pod.host_network
            for address in pod.ips
        }

    @cached_property
    def _of_nodes(self) -> dict[Address, str]:
        """The addresses of nodes, also of those that only their pods show."""
        found = {
            address: f"the node of {pod.ref}"
            for pod in self._snapshot.pods
            for address in (*pod.host_ips, *(pod.ips if pod.host_network else ()))
        }
        for node in self._snapshot.nodes:
            for address in _addresses(node.addresses_of("InternalIP")):
                found[address] = f"node/{node.name}"
        return found

    @cached_property
    def _of_services(self) -> dict[Address, ObjectRef]:
        found = {}
        for service in self._snapshot.services:
            balancer = _addresses(i.ip for i in service.load_balancer_ingress)
            for address in (*service.cluster_ips, *service.external_ips, *balancer):
                found[address] = service.ref
        return found

    @cached_property
    def _sorted_pods(self) -> list[tuple[int, int, str]]:
        return sorted((a.version, int(a), str(ref)) for a, (ref, _) in self._of_pods.items())

    @cached_property
    def _sorted_nodes(self) -> list[tuple[int, int, str]]:
        return sorted((a.version, int(a), name) for a, name in self._of_nodes.items())


def _addresses(texts: Iterable[str]) -> Iterator[Address]:
    """The texts that are addresses: what stands in a status nobody has checked."""
    for text in texts:
        try:
            yield parse_address(text)
        except ModelError:
            continue


def _within(held: list[tuple[int, int, str]], addresses: AddressSet) -> Iterable[str]:
    """Whose addresses lie in a set, each once."""
    found: dict[str, None] = {}
    for version, intervals in ((4, addresses.ipv4), (6, addresses.ipv6)):
        for first, last in intervals:
            start, end = bisect_left(held, (version, first)), bisect_left(held, (version, last + 1))
            found.update(dict.fromkeys(name for *_, name in islice(held, start, end)))
    return found
