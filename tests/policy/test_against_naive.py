"""The engine and the naive evaluator agree on every pair and every probed port of random clusters."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.flows import flow_rows
from lib.model.sets import Protocol
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES
from tests.naive.clusters import PROBED_ADDRESSES, PROTOCOLS, clusters
from tests.naive.evaluator import AddressEnd, End, NaiveCluster, PodEnd
from tests.policy.build import snapshot_of

Raw = dict[str, Any]
PROBED_PORTS = sorted({n + d for n in (2, 53, 80, 81, 443, 8080, 65534) for d in (-1, 0, 1)})


def name_of(end: PodEnd) -> str:
    return f"{end.namespace}/{end.name}[Pod]"


class Answers:
    """Flow rows as a lookup: from end to end on protocol and port."""

    def __init__(self, engine: Engine) -> None:
        self.inside: dict[tuple[str, str], dict[str, list[list[int]]]] = defaultdict(lambda: defaultdict(list))
        self.outside: list[tuple[str, int, int, int, bool, dict[str, list[list[int]]]]] = []
        for row in flow_rows(engine):
            assert row.verdict.value == "allowed", row
            ports = row.ports.to_json()
            for name, other, inbound in ((row.src, row.dst, True), (row.dst, row.src, False)):
                if name.endswith("[External]"):
                    first, last = map(ip_address, name.removesuffix("[External]").split("-"))
                    self.outside.append((other, first.version, int(first), int(last), inbound, ports))
                    break
            else:
                for protocol, spans in ports.items():
                    self.inside[row.src, row.dst][protocol] += spans

    def allows(self, src: End, dst: End, protocol: str, port: int) -> bool:
        spans: list[list[int]] = []
        if isinstance(src, PodEnd) and isinstance(dst, PodEnd):
            spans = self.inside[name_of(src), name_of(dst)][protocol]
        else:
            pod, outside = (src, dst) if isinstance(src, PodEnd) else (dst, src)
            assert isinstance(pod, PodEnd)
            assert isinstance(outside, AddressEnd)
            address = ip_address(outside.address)
            for name, version, first, last, inbound, ports in self.outside:
                if (
                    name == name_of(pod)
                    and version == address.version
                    and first <= int(address) <= last
                    and inbound == (outside is src)
                ):
                    spans += ports.get(protocol, [])
        return any(first <= port <= last for first, last in spans)


def flows(cluster: NaiveCluster) -> list[tuple[End, End]]:
    pods = list(cluster.pods)
    pairs: list[tuple[End, End]] = [(a, b) for a in pods for b in pods if a != b]
    for address in map(AddressEnd, PROBED_ADDRESSES):
        pairs += [(address, p) for p in pods] + [(p, address) for p in pods]
    return pairs


@given(clusters(), st.booleans())
def test_every_flow_of_a_random_cluster_is_judged_as_the_naive_evaluator_judges_it(
    objects: list[Raw], by_address: bool
) -> None:
    naive = NaiveCluster(objects, ip_block_matches_pods=by_address)
    engine = compile_engine(snapshot_of(objects), KUBERNETES.with_ip_blocks_matching_pods(by_address))
    answers = Answers(engine)
    for src, dst in flows(naive):
        for protocol in PROTOCOLS:
            for port in PROBED_PORTS:
                expected = naive.allows(src, dst, protocol, port)
                assert answers.allows(src, dst, protocol, port) == expected, (src, dst, protocol, port)


@given(clusters(), st.data())
def test_the_explanation_of_a_flow_gives_the_verdict_of_the_naive_evaluator(
    objects: list[Raw], data: st.DataObject
) -> None:
    naive = NaiveCluster(objects)
    engine = compile_engine(snapshot_of(objects))
    pairs = flows(naive)
    if not pairs:
        return
    ends: dict[End, Any] = {PodEnd(p.namespace, p.ref.name): p for p in engine.snapshot.pods}
    ends |= {AddressEnd(a): ip_address(a) for a in PROBED_ADDRESSES}
    for src, dst in data.draw(st.lists(st.sampled_from(pairs), max_size=8)):
        protocol, port = data.draw(st.sampled_from(PROTOCOLS)), data.draw(st.sampled_from(PROBED_PORTS))
        answer = engine.explain(ends[src], ends[dst], Protocol(protocol), port)
        assert (answer.verdict == "allowed") == naive.allows(src, dst, protocol, port), (src, dst, protocol, port)
        assert answer.verdict in ("allowed", "denied")
        directions = [d.verdict for d in answer.directions]
        assert (answer.verdict == "allowed") == (directions == ["allowed", "allowed"])
