"""The addresses of the cluster's own pods and nodes: an ipBlock does not surely mean these ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from ipaddress import ip_network
from typing import Final

from lib.model.errors import ModelError
from lib.model.sets import Address, AddressSet, parse_address
from lib.model.snapshot import Snapshot
from lib.scenario.recommendation.blocks import blocks_text

_CANDIDATES_UP_TO: Final = 20


class OwnAddresses:
    """Who in the input has which address; found once for all ends that are stated."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def refuse(self, addresses: AddressSet) -> None:
        """Raise ModelError, with the candidates, where all of ``addresses`` are of pods and nodes of the input."""
        if not addresses or not addresses <= self._all:
            return
        found = sorted({name for address, name in self._holders if address in addresses})
        listed = "\n  ".join(found[:_CANDIDATES_UP_TO])
        more = f"\n  and {len(found) - _CANDIDATES_UP_TO} more" if len(found) > _CANDIDATES_UP_TO else ""
        candidates = f"; candidates:\n  {listed}{more}" if found else ""
        raise ModelError(
            f"{blocks_text(addresses)} is of the cluster's own pods or nodes, which an ipBlock does not surely mean: "
            f"ask for the workload or the node{candidates}"
        )

    def held_in(self, addresses: AddressSet) -> tuple[str, ...]:
        """Whose addresses are among ``addresses``: workloads and nodes by name, each once."""
        return tuple(sorted({name for address, name in self._holders if address in addresses}))

    @cached_property
    def _holders(self) -> tuple[tuple[Address, str], ...]:
        return tuple(_holders(self._snapshot))

    @cached_property
    def _all(self) -> AddressSet:
        ranges = AddressSet.from_networks(n for node in self._snapshot.nodes for n in node.pod_cidrs)
        return ranges | _set_of(address for address, _ in self._holders)


def _holders(snapshot: Snapshot) -> Iterator[tuple[Address, str]]:
    for workload in snapshot.workloads:
        for pod in workload.endpoints:
            if not pod.host_network:
                yield from ((address, str(workload.ref)) for address in pod.ips)
    for node in snapshot.nodes:
        for text in node.addresses_of("InternalIP"):
            try:
                yield parse_address(text), f"node/{node.name}"
            except ModelError:
                continue


def _set_of(addresses: Iterable[Address]) -> AddressSet:
    return AddressSet.from_networks(map(ip_network, addresses))
