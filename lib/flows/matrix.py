"""Who may talk to whom, as matrices: namespace by namespace, and workload by workload."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain

from lib.model.cluster import Workload
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.sets import ConnectionSet
from lib.policy.bits import Bits, from_positions, positions, union
from lib.policy.engine import Engine
from lib.policy.pairs import Sum, WorkloadPairs
from lib.policy.reachability import Cell


class MatrixState(Enum):
    """What a cell of a matrix says; the value is the word that people read."""

    OPEN = "open by default"
    ALLOWED = "allowed"
    ALLOWED_PORTS = "allowed on some ports"
    PARTLY = "partly allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    NOTHING = "no pods"

    @property
    def meaning(self) -> str:
        """What the state means, in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    MatrixState.OPEN: "No policy isolates either end, so every port is open.",
    MatrixState.ALLOWED: "Every pod reaches every other on all ports, and a policy says so.",
    MatrixState.ALLOWED_PORTS: "Every pod reaches every other, but only on some ports.",
    MatrixState.PARTLY: "Only some of the pods have a permitted flow, or only one IP family has it.",
    MatrixState.DENIED: "No flow is permitted.",
    MatrixState.UNKNOWN: "The input does not settle whether a flow is permitted.",
    MatrixState.NOTHING: "There is no pair of pods to judge.",
}


