"""The same flow under several profiles: what each hop says under each of them, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lib.facts.networks import network
from lib.model.errors import ModelError
from lib.model.services import TrafficPolicy
from lib.policy.engines import profile as engine_profile
from lib.trace.arrival import DATA_PLANES
from lib.trace.context import Given
from lib.trace.hop import Hop, HopKind, Trace

_WORDS: Final[Mapping[str, Callable[[str], str]]] = {
    "engine": lambda value: f"Policies of {engine_profile(value).label}",
    "data-plane": lambda value: f"data plane {DATA_PLANES.get(value, value)}",
    "network-model": lambda value: network(value).label,
    "outbound-type": lambda value: f"Outbound type {value}",
    "traffic-policy": lambda value: f"externalTrafficPolicy {value}",
}
KEYS: Final = ("engine", "data-plane", "network-model", "outbound-type", "traffic-policy")


@dataclass(frozen=True, slots=True)
class Profile:
    """What differs from the first profile, by the names of ``KEYS``; empty for the first itself."""

    changes: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The changes in words."""
        return ", ".join(f"{key} {value}" for key, value in self.changes) or "as it is"

    @property
    def words(self) -> str:
        """The same as people call it, who do not know the options' names."""
        return ", ".join(_WORDS[key](value) for key, value in self.changes) or "The cluster as it is"

    @property
    def engine(self) -> str:
        """The policy engine that it names; "" for none."""
        return dict(self.changes).get("engine", "")

    def given(self, given: Given) -> Given:
        """What a person says, with the changes."""
        said = dict(self.changes)
        policy = said.get("traffic-policy")
        return replace(
            given,
            data_plane=said.get("data-plane", given.data_plane),
            network_model=said.get("network-model", given.network_model),
            outbound_type=said.get("outbound-type", given.outbound_type),
            external_traffic_policy=TrafficPolicy(policy) if policy else given.external_traffic_policy,
        )


def read_profile(text: str, values: Mapping[str, Sequence[str]]) -> Profile:
    """``KEY=VALUE,KEY=VALUE``; ``values`` are the known ones by key. Raises ModelError."""
    found: dict[str, str] = {}
    for part in text[:1_000].split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in values:
            raise ModelError(f"{part[:60]!r} is not of the form KEY=VALUE with a KEY of {', '.join(values)}")
        if value not in values[key]:
            raise ModelError(f"{key} can be {', '.join(values[key])}, not {value[:60]!r}")
        if key in found:
            raise ModelError(f"{key} is given twice")
        found[key] = value
    return Profile(tuple(found.items()))


@dataclass(frozen=True, slots=True)
class Side:
    """One profile's trace."""

    profile: Profile
    trace: Trace


@dataclass(frozen=True, slots=True)
class Pairing:
    """One kind of hop with what each side has of it; None where a side has no such hop.

    ``family`` is "" where packets of all IP families go the same way.
    """

    kind: HopKind
    hops: tuple[Hop | None, ...]
    family: str = ""

    @property
    def differs(self) -> bool:
        """Whether the sides' verdicts or reasons differ, or what the next hop sees."""
        told = {(h.verdict, h.reason, h.source_after, h.destination_after) if h else None for h in self.hops}
        return len(told) > 1


def side_by_side(sides: Sequence[Side]) -> tuple[Pairing, ...]:
    """The hops of all sides, by their kind and how often it came before, in the order of the longest way."""
    keyed = [_keyed(side.trace) for side in sides]
    order: list[_Key] = []
    for mine in sorted(keyed, key=len, reverse=True):
        position = 0
        for key in mine:
            if key in order:
                position = order.index(key) + 1
            else:
                order.insert(position, key)
                position += 1
    return tuple(Pairing(key[1], tuple(mine.get(key) for mine in keyed), key[0]) for key in order)


_Key = tuple[str, HopKind, int]


def _keyed(trace: Trace) -> dict[_Key, Hop]:
    """The hops by family, kind and how often the kind came before."""
    found: dict[_Key, Hop] = {}
    for way in trace.by_family:
        for hop in way.hops:
            number = sum(key[:2] == (way.family, hop.kind) for key in found)
            found[way.family, hop.kind, number] = hop
    return found
