"""Least privilege, on random clusters and judged by the naive evaluator: all that is needed, and nothing else.

What is needed is drawn beside the cluster and stated; the naive evaluator, which reads raw objects and imports nothing
of ours, then judges the written policies on every pair of pods and on addresses.
"""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.loaders.policy_text import read_policies
from lib.policy.engine import compile_engine
from lib.scenario.recommendation import Options, Recommendation, recommend
from tests.naive.clusters import PROTOCOLS, clusters, owned_clusters
from tests.naive.evaluator import AddressEnd, End, NaiveCluster, PodEnd
from tests.policy.build import snapshot_of

Raw = dict[str, Any]
PORTS = (53, 80, 8080, 65535)
ADDRESSES = ("10.0.0.9", "255.255.255.255", "fd00:2::")


@dataclass(frozen=True)
class Stated:
    """One flow that was stated to be needed."""

    src: End
    dst: End
    protocol: str
    port: int

    @property
    def text(self) -> str:
        return f"{_name(self.src)}={_name(self.dst)}:{self.port}/{self.protocol}"


def _name(end: End) -> str:
    if isinstance(end, PodEnd):
        return f"{end.namespace}/Pod/{end.name}"
    return f"{end.address}/128" if ":" in end.address else end.address


def labels_of(raw: Raw) -> frozenset[tuple[str, str]]:
    return frozenset((raw["metadata"].get("labels") or {}).items())


def group_of(naive: NaiveCluster, end: End) -> object:
    """Pods of a namespace with equal labels can't be told apart by any selector: they are one for all policies."""
    if not isinstance(end, PodEnd):
        return end
    raw = naive.pods[end]
    return end.namespace, labels_of(raw), bool(raw["spec"].get("hostNetwork"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Raw], list[Stated]]:
    """A cluster of pods with a network of their own or not, and some needs between them and with addresses."""
    objects = draw(clusters())
    naive = NaiveCluster(objects)
    own = [end for end, raw in naive.pods.items() if not raw["spec"].get("hostNetwork")]
    assume(len(own) > 1)
    ends = [*own, *map(AddressEnd, ADDRESSES)]
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(ends), st.sampled_from(ends), st.sampled_from(PROTOCOLS), st.sampled_from(PORTS)
            ).filter(lambda n: n[0] != n[1] and (isinstance(n[0], PodEnd) or isinstance(n[1], PodEnd))),
            max_size=4,
        )
    )
    return objects, [Stated(*each) for each in drawn]


def recommended(objects: list[Raw], stated: list[Stated]) -> Recommendation:
    """The recommendation from what is stated alone: the present policies are taken out of the input first."""
    bare = [o for o in objects if o["kind"] != "NetworkPolicy"]
    options = Options(needs=tuple(s.text for s in stated), replace=True)
    return recommend(compile_engine(snapshot_of(bare)), options, read_policies, lambda source: "place")


def judged(objects: list[Raw], policies: list[Raw]) -> NaiveCluster:
    return NaiveCluster([o for o in objects if o["kind"] != "NetworkPolicy"] + policies)


def flows(naive: NaiveCluster) -> list[tuple[End, End, str, int]]:
    pods = list(naive.pods)
    pairs: list[tuple[End, End]] = [(a, b) for a in pods for b in pods if a != b]
    for address in map(AddressEnd, ADDRESSES):
        pairs += [(address, p) for p in pods] + [(p, address) for p in pods]
    return [(*pair, protocol, port) for pair in pairs for protocol in PROTOCOLS for port in PORTS]


def on_host(naive: NaiveCluster, end: End) -> bool:
    return isinstance(end, PodEnd) and bool(naive.pods[end]["spec"].get("hostNetwork"))


@given(cases())
def test_every_stated_flow_is_allowed_and_no_other_one(case: tuple[list[Raw], list[Stated]]) -> None:
    objects, stated = case
    found = recommended(objects, stated)
    assert found.proof is not None
    naive = judged(objects, list(yaml.safe_load_all(found.text)))
    wanted = {(group_of(naive, s.src), group_of(naive, s.dst), s.protocol, s.port) for s in stated}
    for src, dst, protocol, port in flows(naive):
        if on_host(naive, src) or on_host(naive, dst):
            continue  # its node's addresses are outside the policies' reach, and a pod's own node is always let in
        needed = (group_of(naive, src), group_of(naive, dst), protocol, port) in wanted
        assert naive.allows(src, dst, protocol, port) == needed, (src, dst, protocol, port, found.text)


