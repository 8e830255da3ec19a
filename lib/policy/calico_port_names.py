"""The names that Calico's host endpoints give their ports, for rules that name ports: by groups that give the same.

Many host endpoints give one name the same number. Where they don't, each number would be a rule of its own for every
rule with the name; beyond a bound the answer is left open for all of them together instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Final

from lib.model.calico_policies import HostEndpoint
from lib.model.calico_selector import CalicoSelector, matches
from lib.model.cluster import ContainerPort
from lib.model.labels import Labels
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, union
from lib.policy.host_endpoints import Host

NUMBERINGS_UP_TO: Final = 50
"""Up to how many different numberings of a rule's names are told apart."""
LOOKS_UP_TO: Final = 1_000_000
"""Up to how many host endpoints are looked at for all rules of a cluster."""

Numbering = tuple[ContainerPort, ...]
"""The named ports of host endpoints that count for a rule."""


class PortNames:
    """Answers for the rules of one cluster.

    ``hosts`` are the nodes with host endpoints, ``ends_on`` gives the ends on the network of one. ``addressed`` are the
    host endpoints that are known by their addresses, with their labels, and ``ends_of`` the ends that may have those.
    """

    def __init__(
        self,
        hosts: tuple[Host, ...],
        ends_on: Callable[[str], Bits],
        addressed: Iterable[tuple[HostEndpoint, Labels]],
        ends_of: Callable[[HostEndpoint], Bits],
    ) -> None:
        self._hosts, self._ends_on = hosts, ends_on
        self._addressed, self._ends_of = addressed, ends_of
        self._towards: dict[tuple[frozenset[str], CalicoSelector | None], tuple[tuple[Numbering, Bits], ...]] = {}
        self._looked = 0

    def of_subjects(self, policy: ObjectRef, names: frozenset[str]) -> Iterator[tuple[Bits, Numbering | None]]:
        """The ends that a policy selects by host endpoints, by the numbers that these give ``names``.

        None where those of one node differ in them, or where very many numberings are among them.
        """
        selected = self._selected.get(policy, [])
        found: dict[Numbering | None, Bits] = defaultdict(int)
        if self._may_look(len(selected)):
            for host, ends in selected:
                given = {_named(each, names) for each in host.endpoints}
                found[next(iter(given)) if len(given) == 1 else None] |= ends
            if len(found) <= NUMBERINGS_UP_TO:
                yield from ((ends, numbering) for numbering, ends in found.items())
                return
        yield self.selected(policy), None

    def selected(self, policy: ObjectRef) -> Bits:
        """The ends on nodes' networks that a policy selects by their host endpoints, where one answer holds."""
        return self._ends_selected.get(policy, 0)

    @cached_property
    def _ends_selected(self) -> dict[ObjectRef, Bits]:
        return {policy: union(ends for _, ends in hosts) for policy, hosts in self._selected.items()}

    @cached_property
    def _selected(self) -> dict[ObjectRef, list[tuple[Host, Bits]]]:
        found: dict[ObjectRef, list[tuple[Host, Bits]]] = defaultdict(list)
        for host in self._hosts:
            ends = 0 if host.doubt else self._ends_on(host.node)
            for policy in host.selecting if ends else ():
                found[policy].append((host, ends))
        return found

    def towards(self, names: frozenset[str], selector: CalicoSelector | None) -> tuple[tuple[Numbering, Bits], ...]:
        """The numberings of ``names`` by the selected host endpoints, each with the ends that may have their addresses.

        What hangs on them is never sure; beyond the bounds one entry has the numbers of all that give such names.
        """
        key = names, selector
        if key not in self._towards:
            self._towards[key] = tuple(self._numberings(names, selector))
        return self._towards[key]

    def _numberings(self, names: frozenset[str], selector: CalicoSelector | None) -> Iterator[tuple[Numbering, Bits]]:
        known = sorted(name for name in names if name in self._by_name)
        found: dict[Numbering, Bits] = defaultdict(int)
        if self._may_look(sum(len(self._by_name[name]) for name in known)):
            for endpoint, labels, ends in (each for name in known for each in self._by_name[name]):
                if selector is None or matches(selector, labels):
                    found[_named(endpoint, names)] |= ends
            if len(found) <= NUMBERINGS_UP_TO:
                yield from found.items()
                return
        ports = dict.fromkeys(port for name in known for port in self._together[name][0])
        yield tuple(ports), union(self._together[name][1] for name in known)

    def _may_look(self, count: int) -> bool:
        """Whether so many more host endpoints may be looked at."""
        self._looked += count
        return self._looked <= LOOKS_UP_TO

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[HostEndpoint, Labels, Bits]]]:
        found: dict[str, list[tuple[HostEndpoint, Labels, Bits]]] = defaultdict(list)
        for endpoint, labels in self._addressed:
            named = {port.name for port in endpoint.ports if port.name}
            ends = self._ends_of(endpoint) if named else 0
            for name in named:
                found[name].append((endpoint, labels, ends))
        return found

    @cached_property
    def _together(self) -> dict[str, tuple[Numbering, Bits]]:
        """Name → every port that is called so, and all ends that may have the addresses of those that do."""
        found: dict[str, tuple[Numbering, Bits]] = {}
        for name, naming in self._by_name.items():
            ports = dict.fromkeys(p for endpoint, *_ in naming for p in endpoint.ports if p.name == name)
            found[name] = tuple(ports), union(ends for *_, ends in naming)
        return found


def _named(endpoint: HostEndpoint, names: frozenset[str]) -> Numbering:
    return tuple(port for port in endpoint.ports if port.name in names)
