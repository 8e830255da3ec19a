"""Places the nodes of a layered graph: the same graph always lies the same way.

Tiers are columns. Inside a column the order comes from barycentre sweeps that start from the nodes' names, the height
from pulling every node towards its neighbours as far as the order and the spacing permit. An edge over several columns
takes a lane of its own in each column between, so that no line crosses a card.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from lib.graph.model import GraphEdge, GraphModel

CARD_HEIGHT: Final = 34.0
GAP: Final = 8.0
LANE_HEIGHT: Final = 10.0
SWEEPS: Final = 24
PULLS: Final = 6
_PORT_SPREAD: Final = 0.62


@dataclass(frozen=True, slots=True)
class Point:
    """``x`` in columns (a card's centre is a whole number), ``y`` in pixels downwards."""

    x: float
    y: float


def card_width(tiers: int) -> float:
    """How wide a card is, in columns: few columns are wide, and leave more of their width to the arrows."""
    return 0.42 if tiers <= 2 else 0.62 if tiers == 3 else 0.84


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is: ``nodes`` by id (centres), one path for each edge in the model's order.

    ``height`` in pixels holds every card; ``columns`` is the number of tiers.
    """

    nodes: Mapping[str, Point]
    paths: tuple[tuple[Point, ...], ...]
    columns: int
    height: float


def lay_out(model: GraphModel) -> Layout:
    """Place every node and route every edge."""
    columns, chains = _columns_with_lanes(model)
    neighbours = _neighbours(chains)
    _sweep(columns, neighbours)
    heights = _heights(columns, neighbours, {node.id for node in model.nodes})
    top = min(heights.values(), default=0.0) - CARD_HEIGHT / 2
    bottom = max(heights.values(), default=0.0) + CARD_HEIGHT / 2
    nodes = {node.id: Point(float(node.tier), heights[node.id] - top) for node in model.nodes}
    places = {key: Point(float(x), heights[key] - top) for x, column in enumerate(columns) for key in column}
    return Layout(nodes, _paths(model, chains, places), len(model.tiers), bottom - top)


def _columns_with_lanes(model: GraphModel) -> tuple[list[list[str]], list[list[str]]]:
    """The columns' members in their first order, lanes included, and the members that each edge runs through."""
    tier_of = {node.id: node.tier for node in model.nodes}
    columns: list[list[str]] = [[] for _ in model.tiers]
    for node in sorted(model.nodes, key=lambda n: (n.group, n.label, n.id)):
        columns[node.tier].append(node.id)
    chains = []
    for number, edge in enumerate(model.edges):
        first, last = tier_of[edge.src], tier_of[edge.dst]
        step = 1 if last >= first else -1
        lanes = [f"\0{number}:{tier}" for tier in range(first + step, last, step)] if first != last else []
        for lane, tier in zip(lanes, range(first + step, last, step), strict=False):
            columns[tier].append(lane)
        chains.append([edge.src, *lanes, edge.dst])
    return columns, chains


def _neighbours(chains: Sequence[Sequence[str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            found[left].append(right)
            found[right].append(left)
    return found


def _sweep(columns: list[list[str]], neighbours: Mapping[str, list[str]]) -> None:
    """Order every column by the mean place of its neighbours in the column before, to and fro; keep the best order."""
    column_of = {key: i for i, column in enumerate(columns) for key in column}
    links = sorted(
        {(min(k, n), max(k, n)) for k in column_of for n in neighbours.get(k, ()) if _adjacent(column_of, k, n)}
    )
    best = [list(column) for column in columns]
    fewest = _crossings(best, column_of, links)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        for i in range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1):
            other = i - 1 if forward else i + 1
            place = {key: p for p, key in enumerate(columns[other])}
            own = {key: float(p) for p, key in enumerate(columns[i])}
            scale = len(columns[i]) / max(1, len(columns[other]))
            for key in columns[i]:
                seen = [place[n] for n in neighbours.get(key, ()) if n in place]
                if seen:
                    own[key] = sum(seen) / len(seen) * scale
            columns[i].sort(key=own.__getitem__)
        crossings = _crossings(columns, column_of, links)
        if crossings < fewest:
            fewest, best = crossings, [list(column) for column in columns]
    columns[:] = best


def _adjacent(column_of: Mapping[str, int], a: str, b: str) -> bool:
    return abs(column_of[a] - column_of[b]) == 1


def _crossings(columns: Sequence[Sequence[str]], column_of: Mapping[str, int], links: Sequence[tuple[str, str]]) -> int:
    """How many pairs of links between neighbouring columns cross: inversions, counted with a Fenwick tree."""
    place = {key: p for column in columns for p, key in enumerate(column)}
    by_gap: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b in links:
        left, right = (a, b) if column_of[a] < column_of[b] else (b, a)
        by_gap[column_of[left]].append((place[left], place[right]))
    return sum(_inversions(pairs) for pairs in by_gap.values())


def _inversions(pairs: list[tuple[int, int]]) -> int:
    size = max(right for _, right in pairs) + 1
    tree = [0] * (size + 1)
    total = 0
    for count, (_, right) in enumerate(sorted(pairs)):
        not_after, i = 0, right + 1
        while i:
            not_after += tree[i]
            i -= i & -i
        total += count - not_after
        i = right + 1
        while i <= size:
            tree[i] += 1
            i += i & -i
    return total


def _heights(
    columns: Sequence[Sequence[str]], neighbours: Mapping[str, list[str]], cards: set[str]
) -> dict[str, float]:
    """The height of every member: near its neighbours, in order, and never closer than a card and a gap."""
    offsets = [_offsets(column, cards) for column in columns]
    tallest = max((o[-1] for o in offsets if o), default=0.0)
    heights = {
        key: (tallest - offset[-1]) / 2 + o for column, offset in zip(columns, offsets, strict=True)
        for key, o in zip(column, offset, strict=True)
    }  # fmt: skip
    order = list(range(len(columns)))
    for pull in range(PULLS):
        for i in order if pull % 2 else reversed(order):
            column, offset = columns[i], offsets[i]
            wanted = []
            for key in column:
                seen = [heights[n] for n in neighbours.get(key, ())]
                wanted.append(sum(seen) / len(seen) if seen else heights[key])
            for key, value in zip(column, _spread(wanted, offset), strict=True):
                heights[key] = value
    return heights


def _offsets(column: Sequence[str], cards: set[str]) -> list[float]:
    """The least distance of every member from the column's first."""
    offsets: list[float] = []
    for i, key in enumerate(column):
        own = CARD_HEIGHT if key in cards else LANE_HEIGHT
        if not i:
            offsets.append(0.0)
            continue
        before = CARD_HEIGHT if column[i - 1] in cards else LANE_HEIGHT
        offsets.append(offsets[-1] + (own + before) / 2 + GAP)
    return offsets


def _spread(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The heights closest to ``wanted`` (least squares) that keep the order and the distances of ``offsets``.

    Isotonic regression of ``wanted - offsets`` by pooling adjacent violators.
    """
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    level = [total / count for total, count in blocks for _ in range(count)]
    return [value + offset for value, offset in zip(level, offsets, strict=True)]


def _paths(
    model: GraphModel, chains: Sequence[Sequence[str]], places: Mapping[str, Point]
) -> tuple[tuple[Point, ...], ...]:
    """Each edge's way from the side of one card to the side of the other; edges at one side are spread over it."""
    tier_of = {node.id: node.tier for node in model.nodes}
    out: dict[str, list[int]] = defaultdict(list)
    into: dict[str, list[int]] = defaultdict(list)
    for number, edge in enumerate(model.edges):
        out[edge.src].append(number)
        into[edge.dst].append(number)
    leave = _ports(out, lambda number: places[chains[number][1]].y)
    arrive = _ports(into, lambda number: places[chains[number][-2]].y)
    paths = []
    for number, (edge, chain) in enumerate(zip(model.edges, chains, strict=True)):
        forward = tier_of[edge.dst] >= tier_of[edge.src]
        start, end = places[edge.src], places[edge.dst]
        half = card_width(len(model.tiers)) / 2
        first = Point(start.x + (half if forward else -half), start.y + leave[number])
        if tier_of[edge.dst] == tier_of[edge.src]:
            last = Point(end.x + half, end.y + arrive[number])
            paths.append(_loop(first, last, start.x + 0.5))
            continue
        last = Point(end.x - (half if forward else -half), end.y + arrive[number])
        points = [first]
        for lane in chain[1:-1]:
            at = places[lane]
            side = half if forward else -half
            points += [Point(at.x - side, at.y), Point(at.x + side, at.y)]
        paths.append((*points, last))
    return tuple(paths)


def _loop(first: Point, last: Point, out: float) -> tuple[Point, ...]:
    """Out to the middle of the gap and back on the same side, for two cards of one column."""
    return (first, Point(out, first.y), Point(out, last.y), last)


def _ports(edges_of: Mapping[str, list[int]], height_of: Callable[[int], float]) -> dict[int, float]:
    offsets: dict[int, float] = {}
    for numbers in edges_of.values():
        ordered = sorted(numbers, key=lambda n: (height_of(n), n))
        room = CARD_HEIGHT * _PORT_SPREAD
        for i, number in enumerate(ordered):
            offsets[number] = (i - (len(ordered) - 1) / 2) * min(7.0, room / max(1, len(ordered) - 1))
    return offsets


def bend(path: Sequence[Point], steps: int = 8) -> tuple[Point, ...]:
    """The path as a smooth line that leaves and arrives level; ``steps`` points to every sloping part."""
    points: list[Point] = [path[0]]
    for a, b in pairwise(path):
        if a.y == b.y or a.x == b.x:
            points.append(b)
            continue
        for i in range(1, steps + 1):
            t = i / steps
            ease = t * t * (3 - 2 * t)
            points.append(Point(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * ease))
    return tuple(points)


def edges_touching(model: GraphModel, id_: str) -> tuple[GraphEdge, ...]:
    """The edges that begin or end at a node."""
    return tuple(e for e in model.edges if id_ in (e.src, e.dst))
