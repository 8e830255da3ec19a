"""What every network model answers: how many addresses a pool takes, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lib.ipplan.pools import SizedPool


@dataclass(frozen=True, slots=True)
class Take:
    """The addresses that some nodes of one pool take.

    ``node_subnet`` and ``pod_subnet`` in addresses, ``pod_cidr_blocks`` in blocks of the pod CIDR, ``vnet_ips`` as
    Azure counts the configured private addresses of the virtual network.
    """

    node_subnet: int
    pod_subnet: int
    pod_cidr_blocks: int
    vnet_ips: int


class NetworkRules(Protocol):
    """One network model's arithmetic; a module each implements it."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the formula comes from."""

    @property
    def uses_pod_subnet(self) -> bool:
        """Whether pods get addresses of a subnet of their own."""

    @property
    def uses_pod_cidr(self) -> bool:
        """Whether nodes take blocks of a pod CIDR."""

    @property
    def family_is_flat(self) -> bool:
        """Whether pods live in the virtual network."""

    @property
    def formula(self) -> str:
        """The formula in letters: N nodes, s surge nodes, m max pods."""

    def take(self, pool: SizedPool, nodes: int) -> Take:
        """What ``nodes`` nodes of ``pool`` take."""

    def worked(self, pool: SizedPool) -> str:
        """The formula for one pool with its numbers filled in, at the pool's maximum and during an upgrade."""
