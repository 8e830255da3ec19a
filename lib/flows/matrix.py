"""Who may talk to whom, as matrices: namespace by namespace, and workload by workload."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from lib.model.cluster import Workload
from lib.model.policies import Direction
from lib.model.sets import ConnectionSet
from lib.policy.bits import Bits, from_positions
from lib.policy.engine import Engine
from lib.policy.pairs import Sum, WorkloadPairs


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
    MatrixState.PARTLY: "Only some of the pods have a permitted flow.",
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
    """Rows are sources, columns destinations; ``cells[i][j]`` is from ``names[i]`` to ``names[j]``."""

    names: tuple[str, ...]
    cells: tuple[tuple[MatrixCell, ...], ...]

    def __iter__(self) -> Iterator[MatrixCell]:
        return (cell for row in self.cells for cell in row)


def namespace_matrix(engine: Engine, namespaces: Collection[str] | None = None) -> NamespaceMatrix:
    """Flows between namespaces that have pods, host-network pods apart: their traffic is their node's.

    ``namespaces`` limits rows and columns (None: all). Inside a namespace a workload and itself do not count.
    """
    spaces = engine.spaces.endpoints
    members: dict[str, set[int]] = {}
    workloads: dict[int, set[int]] = {}
    for number, (workload, classes) in enumerate(zip(engine.snapshot.workloads, spaces.members, strict=True)):
        for each in classes:
            if not spaces.host_network >> each & 1:
                members.setdefault(workload.namespace, set()).add(each)
                workloads.setdefault(each, set()).add(number)
    names = tuple(sorted(n for n in members if namespaces is None or n in namespaces))
    bits = {name: from_positions(members[name]) for name in names}
    alone = from_positions(each for each, holders in workloads.items() if len(holders) == 1)
    return NamespaceMatrix(
        names,
        tuple(tuple(_cell(engine, a, b, sorted(members[a]), bits[b], alone) for b in names) for a in names),
    )


def _cell(engine: Engine, src: str, dst: str, sources: Sequence[int], destinations: Bits, alone: Bits) -> MatrixCell:
    reachability, every_port = engine.reachability(), engine.spaces.ports.all
    isolated = reachability.isolated
    ports = 0
    judged = unknown = False
    whole = full = is_open = True
    for source in sources:
        targets = destinations & ~((1 << source) & alone)
        if not targets:
            continue
        judged = True
        is_open &= not (isolated[Direction.EGRESS] >> source & 1 or isolated[Direction.INGRESS] & targets)
        reached = 0
        for ends, allowed, possible in reachability.row(source):
            if not (hit := ends & targets):
                continue
            unknown |= possible != allowed
            if allowed:
                reached |= hit
                ports |= allowed
                full &= allowed == every_port
        whole &= reached == targets
    if not judged:
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
    elif total.every:
        state = MatrixState.ALLOWED_PORTS
    elif total.some:
        state = MatrixState.PARTLY
    else:
        state = MatrixState.UNKNOWN
    return MatrixCell(*names, state, engine.connections(total.every | total.some))
