"""Network security groups and their rules, in Azure's own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from lib.model.refs import ObjectRef, Source

ANY: Final = "*"
"""Any protocol, any address of either family, or any port."""


class Access(Enum):
    """What a rule does with the packets that it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class RuleDirection(Enum):
    """Whether a rule is about packets to the attached interfaces or from them."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class Attachment(Enum):
    """What a group is attached to; the value is the word for people."""

    SUBNET = "subnet"
    NIC = "network interface"


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule; of several that match, the one with the lowest priority decides.

    ``protocol`` is ``Tcp``, ``Udp``, ``Icmp``, ``Esp``, ``Ah`` or ``*``. ``sources`` and ``destinations`` are address
    prefixes, addresses, service tags or ``*``; ``ports`` and ``source_ports`` are numbers, ranges ``first-last`` or
    ``*``. An empty list matches nothing. What belongs to a list but is not in the input stands in words in the
    ``open_`` list beside it: a packet that nothing else matches may match there; with ``open_destinations_unused``
    those are addresses that nothing in the input has. ``services`` are those that wrote the rule.
    """

    name: str
    priority: int
    direction: RuleDirection
    access: Access
    protocol: str = ANY
    sources: tuple[str, ...] = (ANY,)
    source_ports: tuple[str, ...] = (ANY,)
    destinations: tuple[str, ...] = (ANY,)
    ports: tuple[str, ...] = (ANY,)
    open_protocol: str = ""
    open_sources: tuple[str, ...] = ()
    open_source_ports: tuple[str, ...] = ()
    open_destinations: tuple[str, ...] = ()
    open_destinations_unused: bool = False
    open_ports: tuple[str, ...] = ()
    services: tuple[ObjectRef, ...] = ()
    is_default: bool = False
    source: Source | None = None
    line: int | None = None

    @property
    def open_parts(self) -> tuple[str, ...]:
        """Everything about the rule that is not in the input, in words; empty for a rule that is wholly known."""
        protocol = (self.open_protocol,) if self.open_protocol else ()
        return (
            *protocol,
            *self.open_sources,
            *self.open_source_ports,
            *self.open_destinations,
            *self.open_ports,
        )


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A group as a packet meets it.

    ``origin`` says in words where its rules come from; where priorities were not given, that they are those of a
    fresh reconcile. ``rules`` hold the default rules too, in evaluation order within each direction. ``unseen`` stands
    for rules that may be in the group though the input does not show them.
    """

    name: str
    attachment: Attachment
    origin: str
    rules: tuple[SecurityRule, ...]
    unseen: tuple[SecurityRule, ...] = ()

    def of(self, direction: RuleDirection) -> tuple[SecurityRule, ...]:
        """The rules of one direction, the one that is asked first at the front."""
        return tuple(rule for rule in self.rules if rule.direction is direction)


def in_evaluation_order(rules: list[SecurityRule]) -> tuple[SecurityRule, ...]:
    """Inbound rules first, then by priority."""
    return tuple(sorted(rules, key=lambda rule: (rule.direction is RuleDirection.OUTBOUND, rule.priority, rule.name)))
