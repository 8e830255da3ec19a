"""Network security groups: default rules, limits, service tags, and how the cloud provider names and numbers rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from lib.facts.files import FactsError, read_mapping

_FILE = "nsg.yaml"


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule that every group has; it is about all ports and protocols. ``*`` means any address."""

    name: str
    priority: int
    source: str
    destination: str
    access: str


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """How much of something one group may hold, that number included."""

    name: str
    label: str
    value: int
    sources: tuple[str, ...]
    checked: date


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """How the cloud provider writes rules; priorities are inclusive.

    ``protocols`` holds Kubernetes' protocol and the rule's, in the order of writing. ``allow_name`` holds ``{family}``
    and ``{hash}``, ``deny_name`` ``{family}``.
    """

    managed_prefix: str
    allow_name: str
    deny_name: str
    first_priority: int
    last_priority: int
    protocols: tuple[tuple[str, str], ...]
    internet_tag: str
    sources: tuple[str, ...]
    checked: date


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that sources say, in words."""

    says: str
    sources: tuple[str, ...]
    checked: date


@dataclass(frozen=True, slots=True)
class ServiceTag:
    """A service tag whose meaning is documented in words; the addresses of all others are not known here."""

    name: str
    means: str


def _part(name: str) -> Any:
    return read_mapping(_FILE)[name]


def _checked() -> date:
    found = _part("checked")
    if not isinstance(found, date):
        raise FactsError(f"{_FILE} has no date")
    return found


@cache
def default_rules(direction: str) -> tuple[DefaultRule, ...]:
    """The default rules of one direction, ``inbound`` or ``outbound``, in evaluation order."""
    return tuple(DefaultRule(**entry) for entry in _part("default_rules")[direction])


@cache
def custom_priorities() -> tuple[int, int]:
    """The first and last priority that a rule of one's own may have."""
    found = _part("custom_priorities")
    return found["first"], found["last"]


@cache
def group_limits() -> tuple[GroupLimit, ...]:
    """What one group may hold: ``rules``, ``source_addresses``, ``destination_addresses``."""
    return tuple(
        GroupLimit(entry["name"], entry["label"], entry["value"], tuple(entry["sources"]), _checked())
        for entry in _part("limits")
    )


@cache
def provider_rules() -> ProviderRules:
    """How the cloud provider writes its rules."""
    found = _part("provider")
    return ProviderRules(
        found["managed_prefix"],
        found["allow_name"],
        found["deny_name"],
        found["first_priority"],
        found["last_priority"],
        tuple(found["protocols"].items()),
        found["internet_tag"],
        tuple(found["sources"]),
        _checked(),
    )


@cache
def attachment() -> Statement:
    """Where AKS attaches its group, and in which order packets meet the groups."""
    found = _part("attachment")
    return Statement(found["says"], tuple(found["sources"]), _checked())


@cache
def first_asked() -> dict[str, str]:
    """To what the group is attached that a packet meets first, by its direction (``Inbound``, ``Outbound``)."""
    return dict(_part("attachment")["first_asked"])


@cache
def subnet_group_must_allow() -> tuple[tuple[str, str, str], ...]:
    """Source, destination and ports, in words, that a group of one's own on the nodes' subnet must let through."""
    return tuple((e["source"], e["destination"], e["ports"]) for e in _part("subnet_group_must_allow")["rules"])


@cache
def service_tags() -> tuple[ServiceTag, ...]:
    """The service tags whose meaning is known."""
    return tuple(ServiceTag(entry["name"], entry["means"]) for entry in _part("service_tags")["tags"])


def probe_address() -> str:
    """Where the platform's health probes come from: part of the tags AzureLoadBalancer and VirtualNetwork."""
    return str(_part("service_tags")["probe_address"])


@cache
def probe_rules() -> Statement:
    """Which default rules let health probes in, and which of them answers."""
    found = _part("probes")
    names = {rule.source: f"{rule.name} ({rule.priority})" for rule in default_rules("inbound")}
    says = found["says"].format(
        network=names["VirtualNetwork"], balancer=names["AzureLoadBalancer"], address=probe_address()
    )
    return Statement(says, tuple(found["sources"]), _checked())


def nsg_source_keys() -> tuple[str, ...]:
    """Every source key of the data file."""
    lists = [_part(name)["sources"] for name in ("default_rules", "custom_priorities", "service_tags", "provider")]
    lists += [_part(name)["sources"] for name in ("attachment", "subnet_group_must_allow", "probes")]
    lists += [limit.sources for limit in group_limits()]
    return tuple(sorted({key for keys in lists for key in keys}))
