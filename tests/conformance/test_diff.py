"""The differences of the public suite through the command line, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib.cli.load import load
from lib.policy.engine import compile_engine
from lib.routing.routes import ingress_backends
from lib.scenario import diff
from tests.conformance.cases import Case, ask, cases, comparison, foreign_kinds, not_read
from tests.conformance.test_flows import ends_of, off_the_nodes_network

pytestmark = pytest.mark.corpus

SUITE = "netpol-analyzer-diff"
WORDS = {"added": "gained", "removed": "lost", "changed": "changed"}

OTHERWISE = {
    # backend.service.port.number is "the numerical port number on the Service", whose only port is 5000; the suite
    # takes it for the pod's port.
    "k8s_ingress_test__TO__k8s_ingress_test_new": {
        "{ingress-controller} => default/unicorn[Deployment]: expected TCP 8080, got none"
    },
    # Port 8000 is that of an OpenShift Route.
    "multiple_ingress_objects_with_different_ports__TO__multiple_ingress_objects_with_different_ports_new": {
        "{ingress-controller} => ingressworld/ingress-world-multiple-ports[Deployment]: "
        "expected TCP 8000,8090, got TCP 8090",
    },
}
"""Cases with single rows that the API's own words answer otherwise, or that are about a kind that is not read."""

HOST_NETWORK = {
    "ipblockstest__TO__ipblockstest_2",
    "semanticDiff-same-topologies-old1__TO__semanticDiff-different-topologies-policy-a",
    "semanticDiff-same-topologies-old1__TO__semanticDiff-same-topologies-new1a",
    "semanticDiff-same-topologies-old2__TO__semanticDiff-same-topologies-new2",
    "semanticDiff-same-topologies-old3__TO__semanticDiff-same-topologies-new3",
}
"""Cases in which an end uses its node's network, which the suite ignores.

Rows without such an end agree, and all rows do once the pods are taken off the node's network.
"""


def left_out() -> dict[str, str]:
    """Cases with kinds that Kubernetes does not have, and why."""
    kinds = {c.name: foreign_kinds(c) for c in cases(SUITE) if c.name not in OTHERWISE}
    return {name: not_read(found) for name, found in kinds.items() if found}


def compared() -> list[Case]:
    out = left_out()
    return [c for c in cases(SUITE) if c.name not in out]


def parameters() -> list[object]:
    return [pytest.param(c, id=c.name) for c in compared()] or [pytest.param(None, id="no-corpus")]


@pytest.mark.parametrize("case", parameters())
def test_what_differs_is_what_the_suite_expects(corpus: Path, case: Case | None) -> None:
    assert case is not None, f"{corpus} does not hold {SUITE}"
    answer = ask("diff", f"{case.input}/old", f"{case.input}/new", "--format", "json")
    assert answer.status == 0, answer.err
    document: dict[str, Any] = json.loads(answer.out)
    assert document["schema"] == "netatlas.diff/1"
    found = differences(case, document["flows"])
    if found:
        found = [text for text in found if not on_host(case) & ends_of(text)]
    assert set(found) == OTHERWISE.get(case.name, set())
    told = {
        (name, info.split()[-1])
        for row in case.expected["expected_diff"]
        if (info := row.get("workloads_diff_info"))
        for name in info.removeprefix("workload ").rpartition(" ")[0].split(" and ")
    }
    assert told <= {(name, what) for what in ("added", "removed") for name in document["workloads"][what]}


def differences(case: Case, rows: list[dict[str, Any]]) -> list[str]:
    """What either side of the rows, or the sort of a change, is not as the suite expects."""
    expected = case.expected["expected_diff"]
    found = []
    for side in ("old", "new"):
        wanted = {"expected": [one_side(row, side) for row in expected]}
        found += comparison(case.folder.parent.parent).differences(wanted, [one_side(row, side) for row in rows])
    words = {(r["src"], r["dst"]): WORDS[r["diff_type"]] for r in expected}
    sorts = {(r["src"], r["dst"]): r["change"] for r in rows}
    inside = [pair for pair in sorts.keys() & words.keys() if "[External]" not in "".join(pair)]
    return found + [f"{a} => {b}: {sorts[a, b]}" for a, b in inside if sorts[a, b] != words[a, b]]


def one_side(row: dict[str, Any], side: str) -> dict[str, Any]:
    """A row of a comparison as a row of flows of one of its sides."""
    return {"src": row["src"], "dst": row["dst"], "ports": row[f"{side}_ports"]}


def on_host(case: Case) -> set[str]:
    snapshots = [load([f"{case.input}/{side}"], complete=False).snapshot for side in ("old", "new")]
    return {str(w.ref) for snapshot in snapshots for w in snapshot.workloads if w.host_network}


@pytest.mark.parametrize("name", sorted(HOST_NETWORK))
def test_a_case_with_host_network_agrees_in_every_row_once_its_pods_have_their_own(corpus: Path, name: str) -> None:
    case = next(c for c in cases(SUITE) if c.name == name)
    assert on_host(case)
    loaded = [load([f"{case.input}/{side}"], complete=False).snapshot for side in ("old", "new")]
    old, new = (off_the_nodes_network(snapshot) for snapshot in loaded)
    found = diff(compile_engine(old), compile_engine(new), ingress_backends(old), ingress_backends(new))
    rows = [
        {
            "src": row.src,
            "dst": row.dst,
            "change": row.change.value,
            "old_ports": row.old.some.to_json(),
            "new_ports": row.new.some.to_json(),
        }
        for row in found.rows()
    ]
    assert differences(case, rows) == []


def test_every_difference_of_these_kinds_is_compared(corpus: Path) -> None:
    assert {c.name for c in cases(SUITE)} >= OTHERWISE.keys() | HOST_NETWORK
    assert len(compared()) >= 25
