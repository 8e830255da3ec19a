"""How many more nodes fit under a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lib.ipplan.pools import SizedPool
from lib.ipplan.result import Limit

Uses = Callable[[SizedPool], int]
_SAMPLE = 1024
_UNLIMITED = 1 << 62


@dataclass(frozen=True, slots=True)
class Room:
    """The nodes that fit, their pods, and the pool that uses the limit up fastest; None where nodes cost nothing.

    ``cost`` says how much more of the limit some more nodes of that pool use, ``brings`` how many pods come with them.
    """

    nodes: int | None
    pods: int | None
    pool: str
    cost: Callable[[int], int] | None = None
    brings: Callable[[int], int] | None = None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A limit of one cluster; clusters whose ceilings have the same ``shared`` key use up the same thing.

    ``shared`` is "" for what a cluster has to itself. ``cost`` and ``brings`` are those of its Room, None where nodes
    don't count against it.
    """

    limit: Limit
    shared: str = ""
    cost: Callable[[int], int] | None = None
    brings: Callable[[int], int] | None = None


def room(pools: Iterable[SizedPool], uses: Uses, headroom: int) -> Room:
    """How many nodes fit into ``headroom``, for the pool that uses it up fastest."""
    best: tuple[int, SizedPool] | None = None
    answers: dict[tuple[object, ...], int] = {}
    for pool in pools:
        own = pool.pool
        alike = (
            pool.now, pool.maximum, pool.extra, pool.max_pods, own.surge, own.pods_expected, own.replaced,
            own.auto_provisioned,
        )  # fmt: skip
        if alike not in answers:
            answers[alike] = _more_nodes(pool, uses, headroom)
        nodes = answers[alike]
        if nodes < _UNLIMITED and (best is None or nodes < best[0]):
            best = (nodes, pool)
    if best is None:
        return Room(None, None, "")
    nodes, fastest = best

    def cost(more: int) -> int:
        return uses(fastest.grown(more)) - uses(fastest)

    def brings(more: int) -> int:
        return fastest.grown(more).pods - fastest.pods

    return Room(nodes, brings(nodes), fastest.pool.name, cost, brings)


def ceiling_of(
    name: str, label: str, value: int, used: int, unit: str, left: Room, sources: tuple[str, ...],
    conflict: str = "", is_chosen: bool = True, shared: str = "",
) -> Ceiling:  # fmt: skip
    """A limit with what remains to it."""
    limit = Limit(name, label, value, used, unit, left.nodes, left.pods, left.pool, sources, conflict, is_chosen)
    return Ceiling(limit, shared, left.cost, left.brings)


def _more_nodes(pool: SizedPool, uses: Uses, headroom: int) -> int:
    """The most nodes whose additional use is within ``headroom``; _UNLIMITED where nodes cost nothing.

    The use grows almost evenly with the nodes (a surge in percent is rounded up), so a guess from the slope is close
    and the search around it short.
    """
    base = uses(pool)

    def cost(nodes: int) -> int:
        return uses(pool.grown(nodes)) - base

    slope = cost(_SAMPLE)
    if slope <= 0:
        return _UNLIMITED if headroom >= 0 else 0
    if cost(1) > headroom:
        return 0
    low, step = 1, 1
    high = max(2, headroom * _SAMPLE // slope)
    while cost(high) <= headroom:
        low, high, step = high, high + step, 2 * step
    while high - low > 1:
        # From above the guess is near: come down in growing steps before halving.
        middle = max(high - step, (low + high) // 2) if step < high - low else (low + high) // 2
        if cost(middle) <= headroom:
            low = middle
        else:
            high, step = middle, 2 * step
    return low
