"""The engine with a table of names and the naive evaluator with the addresses in their place agree on every flow."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.loaders.domain_names import read_names
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from tests.naive.clusters import mixed_clusters
from tests.naive.evaluator import NaiveCluster
from tests.naive.names import Table, resolved, tables, with_names
from tests.policy.build import snapshot_of
from tests.policy.test_against_naive import agree

Raw = dict[str, Any]


@given(mixed_clusters().flatmap(with_names), tables, st.booleans())
def test_every_flow_under_policies_with_domain_names_is_judged_as_if_they_held_the_addresses(
    objects: list[Raw], table: Table, matches_pods: bool
) -> None:
    reading = read_names(json.dumps({"names": table, "complete": True}), "names.json")
    assert reading.problems == ()
    profile = KUBERNETES.with_ip_blocks_matching_pods(matches_pods)
    engine = compile_engine(replace(snapshot_of(objects), domain_names=reading.table), profile)
    agree(engine, NaiveCluster(resolved(objects, table), ip_block_matches_pods=matches_pods))
