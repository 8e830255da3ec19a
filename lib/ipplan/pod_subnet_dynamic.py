"""Pod Subnet with dynamic allocation: nodes ask for batches of addresses of the pod subnet as their pods need them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from lib.facts import reader as facts
from lib.ipplan.network import Take
from lib.ipplan.pools import SizedPool

_MODEL = "pod_subnet_dynamic"


def batch_size() -> int:
    """The addresses of one batch."""
    return facts.get("batch_size", _MODEL).number


def min_free() -> int:
    """A node asks for another batch when fewer addresses than this are free."""
    return floor(batch_size() * facts.get("batch_min_free_fraction", _MODEL).fraction)


def max_free() -> int:
    """A node gives a batch back when more addresses than this are free."""
    return floor(batch_size() * facts.get("batch_max_free_fraction", _MODEL).fraction)


def allotment(pods: int, ips_max: int | None = None) -> int:
    """The addresses that one node holds for ``pods`` pods (host-network pods not counted).

    ``ips_max`` caps it; None stands for the cap that AKS sets.
    """
    cap = facts.get("ips_per_node_max", _MODEL).number if ips_max is None else ips_max
    fraction = facts.get("batch_min_free_fraction", _MODEL).fraction
    return min(cap, batch_size() * ceil(fraction + pods / batch_size()))


def worst_allotment(nodes: int, pods: int, max_pods: int) -> int:
    """The most addresses that ``nodes`` nodes can hold for ``pods`` pods, however the pods are spread.

    The dearest spread puts just enough pods on each node to make it ask for another batch. The last batch of a node
    may be cut short by the cap, so those come after all whole ones.
    """
    batch, full = batch_size(), allotment(max_pods)
    to_second_batch = batch - min_free() + 1
    second = min(nodes, pods // to_second_batch)
    further = max(0, pods - second * to_second_batch) // batch if second == nodes else 0
    whole = nodes * (full // batch - 1)
    cut_short = min(max(0, second + further - whole), nodes) * (full % batch)
    return nodes * batch + batch * min(second + further, whole) + cut_short


@dataclass(frozen=True, slots=True)
class DynamicRules:
    """N + s addresses of the node subnet; the batches of all nodes of the pod subnet."""

    sources: tuple[str, ...] = (
        "AKS:concepts-network-azure-cni-pod-subnet.md",
        "ACN:docs/feature/ipammath/1-ipam-math.md",
    )
    uses_pod_subnet: bool = True
    uses_pod_cidr: bool = False
    family_is_flat: bool = True

    @property
    def formula(self) -> str:
        """The target that a node's batches are kept at, for full nodes."""
        return f"nodes: N + s; pods: (N + s) × {_target('m')}"

    def take(self, pool: SizedPool, nodes: int) -> Take:
        """A node's own address, and the batches for its pods: full nodes, or the pods that are expected."""
        pods = self._pods(pool, nodes)
        return Take(node_subnet=nodes, pod_subnet=pods, pod_cidr_blocks=0, vnet_ips=nodes + pods)

    def worked(self, pool: SizedPool) -> str:
        """``nodes: 50 + 1 = 51; pods: (50 + 1) × min(250, 16 × ⌈0.5 + 30 / 16⌉) = 2448``."""
        nodes = f"nodes: {pool.maximum} + {pool.extra} = {pool.peak}"
        pods = self._pods(pool, pool.peak)
        expected = pool.pool.pods_expected
        if expected is not None:
            batches = f"batches of {batch_size()} for {expected} pods on {pool.peak} nodes, dearest spread"
            return f"{nodes}; pods: {batches} = {pods}"
        return f"{nodes}; pods: ({pool.maximum} + {pool.extra}) × {_target(str(pool.max_pods))} = {pods}"

    def _pods(self, pool: SizedPool, nodes: int) -> int:
        expected = pool.pool.pods_expected
        if expected is None:
            return nodes * allotment(pool.max_pods)
        return worst_allotment(nodes, min(expected, nodes * pool.max_pods), pool.max_pods)


def _target(max_pods: str) -> str:
    cap = facts.get("ips_per_node_max", _MODEL).number
    fraction = facts.get("batch_min_free_fraction", _MODEL).fraction
    return f"min({cap}, {batch_size()} × ⌈{fraction:g} + {max_pods} / {batch_size()}⌉)"
