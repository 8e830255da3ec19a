"""Names outside: every address that the table of names has is asked about, and a name without one leads nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.loaders.domain_names import read_names
from lib.policy.engine import compile_engine
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopKind, HopVerdict, Trace
from lib.trace.walk import trace
from tests.policy.build import snapshot_of
from tests.trace.build import cluster, policy, verdicts

ALLOWED, DENIED, DEPENDS = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.DEPENDS
OPEN = {"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}
DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "UDP", "port": 53}]}


def walk(table: str, dst: str = "api.example.com:443") -> Trace:
    out = policy("out", app="client", policyTypes=["Egress"], egress=[OPEN, DNS])
    reading = read_names(table, "names.yaml")
    assert reading.table is not None
    snapshot = replace(snapshot_of(cluster(out)), domain_names=reading.table)
    start = read_start("shop/client", snapshot)
    return trace(Context(compile_engine(snapshot)), start, read_goal(dst, snapshot, start))


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ("198.51.100.7", ALLOWED),
        ("203.0.113.7", DENIED),
        ("198.51.100.7, 203.0.113.7", DEPENDS),
        ("203.0.113.7, 198.51.100.7", DEPENDS),
        ("198.51.100.0/25", ALLOWED),
        ("198.51.100.0/23", DEPENDS),
    ],
)
def test_all_addresses_of_a_name_count(addresses, expected):
    found = walk(f"names:\n  api.example.com: [{addresses}]\n")
    assert (verdicts(found)[HopKind.EGRESS], found.verdict) == (expected, expected)


@pytest.mark.parametrize(
    "table", ["names:\n  api.example.com: []\n", "names: {a.example.com: 1.2.3.4}\ncomplete: true\n"]
)
def test_a_name_that_the_table_gives_no_address_leads_nowhere(table):
    found = walk(table)
    assert found.stopped_at is not None and found.stopped_at.kind is HopKind.RECORD
    assert found.hops[-1] is found.stopped_at


def test_a_name_that_leads_to_a_pod_of_the_cluster_is_followed_there():
    found = walk("names:\n  api.example.com: 10.244.1.10\n", "api.example.com:8080")
    assert found.hops[-1].subject == "shop/web[Pod]"
