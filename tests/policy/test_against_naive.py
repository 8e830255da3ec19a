"""The engine and the naive evaluator agree on every pair and every probed port of random clusters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.facts.engines import Known
from lib.flows import flow_rows
from lib.model.sets import Address, Family, Protocol
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES, EngineProfile, profile
from tests.naive.clusters import (
    PROBED_ADDRESSES,
    PROTOCOLS,
    calico_clusters,
    clusters,
    hosted_clusters,
    mixed_clusters,
)
from tests.naive.evaluator import AddressEnd, End, NaiveCluster, PodEnd
from tests.policy.build import snapshot_of

Raw = dict[str, Any]
Ports = Mapping[str, list[list[int]]]
VERDICTS = ("allowed", "partial", "unknown")
EXPECTED = {"allowed": {True}, "unknown": {True, False}}
FAMILIES = {4: "IPv4", 6: "IPv6"}
PROBED_PORTS = (1, 2, 52, 53, 54, 80, 81, 442, 443, 444, 8079, 8080, 8081, 65534, 65535)


def name_of(end: PodEnd) -> str:
    return f"{end.namespace}/{end.name}[Pod]"


class Answers:
    """Flow rows of one verdict as a lookup: from end to end on protocol and port."""

    def __init__(self, engine: Engine, verdict: str = "allowed") -> None:
        self.inside: dict[tuple[str, str], dict[str, list[list[int]]]] = defaultdict(lambda: defaultdict(list))
        self.outside: dict[tuple[str, bool], list[tuple[Address, Address, Ports]]] = defaultdict(list)
        self.reasons: dict[tuple[str, str], str] = {}
        for row in flow_rows(engine):
            # Each workload is one pod: what is partial here is so by its IP families.
            assert row.verdict.value != "partial" or not row.pods, row
            if row.verdict.value == verdict:
                self.reasons[row.src, row.dst] = row.reason
                self.add(row.src, row.dst, row.ports.to_json())

    def add(self, src: str, dst: str, ports: Ports) -> None:
        for outside, inside, inbound in ((src, dst, True), (dst, src, False)):
            if outside.endswith("[External]"):
                first, last = map(ip_address, outside.removesuffix("[External]").split("-"))
                self.outside[inside, inbound].append((first, last, ports))
                break
        else:
            for protocol, spans in ports.items():
                self.inside[src, dst][protocol] += spans

    def ports(self, src: End, dst: End) -> Ports:
        if isinstance(src, PodEnd) and isinstance(dst, PodEnd):
            return self.inside[name_of(src), name_of(dst)]
        pod, outside = (src, dst) if isinstance(src, PodEnd) else (dst, src)
        assert isinstance(pod, PodEnd)
        assert isinstance(outside, AddressEnd)
        address = ip_address(outside.address)
        for first, last, ports in self.outside[name_of(pod), outside is src]:
            if first.version == address.version and int(first) <= int(address) <= int(last):
                return ports
        return {}


def flows(cluster: NaiveCluster) -> list[tuple[End, End]]:
    pods = list(cluster.pods)
    pairs: list[tuple[End, End]] = [(a, b) for a in pods for b in pods if a != b]
    for address in map(AddressEnd, PROBED_ADDRESSES):
        pairs += [(address, p) for p in pods] + [(p, address) for p in pods]
    return pairs


def engine_and_naive(
    objects: list[Raw], pods: bool, nodes: bool, profile: EngineProfile = KUBERNETES
) -> tuple[Engine, NaiveCluster]:
    """Both evaluators, with the same answers to what an ipBlock matches, for a version that enforces every kind."""
    settled = replace(
        profile.with_ip_blocks_matching_pods(pods),
        ip_block_matches_nodes=Known.YES if nodes else Known.NO,
        kinds_by_version=(),
    )
    known = profile.policy_kinds
    enforced = [o for o in objects if known is None or not is_policy(o) or kind_of(o) in known]
    naive = NaiveCluster(
        enforced,
        ip_block_matches_pods=pods,
        ip_block_matches_nodes=nodes,
        own_node_egress_allowed=profile.own_node_egress_allowed is Known.YES,
        enforced_by_calico=("projectcalico.org", "NetworkPolicy") in (known or ()),
    )
    return compile_engine(snapshot_of(objects), settled), naive


def kind_of(obj: Raw) -> tuple[str, str]:
    """The API group and the kind of an object."""
    return obj["apiVersion"].rpartition("/")[0], obj["kind"]


def is_policy(obj: Raw) -> bool:
    """Whether an object is of a kind of policy that some engine enforces."""
    return obj["kind"].endswith("NetworkPolicy") and not obj["kind"].startswith("Staged")


@given(clusters(), st.booleans(), st.booleans())
def test_every_flow_of_a_random_cluster_is_judged_as_the_naive_evaluator_judges_it(
    objects: list[Raw], matches_pods: bool, matches_nodes: bool
) -> None:
    agree(*engine_and_naive(objects, matches_pods, matches_nodes))


def agree(engine: Engine, naive: NaiveCluster) -> None:
    """Both judge every probed port of every pair alike, for each IP family that both ends speak.

    An answer is unknown where the documentation can be read in two ways that differ here, and only there.
    """
    answers = {verdict: Answers(engine, verdict) for verdict in VERDICTS}
    for number, (src, dst) in enumerate(flows(naive)):
        found = {verdict: answers[verdict].ports(src, dst) for verdict in VERDICTS}
        # Addresses outside are many, so that each is asked about a third of the ports, in turn.
        probed = PROBED_PORTS if isinstance(src, PodEnd) and isinstance(dst, PodEnd) else PROBED_PORTS[number % 3 :: 3]
        for protocol in PROTOCOLS:
            for port in probed:
                verdicts = [v for v in VERDICTS if any(a <= port <= b for a, b in found[v].get(protocol, ()))]
                assert len(verdicts) < 2
                verdict = verdicts[0] if verdicts else "denied"
                assert naive.verdict(src, dst, protocol, port) == verdict, (src, dst, protocol, port)
                if verdict == "partial":
                    words = naive.words_by_family(src, dst, protocol, port)
                    said = ", ".join(f"over {FAMILIES[family]} {word}" for family, word in words.items())
                    assert isinstance(src, PodEnd)
                    assert isinstance(dst, PodEnd)
                    assert said in answers["partial"].reasons[name_of(src), name_of(dst)]


@given(mixed_clusters(), st.booleans(), st.booleans())
def test_so_is_every_flow_under_policies_of_several_kinds(
    objects: list[Raw], matches_pods: bool, matches_nodes: bool
) -> None:
    agree(*engine_and_naive(objects, matches_pods, matches_nodes))


@given(calico_clusters(), st.booleans(), st.booleans(), st.sampled_from([KUBERNETES, profile("calico")]))
def test_so_is_every_flow_under_calicos_policies_and_all_other_kinds(
    objects: list[Raw], matches_pods: bool, matches_nodes: bool, read_by: EngineProfile
) -> None:
    agree(*engine_and_naive(objects, matches_pods, matches_nodes, read_by))


@given(hosted_clusters(), st.booleans(), st.sampled_from([KUBERNETES, profile("calico")]))
def test_so_is_every_flow_of_nodes_with_host_endpoints(
    objects: list[Raw], matches_pods: bool, read_by: EngineProfile
) -> None:
    agree(*engine_and_naive(objects, matches_pods, True, read_by))


@given(clusters() | mixed_clusters() | calico_clusters() | hosted_clusters(), st.booleans(), st.data())
def test_the_explanation_of_a_flow_gives_the_verdict_of_the_naive_evaluator(
    objects: list[Raw], matches_pods: bool, data: st.DataObject
) -> None:
    engine, naive = engine_and_naive(objects, matches_pods, True)
    pairs = flows(naive)
    if not pairs:
        return
    ends: dict[End, Any] = {PodEnd(p.namespace, p.ref.name): p for p in engine.snapshot.pods}
    ends |= {AddressEnd(a): ip_address(a) for a in PROBED_ADDRESSES}
    for src, dst in data.draw(st.lists(st.sampled_from(pairs), max_size=8)):
        protocol, port = data.draw(st.sampled_from(PROTOCOLS)), data.draw(st.sampled_from(PROBED_PORTS))
        answer = engine.explain(ends[src], ends[dst], Protocol(protocol), port)
        assert answer.verdict == naive.verdict(src, dst, protocol, port), (src, dst, protocol, port)
        directions = [d.verdict for d in answer.directions]
        assert (answer.verdict == "allowed") == (directions == ["allowed", "allowed"])
        for number, word in naive.words_by_family(src, dst, protocol, port).items():
            spoken = [naive.families(end) for end in (src, dst) if isinstance(end, PodEnd)]
            if src != dst and all(number in families for families in spoken):
                family = Family.IPV4 if number == 4 else Family.IPV6
                over = engine.explain(ends[src], ends[dst], Protocol(protocol), port, family)
                assert over.verdict == word, (src, dst, protocol, port, family)
                directions = [d.verdict for d in over.directions]
                assert (word == "allowed") == (directions == ["allowed", "allowed"])
                assert (word == "denied") == ("denied" in directions), (directions, src, dst)
