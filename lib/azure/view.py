"""What Azure makes of all Services together."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule that the provider writes into the network security group, in Azure's own words.

    ``protocol`` is ``Tcp``, ``Udp`` or ``*``, ``access`` ``Allow`` or ``Deny``; ``name`` has the provider's hash.
    """

    name: str
    priority: int
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    access: str


@dataclass(frozen=True, slots=True)
class AzureView:
    """The Azure resources of a cluster's Services, taken in the order of namespace and name."""

    security_rules: tuple[SecurityRule, ...] = ()


def azure_view(snapshot: Snapshot) -> AzureView:
    """What Azure makes of the Services of ``snapshot``."""
    return AzureView(security_rules=security_rules(snapshot))


def security_rules(snapshot: Snapshot) -> tuple[SecurityRule, ...]:
    """The rules that the provider writes; none until ``lib.azure`` knows them."""
    return ()
