"""Flows by class say the same as flows by workload, with fewer rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.flows import FlowRow, class_flows, flow_rows
from lib.policy.engine import compile_engine
from tests.naive.clusters import clusters, owned_clusters
from tests.policy.build import engine_of, pod, policy, snapshot_of

Facts = set[tuple[str, str, str, str, str, bool]]


def facts(rows: Iterable[FlowRow], members: dict[str, tuple[str, ...]]) -> Facts:
    """Every row for every pair of members, the counts of pods left out."""
    return {
        (src, dst, str(row.ports), row.verdict.value, row.reason, row.host)
        for row in rows
        for src in members.get(row.src, (row.src,))
        for dst in members.get(row.dst, (row.dst,))
        if src != dst
    }


@given(st.one_of(clusters(), owned_clusters()), st.sampled_from([None, frozenset({"alpha"})]))
def test_every_member_of_a_class_has_the_flows_of_the_class(
    objects: list[dict[str, Any]], namespaces: frozenset[str] | None
) -> None:
    engine = compile_engine(snapshot_of(objects))
    found = class_flows(engine, (), namespaces)
    members = {c.name: tuple(map(str, c.members)) for c in found.classes}
    assert len(members) == len(found.classes)
    named = [name for group in members.values() for name in group]
    assert sorted(named) == sorted(str(w.ref) for w in engine.snapshot.workloads if w.endpoints)
    assert facts(found.rows, members) == facts(flow_rows(engine, (), namespaces), {})


def test_workloads_that_no_policy_tells_apart_are_one_class() -> None:
    webs = [pod(f"web-{i}", app="web", version=str(i)) for i in range(5)]
    allow = policy(
        "podSelector: {matchLabels: {app: db}}\n"
        "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]"
    )
    found = class_flows(engine_of(*webs, pod("db", app="db"), allow))
    names = [c.name for c in found.classes]
    assert names == ["shop/db[Pod]", "shop/web-0[Pod], shop/web-1[Pod], shop/web-2[Pod] and 2 more"]
    db, web = names
    inside = [(r.src, r.dst, str(r.ports)) for r in found.rows if "External" not in r.src + r.dst]
    assert (web, db, "TCP 5432") in inside
    assert {(src, dst) for src, dst, _ in inside} == {(web, db), (web, web), (db, web)}
