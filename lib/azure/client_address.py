"""Whose address a pod sees as the source of what comes through a load balancer or a node port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lib.azure.data_plane import DataPlane
from lib.facts.service_traffic import ClientAddress, client_addresses
from lib.model.services import Service

DEPENDS: Final = "depends on the node"
_WORDS: Final = {
    "client": "the client's address",
    "node": "the address of the node that received the packet",
    "remote node": "the address of the node that received the packet (to Cilium a remote node)",
}


@dataclass(frozen=True, slots=True)
class SeenAddress:
    """What the pods of a Service see as source.

    ``verdict`` is ``client``, ``node`` or, where it differs between the ways a packet can take, ``depends on the
    node``; ``ways`` holds each of them. ``reason`` says what the verdict hangs on.
    """

    verdict: str
    reason: str
    ways: tuple[ClientAddress, ...]

    @property
    def planes_differ(self) -> bool:
        """Whether the ways are those of several data planes, which do not show the same address."""
        return self.verdict == DEPENDS and len({way.data_plane for way in self.ways}) > 1

    @property
    def lines(self) -> tuple[str, ...]:
        """Each way in words."""
        return tuple(_line(way, len({each.data_plane for each in self.ways}) > 1) for way in self.ways)


def seen_address(service: Service, data_plane: DataPlane) -> SeenAddress:
    """What the pods of an outside-facing Service see; every data plane counts where the input does not show it."""
    policy = service.external_traffic_policy.value
    ways = tuple(
        way
        for way in client_addresses()
        if way.external_traffic_policy == policy and data_plane.name in ("", way.data_plane)
    )
    seen = {way.seen for way in ways}
    who = f"externalTrafficPolicy is {policy}; data plane {data_plane.name or 'not known'}: {data_plane.evidence}"
    return SeenAddress(seen.pop() if len(seen) == 1 else DEPENDS, who, ways)


def seen_in_words(found: SeenAddress) -> str:
    """Whose address the pods see, as a whole sentence without a full stop."""
    if found.planes_differ:
        return "whose address the pods see depends on the data plane, which is not known"
    if found.verdict == DEPENDS:
        return "whose address the pods see depends on the node"
    return f"the pods see {_WORDS[found.verdict]}"


def _line(way: ClientAddress, with_plane: bool) -> str:
    plane = f"with {way.data_plane}, " if with_plane else ""
    return f"{plane}a pod on {way.backend} sees {_WORDS[way.seen]}"
