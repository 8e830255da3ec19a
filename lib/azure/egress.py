"""What an outbound type means: the address seen outside, each translation on the way, and what it can become."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from lib.facts import outbound as facts
from lib.facts.networks import network
from lib.facts.outbound import OutboundType


class Change(Enum):
    """Whether the documentation lets a cluster's outbound type change to another."""

    ALLOWED = "possible"
    REFUSED = "not possible"
    CONFLICT = "the documentation contradicts itself"
    NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the outbound type; ``why`` is "" where the table alone says it."""

    old: str
    new: str
    change: Change
    why: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddressStep:
    """One place on the way out where the source address may change; ``source_after`` in words."""

    at: str
    source_after: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What follows from an outbound type in a kind of virtual network (``managed`` or ``own``).

    ``fits`` is False where the documentation offers the type for the other kind only. ``way`` are the translations of
    a pod's packet to the Internet, in order; ``migrations`` the changes from here.
    """

    type: OutboundType
    network: str
    fits: bool
    way: tuple[AddressStep, ...]
    migrations: tuple[Migration, ...]

    @property
    def misfit(self) -> str:
        """That the documentation offers the type for the other kind of virtual network only; "" where it fits."""
        kinds = " or ".join(_KINDS[kind] for kind in self.type.networks)
        return "" if self.fits else f"{self.type.id} is documented for virtual networks that are {kinds} only."

    @property
    def without_ports(self) -> str:
        """That AKS sets up nobody whose ports could be counted; "" where it does."""
        if self.type.ports:
            return ""
        return (
            f"Under the outbound type {self.type.id} AKS translates nothing: how many ports there are is a matter of "
            "what stands in the way. The numbers are those that a load balancer would have."
        )


_KINDS: Final = {"managed": "made by AKS", "own": "brought along"}


def network_kind_of(type_id: str) -> str:
    """The kind of virtual network that a type is taken to stand in where nobody says it: AKS's own, if it may.

    Raises FactsError for an unknown type.
    """
    return facts.outbound_type(type_id).networks[0]


def outbound_answer(type_id: str, network_kind: str, network_model: str = "") -> OutboundAnswer:
    """What the type means; ``network_model`` is an id of ``facts.networks``, "" where it isn't known.

    Raises FactsError for an unknown type or model.
    """
    found = facts.outbound_type(type_id)
    return OutboundAnswer(
        type=found,
        network=network_kind,
        fits=network_kind in found.networks,
        way=_way(found, network_model),
        migrations=migrations_from(type_id, network_kind),
    )


def migrations_from(type_id: str, network_kind: str) -> tuple[Migration, ...]:
    """Every other type, and whether a cluster with ``type_id`` can change to it."""
    table = facts.migrations().tables[network_kind].get(type_id, {})
    others = (other.id for other in facts.outbound_types() if other.id != type_id)
    return tuple(_migration(network_kind, type_id, other, table.get(other)) for other in others)


def _migration(network_kind: str, old: str, new: str, allowed: bool | None) -> Migration:
    known = facts.migrations()
    for conflict in known.conflicts:
        if (conflict.network, conflict.old, conflict.new) == (network_kind, old, new):
            sources = tuple(dict.fromkeys((*known.sources, conflict.source)))
            return Migration(old, new, Change.CONFLICT, conflict.says, sources)
    if allowed is None:
        why = f"The table for virtual networks that are {_KINDS[network_kind]} has no such pair."
        return Migration(old, new, Change.NOT_STATED, why, known.sources)
    return Migration(old, new, Change.ALLOWED if allowed else Change.REFUSED, "", known.sources)


def _way(found: OutboundType, network_model: str) -> tuple[AddressStep, ...]:
    """The pod, its node, and then whoever the outbound type puts in the way."""
    if network_model:
        model = network(network_model)
        node = AddressStep("node", model.snat, model.sources)
    else:
        node = AddressStep("node", "Depends on the network model, which isn't known.", ())
    return (
        AddressStep("pod", "The pod's own address.", ()),
        node,
        AddressStep(found.translated_by.partition(",")[0].partition(":")[0], found.seen, found.sources),
    )
