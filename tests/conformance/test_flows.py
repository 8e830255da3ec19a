"""The flows of the public suites through the command line, row by row, on the manifests as they lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lib.cli.load import load
from lib.flows import flow_rows
from lib.model.snapshot import Snapshot
from lib.policy.engine import compile_engine
from lib.routing.routes import ingress_backends
from tests.conformance.cases import Case, ask_flows, cases, corpus_folder, differences

pytestmark = pytest.mark.corpus

SUITES = (
    "cyclonus-generated",
    "netpol-analyzer-connlist",
    "netpol-analyzer-connlist-focus",
    "netpol-analyzer-exposure",
    "netpol-analyzer-exposure-focus",
    "netpol-analyzer-parsed",
)
# The kinds that this engine evaluates, and Ingress, whose backends are resolved beside it; the others are OpenShift's.
KINDS = {"NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "Ingress"}

HOST_NETWORK = {
    "ipblockstest": 106,
    "ipblockstest_2": 106,
    "ipblockstest_3": 106,
    "semanticDiff-same-topologies-new1a": 5,
    "semanticDiff-same-topologies-new3": 5,
    "semanticDiff-same-topologies-old2": 3,
    "semanticDiff-same-topologies-old3": 5,
}
"""Cases that differ, with the number of pairs that do: an end uses its node's network, which the suite ignores.

Every other row of them agrees, and all rows do once their pods are taken off the node's network. The numbers may only
fall.
"""


SUITE_IS_WRONG = {
    "k8s_ingress_test_new": (
        "{ingress-controller} => default/unicorn[Deployment]: expected TCP 8080, got none",
        "The Ingress names port 8080 of a Service that has only 5000, which leads to 8080. The API: number is 'the "
        "numerical port number (e.g. 80) on the Service'.",
    ),
}
"""Cases in which the API's own words say otherwise: the one difference, and why."""


def of_these_kinds(suite: str) -> list[Case]:
    """The cases of a suite that only hold policies of KINDS."""
    return [c for c in cases(suite) if set(c.expected.get("policy_kinds") or ()) <= KINDS]


def all_of_these_kinds() -> list[Case]:
    return [c for suite in SUITES for c in of_these_kinds(suite)]


def parameters() -> list[object]:
    return [pytest.param(c, id=f"{c.suite}/{c.name}") for c in all_of_these_kinds()] or [
        pytest.param(None, id="no-corpus")
    ]


@pytest.mark.parametrize("case", parameters())
def test_the_flows_of_a_public_case_are_what_its_suite_expects(corpus: Path, case: Case | None) -> None:
    assert case is not None, f"{corpus} holds none of {SUITES}"
    answer = ask_flows(case)
    assert answer.status == 0, answer.err
    found = differences(case, answer.rows)
    if case.name in SUITE_IS_WRONG:
        assert found == [SUITE_IS_WRONG[case.name][0]]
        return
    if case.name in HOST_NETWORK:
        assert len(found) == HOST_NETWORK[case.name]
    if found:
        snapshot = load([case.input], complete=False).snapshot
        on_host = {str(w.ref) for w in snapshot.workloads if w.host_network}
        assert [text for text in found if not on_host & ends_of(text)] == []


def ends_of(difference: str) -> set[str]:
    """The ends of the pair that a difference is about: ``A => B: …``, ``A to outside, …`` or ``A from outside, …``."""
    pair = difference.partition(": ")[0]
    return {end.partition(" from outside")[0].partition(" to outside")[0] for end in pair.split(" => ")}


@pytest.mark.parametrize("name", sorted(HOST_NETWORK))
def test_a_case_with_host_network_agrees_in_every_row_once_its_pods_have_their_own(corpus: Path, name: str) -> None:
    case = next(c for c in cases("netpol-analyzer-connlist") if c.name == name)
    snapshot = off_the_nodes_network(load([case.input], complete=False).snapshot)
    rows = [row.to_json() for row in flow_rows(compile_engine(snapshot), ingress_backends(snapshot))]
    assert differences(case, rows) == []


def off_the_nodes_network(snapshot: Snapshot) -> Snapshot:
    """The same cluster with no pod on its node's network."""
    workloads = (replace(w, pods=tuple(replace(p, host_network=False) for p in w.pods)) for w in snapshot.workloads)
    return replace(snapshot, workloads=tuple(workloads))


def test_every_case_of_these_kinds_is_compared(corpus: Path) -> None:
    assert corpus_folder() == corpus
    assert len(of_these_kinds("cyclonus-generated")) == len(list((corpus / "cyclonus-generated").glob("*/input")))
    assert len(of_these_kinds("cyclonus-generated")) >= 256
    assert len(all_of_these_kinds()) >= 377
