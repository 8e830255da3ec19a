"""When growth passes a limit: the month in which a cluster, or those that share something, need more than there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from lib.ipplan.demand import AddressPlanInput, ClusterDemand
from lib.ipplan.pools import size_pools
from lib.ipplan.result import Limit
from lib.ipplan.room import Ceiling
from lib.ipplan.vnet_space import NAME as SPACE

HORIZON_MONTHS = 600
SpaceFits = Callable[[dict[str, int]], bool]


def with_months(
    demand: AddressPlanInput, ceilings: Sequence[tuple[Ceiling, ...]], space_fits: SpaceFits
) -> list[tuple[Limit, ...]]:
    """The limits of every cluster, in the order of the demand, with the month in which growth passes them.

    A cluster grows from the nodes it has now; its pools have room for that up to their maxima, and what is over them
    counts where it costs most. Whoever shares a subnet or the virtual network uses it up together. ``space_fits``
    tells whether the virtual network holds subnets that need more addresses, by their keys.
    """
    if not any(cluster.growth is not None for cluster in demand.clusters):
        return [tuple(ceiling.limit for ceiling in of_one) for of_one in ceilings]
    grown = [_Grown(cluster) for cluster in demand.clusters]
    shared: dict[str, list[_Member]] = {}
    for cluster, of_one in zip(grown, ceilings, strict=True):
        for ceiling in of_one:
            shared.setdefault(ceiling.shared, []).append((cluster, ceiling))
    sized = [member for key, members in shared.items() if key.startswith("subnet:") for member in members]
    known: dict[str, int | None] = {}

    def months_of(cluster: _Grown, ceiling: Ceiling) -> int | None:
        limit, key = ceiling.limit, ceiling.shared
        if limit.more_nodes is None:
            return None
        if key not in known:
            members = shared[key] if key else [(cluster, ceiling)]
            found = (
                _first(lambda month: not space_fits(_more(sized, month)))
                if key == SPACE
                else _first(lambda month: sum(_more(members, month).values()) > limit.headroom)
            )
            if not key:
                return found
            known[key] = found
        return known[key]

    return [
        tuple(_dated(ceiling.limit, months_of(cluster, ceiling), demand.start) for ceiling in of_one)
        for cluster, of_one in zip(grown, ceilings, strict=True)
    ]


class _Grown:
    """The nodes of one cluster over the maxima of its pools, by month."""

    def __init__(self, cluster: ClusterDemand) -> None:
        pools = size_pools(cluster)
        self._growth = cluster.growth
        self._now = sum(pool.now for pool in pools)
        self._maximum = sum(pool.maximum for pool in pools)

    def over(self, month: int) -> int:
        """How many nodes more than planned there are after ``month`` months."""
        return 0 if self._growth is None else max(0, self._growth.nodes(self._now, month) - self._maximum)


_Member = tuple[_Grown, Ceiling]


def _more(members: Sequence[_Member], month: int) -> dict[str, int]:
    """What the members need beyond the plan after some months, by the subnet's key or the name of what they share."""
    found: dict[str, int] = {}
    for cluster, ceiling in members:
        over = cluster.over(month)
        if over and ceiling.cost is not None:
            key = ceiling.shared.removeprefix("subnet:")
            found[key] = found.get(key, 0) + ceiling.cost(over)
    return found


def _first(is_passed: Callable[[int], bool]) -> int | None:
    """The first month in which a limit is passed, by halving; None where that is beyond the horizon, or never."""
    if not is_passed(HORIZON_MONTHS):
        return None
    low, high = -1, HORIZON_MONTHS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_passed(middle) else (middle, high)
    return high


def _dated(limit: Limit, months: int | None, start: date | None) -> Limit:
    if months is None:
        return limit
    return replace(limit, months=months, month=add_months(start, months) if start is not None else None)


def add_months(start: date, months: int) -> date:
    """The first day of the month that is ``months`` after that of ``start``."""
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_between(start: date, end: date) -> int:
    """The months from the month of ``start`` to that of ``end``; negative where that is earlier."""
    return (end.year - start.year) * 12 + end.month - start.month
