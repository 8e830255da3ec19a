"""The matrices agree with the rows, and their states mean what they say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from lib.flows import MatrixState, RowVerdict, flow_rows, namespace_matrix, workload_matrix
from lib.model.sets import ConnectionSet
from lib.policy.engine import compile_engine
from tests.naive.clusters import clusters
from tests.policy.build import engine_of, pod, policy, snapshot_of

A, B, C = pod("a", namespace="one", app="a"), pod("b", namespace="two", app="b"), pod("c", namespace="two", app="c")


def into_two(*specs: str) -> tuple[MatrixState, object]:
    engine = engine_of(A, B, C, *(policy(s, name=f"p{i}", namespace="two") for i, s in enumerate(specs)))
    (cell,) = (c for c in namespace_matrix(engine) if (c.src, c.dst) == ("one", "two"))
    return cell.state, cell.ports.to_json()


ALL = {"TCP": [[1, 65535]], "UDP": [[1, 65535]], "SCTP": [[1, 65535]]}


@pytest.mark.parametrize(
    ("spec", "state", "ports"),
    [
        ("podSelector: {}\npolicyTypes: [Egress]", MatrixState.OPEN, ALL),
        ("podSelector: {}\ningress: [{}]", MatrixState.ALLOWED, ALL),
        ("podSelector: {}\ningress: [{ports: [{port: 80}]}]", MatrixState.ALLOWED_PORTS, {"TCP": [[80, 80]]}),
        ("podSelector: {matchLabels: {app: b}}", MatrixState.PARTLY, ALL),
        ("podSelector: {}", MatrixState.DENIED, {}),
    ],
)
def test_the_state_of_a_cell(spec: str, state: MatrixState, ports: object) -> None:
    assert into_two(spec) == (state, ports)


def test_a_namespace_with_one_workload_has_nothing_to_say_about_itself() -> None:
    (cell,) = namespace_matrix(engine_of(A))
    assert cell.state is MatrixState.NOTHING


def test_host_network_pods_are_not_counted() -> None:
    assert namespace_matrix(engine_of(pod("agent", host=True))).names == ()


def test_a_filter_limits_rows_and_columns() -> None:
    assert namespace_matrix(engine_of(A, B, C), {"two"}).names == ("two",)


def test_only_the_chosen_workloads_count() -> None:
    engine = engine_of(A, B, C, policy("podSelector: {matchLabels: {app: b}}", name="p", namespace="two"))
    refs = {w.ref.name: w.ref for w in engine.snapshot.workloads}
    for name, state in (("b", MatrixState.DENIED), ("c", MatrixState.OPEN)):
        cells = {(c.src, c.dst): c.state for c in namespace_matrix(engine, None, {refs["a"], refs[name]})}
        assert cells["one", "two"] is state
        assert cells["two", "two"] is MatrixState.NOTHING


def test_every_state_has_a_meaning() -> None:
    for state in MatrixState:
        assert state.meaning.endswith(".")


@given(clusters())
def test_both_matrices_say_what_the_rows_say(objects: list[dict[str, Any]]) -> None:
    engine = compile_engine(snapshot_of(objects))
    on_host = {str(w.ref) for w in engine.snapshot.workloads if w.host_network}
    # Of one pair several rows tell: what it surely has, and what it has over one IP family alone.
    rows: dict[tuple[str, str], ConnectionSet] = {}
    for row in flow_rows(engine):
        if row.src_ref and row.dst_ref:
            rows[row.src, row.dst] = rows.get((row.src, row.dst), ConnectionSet()) | row.ports
    partial = {(r.src, r.dst) for r in flow_rows(engine) if r.verdict is not RowVerdict.ALLOWED}
    pods = [str(w.ref) for w in engine.snapshot.workloads if w.endpoints]
    denied, nothing = MatrixState.DENIED, MatrixState.NOTHING
    for cell in namespace_matrix(engine):
        pairs = [
            (a, b)
            for a in pods
            for b in pods
            if a != b and not {a, b} & on_host and (a.split("/")[0], b.split("/")[0]) == (cell.src, cell.dst)
        ]
        reached = [pair for pair in pairs if pair in rows]
        if not pairs:
            assert cell.state is nothing
        elif not reached:
            assert cell.state is denied
        elif len(reached) < len(pairs) or partial & set(reached):
            assert cell.state is MatrixState.PARTLY
        else:
            full = all(rows[pair].is_all for pair in reached)
            wide = (MatrixState.OPEN, MatrixState.ALLOWED)
            assert cell.state in wide if full else cell.state is MatrixState.ALLOWED_PORTS
        for each in reached:
            assert rows[each] <= cell.ports
    namespaces = sorted({name.split("/")[0] for name in pods})
    for src in namespaces:
        for dst in namespaces:
            for line in workload_matrix(engine, src, dst):
                for pair in line:
                    ports = rows.get((pair.src, pair.dst))
                    assert (pair.state in (denied, nothing)) == (ports is None)
                    if ports is not None:
                        assert pair.ports == ports
