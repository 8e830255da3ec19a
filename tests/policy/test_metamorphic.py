"""Rewritings that mean the same give the same flows, on random clusters with policies of all kinds.

Nothing here says what is right; each property says that two inputs which the APIs take for the same thing are answered
alike, row by row, ports, verdicts, counts and reasons included.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.flows import flow_rows
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES, EngineProfile
from tests.naive.clusters import calico_clusters, hosted_clusters
from tests.policy import rewriting
from tests.policy.build import snapshot_of

Raw = dict[str, Any]

# Two of them are named, those that come first by their names.
DISAGREEING = re.compile(
    r"which of \S+ and \S+, of equal precedence, is asked first(?: or which of \S+ and \S+, of .*?first)*"
)


def anything() -> st.SearchStrategy[list[Raw]]:
    """Clusters with policies of all kinds, some with host endpoints on their nodes."""
    return calico_clusters() | hosted_clusters()


def rows(
    objects: list[Raw], profile: EngineProfile = KUBERNETES, names: Callable[[str], str] = str
) -> list[dict[str, Any]]:
    """All rows of the flows in an order of their own, with ``names`` applied to every text in them."""
    found = [row.to_json() for row in flow_rows(compile_engine(snapshot_of(objects), profile))]
    for row in found:
        row |= {key: names(row[key]) for key in ("src", "dst", "reason") if key in row}
        if "reason" in row:
            row["reason"] = DISAGREEING.sub("which of several is asked first", row["reason"])
    return sorted(found, key=lambda row: (row["src"], row["dst"], row["verdict"]))


@given(anything(), st.randoms(use_true_random=False))
def test_the_order_of_documents_means_nothing(objects: list[Raw], random: Random) -> None:
    assert rows(rewriting.shuffled(objects, random)) == rows(objects)


@given(anything(), st.randoms(use_true_random=False))
def test_the_order_of_what_has_none_means_nothing(objects: list[Raw], random: Random) -> None:
    """Peers, ports, requirements, and the rules of kinds whose rules only add up."""
    assert rows(rewriting.reordered(objects, random)) == rows(objects)


@given(anything())
def test_names_mean_nothing(objects: list[Raw]) -> None:
    renamed = rows(rewriting.renamed(objects), names=rewriting.old_names)
    assert renamed == rows(objects, names=rewriting.without_policies)


@given(anything())
def test_a_rule_with_several_peers_or_ports_is_as_many_rules(objects: list[Raw]) -> None:
    assert rows(rewriting.split_rules(objects)) == rows(objects)


@given(anything(), st.booleans())
def test_a_block_of_addresses_is_its_two_halves(objects: list[Raw], matches_pods: bool) -> None:
    profile = KUBERNETES.with_ip_blocks_matching_pods(matches_pods)
    assert rows(rewriting.halved_blocks(objects), profile) == rows(objects, profile)


@given(anything())
def test_a_range_of_ports_is_two_ranges(objects: list[Raw]) -> None:
    assert rows(rewriting.halved_ranges(objects)) == rows(objects)


@given(anything(), st.integers(2, 3))
def test_more_replicas_of_a_pod_change_no_row(objects: list[Raw], replicas: int) -> None:
    """On the same node, and where no rule looks at pods' addresses, which are bound to differ."""
    profile = KUBERNETES.with_ip_blocks_matching_pods(False)
    more = rewriting.as_sets(objects, lambda name: replicas if name == "pod-1" else 1)
    assert rows(more, profile) == rows(rewriting.as_sets(objects, lambda name: 1), profile)


@given(anything())
def test_a_policy_that_selects_nobody_changes_no_row(objects: list[Raw]) -> None:
    """Each kind in turn, beside policies of all kinds.

    Three exceptions, all about who is meant to enforce the policies: the first policy of Calico's says that it is
    Calico, which lets nodes reach their own pods; beside it the first of Cilium's says that it may be Cilium; and no
    release of Calico's has both generations of cluster-wide kinds, so that a policy of the one may move the tier of
    the other.
    """
    before = rows(objects)
    kinds = {obj["kind"] for obj in objects}
    of_calico = {obj["kind"] for obj in objects if rewriting.group_of(obj) in rewriting.CALICO}
    left_out = set[str]()
    if not of_calico & {"NetworkPolicy", "GlobalNetworkPolicy"}:
        left_out |= {"GlobalNetworkPolicy", "NetworkPolicy of Calico"}
    of_cilium = {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}
    if not kinds & of_cilium:
        left_out |= of_cilium
    if any(obj["kind"] == "Pod" and "nodeName" not in obj["spec"] for obj in objects):
        left_out |= {"HostEndpoint"}  # such a pod may run on its node
    if "ClusterNetworkPolicy" in kinds:
        left_out |= {"AdminNetworkPolicy"}
    if kinds & {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"}:
        left_out |= {"ClusterNetworkPolicy"}
    if kinds & {"ClusterNetworkPolicy", "BaselineAdminNetworkPolicy"}:
        left_out |= {"BaselineAdminNetworkPolicy"}
    for kind in rewriting.UNRELATED:
        if kind not in left_out:
            assert rows([*objects, rewriting.unrelated(kind)]) == before, kind