NO_PORTS = ConnectionSet()


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One cell: its state, and the ports that at least some pair of pods has."""

    src: str
    dst: str
    state: MatrixState
    ports: ConnectionSet = NO_PORTS


@dataclass(frozen=True, slots=True)
class NamespaceMatrix:
    """Rows are sources, columns destinations; ``found`` holds the cells where something may flow, or nothing can be.

    The others say that every flow is denied. They are made when asked for: of many namespaces most cells are such.
    """

    names: tuple[str, ...]
    found: Mapping[tuple[int, int], MatrixCell]

    @property
    def cells(self) -> tuple[tuple[MatrixCell, ...], ...]:
        """Every cell; ``cells[i][j]`` is from ``names[i]`` to ``names[j]``."""
        return tuple(tuple(self.at(i, j) for j in range(len(self.names))) for i in range(len(self.names)))

    def at(self, row: int, column: int) -> MatrixCell:
        """The cell from ``names[row]`` to ``names[column]``."""
        cell = self.found.get((row, column))
        return cell or MatrixCell(self.names[row], self.names[column], MatrixState.DENIED)

    def __iter__(self) -> Iterator[MatrixCell]:
        return (self.at(i, j) for i in range(len(self.names)) for j in range(len(self.names)))


def namespace_matrix(
    engine: Engine, namespaces: Collection[str] | None = None, workloads: Collection[ObjectRef] | None = None
) -> NamespaceMatrix:
    """Flows between namespaces that have pods, host-network pods apart: their traffic is their node's.

    ``namespaces`` limits rows and columns, ``workloads`` whose pods count (None: all). Inside a namespace a workload
    and itself do not count.
    """
    spaces = engine.spaces.endpoints
    counted = spaces.members
    if workloads is not None:
        counted = tuple(m for w, m in zip(engine.snapshot.workloads, counted, strict=True) if w.ref in workloads)
    # How many workloads have pods of a class.
    holders = Counter(chain.from_iterable(map(set, counted)))
    held, alone = from_positions(holders), from_positions(n for n, times in holders.items() if times == 1)
    chosen = spaces.namespaces.items()
    bits = {n: mine for n, own in sorted(chosen) if (namespaces is None or n in namespaces) and (mine := own & held)}
    names = tuple(bits)
    columns = _Columns(names, bits)
    found = {(i, j): cell for i, name in enumerate(names) for j, cell in _row(engine, name, columns, alone)}
    return NamespaceMatrix(names, found)


class _Columns:
    """The namespaces by the first of their classes: those of a namespace have neighbouring numbers."""

    def __init__(self, names: tuple[str, ...], bits: Mapping[str, Bits]) -> None:
        self.names, self.bits = names, bits
        self.first = {name: (found & -found).bit_length() - 1 for name, found in bits.items()}
        self.everything = union(bits.values())
        ordered = sorted((self.first[name], number) for number, name in enumerate(names))
        self._starts = [start for start, _ in ordered]
        self._numbers = [number for _, number in ordered]

    def touched(self, ends: Bits) -> Iterator[int]:
        """The numbers of the namespaces that have some of ``ends``; time grows with them, not with all there are."""
        rest, shifted = ends & self.everything, 0
        while rest:
            low = (rest & -rest).bit_length() - 1
            place = bisect_right(self._starts, shifted + low) - 1
            yield self._numbers[place]
            after = self._starts[place + 1] if place + 1 < len(self._starts) else shifted + rest.bit_length()
            rest >>= after - shifted
            shifted = after


def _row(engine: Engine, src: str, columns: _Columns, alone: Bits) -> Iterator[tuple[int, MatrixCell]]:
    """The cells from one namespace in which something may flow, and its own; equal rows are judged together."""
    bits = columns.bits
    reachability = engine.reachability()
    rows: dict[int, tuple[Cell, ...]] = {}
    sources_of: dict[int, Bits] = defaultdict(int)
    first = columns.first[src]
    for place in positions(bits[src] >> first):
        row = reachability.row(first + place)
        rows[id(row)] = row
        sources_of[id(row)] |= 1 << place
    grouped = {number: (row, sources_of[number]) for number, row in rows.items()}
    free = not bits[src] & reachability.isolated[Direction.EGRESS]
    reached = bits[src] | union(cell.destinations for row, _ in grouped.values() for cell in row)
    for number in columns.touched(reached):
        dst = columns.names[number]
        targets, start = bits[dst], columns.first[dst]
        # Counted from the namespace's first class on, sets are as small as the namespace.
        near = [(_cut(row, targets, start), sources) for row, sources in grouped.values()]
        if src != dst:
            cases = [(row, targets >> start) for row, _ in near]
        else:
            cases = list(_without_itself(near, targets >> start, (alone & targets) >> start))
        yield number, _cell(engine, src, dst, cases, free and not targets & reachability.isolated[Direction.INGRESS])


def _cut(row: tuple[Cell, ...], targets: Bits, start: int) -> tuple[Cell, ...]:
    """The cells of a row as far as they are about ``targets``, numbered from ``start`` on."""
    return tuple(cell._replace(destinations=ends >> start) for cell in row if (ends := cell.destinations & targets))


def _without_itself(
    grouped: Iterable[tuple[tuple[Cell, ...], Bits]], targets: Bits, alone: Bits
) -> Iterator[tuple[tuple[Cell, ...], Bits]]:
    """Inside a namespace: a class of a single workload does not count as its own destination.

    Of several such classes with equal rows each is a destination of the others.
    """
    for row, sources in grouped:
        single = sources & alone
        is_one = single and not single & (single - 1)
        if sources & ~alone or (single and not is_one):
            yield row, targets
        if is_one and (others := targets & ~single):
            yield row, others


def _cell(
    engine: Engine, src: str, dst: str, cases: Sequence[tuple[tuple[Cell, ...], Bits]], is_open: bool
) -> MatrixCell:
    every_port = engine.spaces.ports.all
    ports = 0
    unknown = False
    whole = full = True
    for row, targets in cases:
        rest = targets
        for ends, allowed, possible, parted in row:
            if not ends & targets:
                continue  # itself
            some = allowed if parted is None else parted.some
            unknown |= possible != some
            ports |= some
            # What only one IP family has is less than allowed.
            if allowed and allowed == some:
                rest &= ~ends
                full &= allowed == every_port
        whole &= not rest
    if not cases:
        return MatrixCell(src, dst, MatrixState.NOTHING)
    if is_open:
        state = MatrixState.OPEN
    elif not ports:
        state = MatrixState.UNKNOWN if unknown else MatrixState.DENIED
    elif not whole:
        state = MatrixState.PARTLY
    else:
        state = MatrixState.ALLOWED if full else MatrixState.ALLOWED_PORTS
    return MatrixCell(src, dst, state, engine.connections(ports))


def workload_matrix(engine: Engine, src_namespace: str, dst_namespace: str) -> tuple[tuple[MatrixCell, ...], ...]:
    """Flows from every workload of one namespace to every workload of another; rows are sources."""
    pairs = WorkloadPairs(engine)
    columns = [i for i, w in enumerate(engine.snapshot.workloads) if w.namespace == dst_namespace and pairs.sizes[i]]
    rows = []
    for i, workload in enumerate(engine.snapshot.workloads):
        if workload.namespace != src_namespace or not pairs.sizes[i]:
            continue
        reached = dict(pairs.from_workload(i))
        rows.append(tuple(_pair_cell(pairs, i, workload, j, reached.get(j)) for j in columns))
    return tuple(rows)


def _pair_cell(pairs: WorkloadPairs, i: int, src: Workload, j: int, total: Sum | None) -> MatrixCell:
    engine = pairs.engine
    names = (str(src.ref), str(pairs.workload(j).ref))
    if i == j:
        return MatrixCell(*names, MatrixState.NOTHING)
    if total is None:
        return MatrixCell(*names, MatrixState.DENIED)
    isolated = engine.reachability().isolated
    governed = any(isolated[Direction.EGRESS] >> n & 1 for n, _ in pairs.mixtures[i]) or any(
        isolated[Direction.INGRESS] >> n & 1 for n, _ in pairs.mixtures[j]
    )
    if not governed:
        state = MatrixState.OPEN
    elif total.every == engine.spaces.ports.all:
        state = MatrixState.ALLOWED
    elif total.every and not (total.parted is not None and total.some):
        state = MatrixState.ALLOWED_PORTS
    elif total.every | total.some:
        state = MatrixState.PARTLY
    else:
        state = MatrixState.UNKNOWN
    return MatrixCell(*names, state, engine.connections(total.every | total.some))
