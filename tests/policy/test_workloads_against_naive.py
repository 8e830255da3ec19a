"""Rows and explanations of workloads with several pods, against the naive evaluator's count of pairs of pods."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.flows import flow_rows
from lib.model.sets import Protocol
from lib.policy.engine import compile_engine
from tests.naive.clusters import PROTOCOLS, owned_clusters
from tests.naive.evaluator import NaiveCluster, PodEnd
from tests.policy.build import snapshot_of
from tests.policy.test_against_naive import PROBED_PORTS


def expected(naive: NaiveCluster, sources: list[PodEnd], destinations: list[PodEnd], protocol: str, port: int) -> str:
    """``allowed`` when every pair of pods has the flow over all families, ``partial`` when some do, else ``denied``."""
    answers = {naive.verdict(a, b, protocol, port) for a in sources for b in destinations}
    return answers.pop() if len(answers) == 1 else "partial" if answers & {"allowed", "partial"} else "unknown"


@given(owned_clusters(), st.data())
def test_workloads_are_judged_as_their_pairs_of_pods_are(objects: list[dict[str, Any]], data: st.DataObject) -> None:
    naive = NaiveCluster(objects)
    engine = compile_engine(snapshot_of(objects))
    pods: dict[str, list[PodEnd]] = defaultdict(list)
    for end, raw in naive.pods.items():
        owner = raw["metadata"]["ownerReferences"][0]
        pods[f"{end.namespace}/{owner['name']}[{owner['kind']}]"].append(end)
    rows: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in flow_rows(engine):
        rows[row.src, row.dst].append(row)
    pairs = [(a, b) for a in pods for b in pods if a != b]
    for src, dst in pairs:
        for protocol in PROTOCOLS:
            for port in PROBED_PORTS:
                found = [r.verdict.value for r in rows[src, dst] if port in r.ports[Protocol(protocol)]]
                want = expected(naive, pods[src], pods[dst], protocol, port)
                assert found == ([] if want == "denied" else [want]), (src, dst, protocol, port)
    workloads = {str(w.ref): w for w in engine.snapshot.workloads}
    for src, dst in data.draw(st.lists(st.sampled_from(pairs), max_size=6)) if pairs else ():
        protocol, port = data.draw(st.sampled_from(PROTOCOLS)), data.draw(st.sampled_from(PROBED_PORTS))
        answer = engine.explain(workloads[src], workloads[dst], Protocol(protocol), port)
        assert answer.verdict == expected(naive, pods[src], pods[dst], protocol, port), (src, dst, protocol, port)


@given(owned_clusters())
def test_the_count_of_a_partial_row_is_of_pairs_of_pods(objects: list[dict[str, Any]]) -> None:
    engine = compile_engine(snapshot_of(objects))
    sizes = {str(w.ref): len(w.endpoints) for w in engine.snapshot.workloads}
    for row in flow_rows(engine):
        if row.pods:
            have, total = map(int, row.pods.split("/"))
            assert 0 < have < total or (have == total and row.verdict.value == "partial")
            assert total == sizes.get(row.src, 1) * sizes.get(row.dst, 1)