@given(cases())
def test_the_proof_lists_exactly_what_the_naive_evaluator_finds_open_besides(
    case: tuple[list[Raw], list[Stated]],
) -> None:
    objects, stated = case
    proof = recommended(objects, stated).proof
    assert proof is not None
    assert proof.holds
    assert not proof.open_cut
    naive = judged(objects, list(yaml.safe_load_all(recommended(objects, stated).text)))
    asked = {(s.src, s.dst, s.protocol, s.port) for s in stated}
    told = {(o.src, o.dst) for o in proof.open if "outside" not in o.src + o.dst}
    found = {
        (f"{src.namespace}/{src.name}[Pod]", f"{dst.namespace}/{dst.name}[Pod]")
        for src, dst, protocol, port in flows(naive)
        if isinstance(src, PodEnd) and isinstance(dst, PodEnd) and not on_host(naive, src) and not on_host(naive, dst)
        if naive.allows(src, dst, protocol, port) and (src, dst, protocol, port) not in asked
    }
    assert told == found


def without_one(policies: list[Raw]) -> list[tuple[str, list[Raw]]]:
    """The policies with one peer, or one port, of one rule taken out, in every way."""
    found = []
    for number, policy in enumerate(policies):
        for direction, field in (("ingress", "from"), ("egress", "to")):
            for index, rule in enumerate(policy["spec"].get(direction) or []):
                for key, position in itertools.chain(
                    ((field, i) for i in range(len(rule[field]))),
                    (("ports", i) for i in range(len(rule.get("ports") or []))),
                ):
                    changed = copy.deepcopy(policies)
                    rules = changed[number]["spec"][direction]
                    del rules[index][key][position]
                    if not rules[index][key]:
                        # An emptied list would name everybody: then the rule goes.
                        del rules[index]
                    found.append((f"{policy['metadata']['name']} {direction}[{index}].{key}[{position}]", changed))
    return found


@given(cases())
def test_without_any_peer_or_port_of_a_rule_a_stated_flow_is_lost(case: tuple[list[Raw], list[Stated]]) -> None:
    objects, stated = case
    # DNS is given to every namespace, be its servers in the input or not.
    policies = list(yaml.safe_load_all(recommended(objects, stated).text))
    for what, fewer in without_one(policies):
        if what.startswith("netatlas-dns "):
            continue
        naive = judged(objects, fewer)
        assert not all(naive.allows(s.src, s.dst, s.protocol, s.port) for s in stated), (what, stated)


@given(owned_clusters(), st.data())
def test_workloads_whose_labels_tell_them_apart_get_what_is_stated_and_no_more(
    objects: list[Raw], data: st.DataObject
) -> None:
    bare = [o for o in objects if o["kind"] != "NetworkPolicy"]
    snapshot = snapshot_of(bare)
    own = [w for w in snapshot.workloads if w.endpoints and not w.host_network]
    assume(len(own) > 1)
    src, dst = data.draw(st.lists(st.sampled_from(own), min_size=2, max_size=2, unique_by=lambda w: w.ref))
    need = f"{src.namespace}/{src.ref.kind}/{src.ref.name}={dst.namespace}/{dst.ref.kind}/{dst.ref.name}:80"
    found = recommend(compile_engine(snapshot), Options(needs=(need,)), read_policies, lambda source: "")
    assume(not found.twins)
    naive = judged(objects, list(yaml.safe_load_all(found.text)))
    members = {w.ref: {PodEnd(p.namespace, p.ref.name) for p in w.endpoints} for w in own}
    every = [end for ends in members.values() for end in ends]
    for a, b in itertools.permutations(every, 2):
        for port in (53, 80, 8080):
            needed = a in members[src.ref] and b in members[dst.ref] and port == 80
            assert naive.allows(a, b, "TCP", port) == needed, (a, b, port, found.text)


@given(clusters())
def test_what_present_policies_permit_by_name_is_kept_and_nothing_is_opened(objects: list[Raw]) -> None:
    found = recommend(compile_engine(snapshot_of(objects)), Options(replace=True), read_policies, lambda source: "")
    if found.proof is None:
        return
    before, after = NaiveCluster(objects), judged(objects, list(yaml.safe_load_all(found.text)))
    twins = {t.what for t in found.twins}
    named = {(n.src, n.dst) for n in found.needs}
    for src, dst, protocol, port in flows(before):
        if on_host(before, src) or on_host(before, dst):
            continue
        if any(isinstance(e, PodEnd) and f"{e.namespace}/{e.name}[Pod]" in twins for e in (src, dst)):
            continue
        assert before.allows(src, dst, protocol, port) or not after.allows(src, dst, protocol, port), (
            src, dst, protocol, port, named,
        )  # fmt: skip
