"""Who may talk to whom: sources on the left, destinations on the right; and one node with all its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.flows import FlowRow, MatrixState, NamespaceMatrix, RowVerdict
from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.engine import Engine

OUTSIDE = "addresses outside"
_VERDICTS = {
    RowVerdict.ALLOWED: Mark.ALLOWED,
    RowVerdict.PARTIAL: Mark.PARTIAL,
    RowVerdict.UNKNOWN: Mark.UNKNOWN,
}
_STATES = {
    MatrixState.OPEN: Mark.OPEN,
    MatrixState.ALLOWED: Mark.ALLOWED,
    MatrixState.ALLOWED_PORTS: Mark.ALLOWED,
    MatrixState.PARTLY: Mark.PARTIAL,
    MatrixState.UNKNOWN: Mark.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class OpenEnds:
    """The workloads of which no pod is isolated for a direction, by their names."""

    egress: frozenset[str]
    ingress: frozenset[str]

    def is_open(self, row: FlowRow) -> bool:
        """Whether no policy stands at either end; the outside has none."""
        leaves = row.src_ref is None or row.src in self.egress
        return leaves and (row.dst_ref is None or row.dst in self.ingress)


def open_ends(engine: Engine) -> OpenEnds:
    """The open ends under the policies in the input; host-network workloads, which none can isolate, are among them."""
    isolated = engine.reachability().isolated
    members = [(str(w.ref), m) for w, m in zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True)]
    found = {
        direction: frozenset(
            name for name, classes in members if not any(isolated[direction] >> c & 1 for c in classes)
        )
        for direction in Direction
    }
    return OpenEnds(found[Direction.EGRESS], found[Direction.INGRESS])


def namespaces_graph(matrix: NamespaceMatrix) -> GraphModel:
    """The permitted flows of a namespace matrix; a namespace stands on both sides."""
    left = [GraphNode(f"from:{n}", n, 0, "Namespace", group=n) for n in matrix.names]
    right = [GraphNode(f"to:{n}", n, 1, "Namespace", group=n) for n in matrix.names]
    edges = [
        GraphEdge(f"from:{c.src}", f"to:{c.dst}", _STATES[c.state], str(c.ports))
        for _, c in sorted(matrix.found.items(), key=lambda item: item[0])
        if c.state in _STATES and c.src != c.dst
    ]
    used = {e.src for e in edges} | {e.dst for e in edges}
    return GraphModel(("From", "To"), tuple(n for n in (*left, *right) if n.id in used), tuple(edges))


def workloads_graph(rows: Iterable[FlowRow], ends: OpenEnds | None = None) -> GraphModel:
    """Flows as rows give them; flows between ends that no policy isolates are open by default."""
    nodes: dict[str, GraphNode] = {}
    edges = []
    for row in rows:
        for side, name, ref in ((0, row.src, row.src_ref), (1, row.dst, row.dst_ref)):
            node = _end(("from:", "to:")[side] + name, name, ref, side)
            nodes.setdefault(node.id, node)
        edges.append(_edge(f"from:{row.src}", f"to:{row.dst}", row, ends))
    return GraphModel(("From", "To"), tuple(nodes.values()), tuple(edges))


def ego_graph(name: str, rows: Sequence[FlowRow], ends: OpenEnds | None = None) -> GraphModel:
    """One end in the middle: on the left who may reach it, on the right whom it may reach."""
    centre: GraphNode | None = None
    nodes: dict[str, GraphNode] = {}
    edges = []
    for row in rows:
        if row.dst == name:
            centre = centre or _end(name, name, row.dst_ref, 1)
            left = _end(f"from:{row.src}", row.src, row.src_ref, 0)
            nodes.setdefault(left.id, left)
            edges.append(_edge(left.id, name, row, ends))
        elif row.src == name:
            centre = centre or _end(name, name, row.src_ref, 1)
            right = _end(f"to:{row.dst}", row.dst, row.dst_ref, 2)
            nodes.setdefault(right.id, right)
            edges.append(_edge(name, right.id, row, ends))
    tiers = ("May reach it", "The chosen one", "It may reach")
    return GraphModel(tiers, (*((centre,) if centre else ()), *nodes.values()), tuple(edges))


def _edge(src: str, dst: str, row: FlowRow, ends: OpenEnds | None) -> GraphEdge:
    mark = Mark.OPEN if ends is not None and ends.is_open(row) else _VERDICTS[row.verdict]
    label = f"{row.ports} ({row.pods} pods)" if row.pods else str(row.ports)
    return GraphEdge(src, dst, mark, label)


def _end(id_: str, name: str, ref: ObjectRef | None, tier: int) -> GraphNode:
    if ref is not None:
        return GraphNode(
            id_, ref.name, tier, ref.kind, detail=f"{ref.namespace} · {ref.kind}", group=ref.namespace, ref=ref
        )
    label, _, rest = name.partition("[")
    group = "" if label in _EVERYTHING else OUTSIDE
    return GraphNode(
        id_, outside_label(label), tier, "outside", detail=rest.rstrip("]") or "the controller", group=group
    )


_EVERYTHING = {
    "0.0.0.0-255.255.255.255": "Any IPv4 address",
    "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "Any IPv6 address",
    "{ingress-controller}": "Ingress controller",
}


def outside_label(name: str) -> str:
    """An end outside in words: ranges of everything by name, others as they are."""
    return _EVERYTHING.get(name, name)
