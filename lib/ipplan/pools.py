"""Node pools with every default applied: how many nodes there are now, at most, and during an upgrade."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from lib.facts import reader as facts
from lib.ipplan.demand import ClusterDemand, NetworkModel, NodePool, Surge


@dataclass(frozen=True, slots=True)
class SizedPool:
    """A pool's node counts: ``now``, at the autoscaler's ``maximum``, and the ``extra`` nodes of an upgrade."""

    pool: NodePool
    now: int
    maximum: int
    extra: int
    max_pods: int

    @property
    def peak(self) -> int:
        """The most nodes that exist at once: the maximum and the extra ones."""
        return self.maximum + self.extra

    @property
    def pods_max(self) -> int:
        """The pods that fit when the pool is at its maximum; surge nodes take over pods and add none."""
        return self.maximum * self.max_pods

    @property
    def pods(self) -> int:
        """The pods that are planned for: those that are expected, at most as many as fit; else as many as fit."""
        expected = self.pool.pods_expected
        return self.pods_max if expected is None else min(expected, self.pods_max)

    def grown(self, nodes: int) -> SizedPool:
        """The same pool with ``nodes`` more at its maximum: a surge in percent grows with it, and the pods of a node
        stay as many as are expected of it."""
        pool = self.pool
        if pool.pods_expected and not self.maximum:
            # Of no node nothing can be expected, so new ones are counted as full.
            pool = replace(pool, pods_expected=None)
        elif pool.pods_expected:
            pool = replace(pool, pods_expected=self.pods + ceil(self.pods * nodes / self.maximum))
        return _sized(pool, self.now, self.maximum + nodes, self.max_pods)


def default_max_pods(model: NetworkModel) -> facts.Fact:
    """The max pods of a pool that sets none: the model's default, else the highest value that AKS takes."""
    return facts.find("max_pods_default", model) or facts.get("max_pods_per_node_hard_max")


def surge_of(pool: NodePool) -> Surge:
    """The pool's surge, or the default of AKS where it sets none; nothing is added to auto-provisioned nodes.

    Their maximum is a limit of their own, which the nodes that replace others count against.
    """
    if pool.auto_provisioned and pool.surge is None:
        return Surge(0)
    return pool.surge if pool.surge is not None else Surge(facts.get("surge_default_nodes").number)


def size_pool(pool: NodePool, model: NetworkModel) -> SizedPool:
    """Apply the defaults to one pool."""
    max_pods = pool.max_pods if pool.max_pods is not None else default_max_pods(model).number
    maximum = pool.nodes if pool.nodes_max is None else max(pool.nodes, pool.nodes_max)
    return _sized(pool, pool.nodes, maximum, max_pods)


def size_pools(cluster: ClusterDemand) -> tuple[SizedPool, ...]:
    """Apply the defaults to every pool of a cluster, in its order."""
    return tuple(size_pool(pool, cluster.model) for pool in cluster.pools)


def with_max_pods(cluster: ClusterDemand) -> ClusterDemand:
    """The cluster with every pool's max pods written out, so that another model can be compared on the same demand."""
    pools = tuple(replace(sized.pool, max_pods=sized.max_pods) for sized in size_pools(cluster))
    return replace(cluster, pools=pools)


def _sized(pool: NodePool, now: int, maximum: int, max_pods: int) -> SizedPool:
    extra = maximum if pool.replaced else surge_of(pool).nodes(maximum)
    return SizedPool(pool, now, maximum, extra, max_pods)
