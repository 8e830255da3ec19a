"""The flows of the public suites, row by row; what is left out is named here, and the lists may only shrink."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.cases import Case, cases, corpus_folder, differences, load

pytestmark = pytest.mark.corpus

SUITES = ("cyclonus-generated", "netpol-analyzer-connlist", "netpol-analyzer-connlist-focus")
# The kinds that this engine evaluates, and Ingress, whose backends are resolved beside it.
KINDS = {"NetworkPolicy", "Ingress"}

OWNER_WITHOUT_KIND = (
    "its pods have an ownerReference without apiVersion, kind and uid, which the API server refuses; the suite takes "
    "the missing kind for Pod"
)
LEFT_OUT = {
    "example_pods_w_same_owner_and_labels_gap_no_policy": OWNER_WITHOUT_KIND,
    "example_pods_w_same_owner_and_labels_gap_with_good_match_expression2": OWNER_WITHOUT_KIND,
    "example_pods_w_same_owner_and_labels_gap_with_policy_selector_not_in_gap": OWNER_WITHOUT_KIND,
}
"""Cases of these kinds whose expectation is not what the API says, with the reason."""


def of_these_kinds(suite: str) -> list[Case]:
    """The cases of a suite that only hold policies of KINDS."""
    return [c for c in cases(suite) if set(c.expected.get("policy_kinds") or ()) <= KINDS]


def parameters() -> list[object]:
    found = [c for suite in SUITES for c in of_these_kinds(suite)]
    if not found:
        return [pytest.param(None, id="no-corpus")]
    return [pytest.param(c, id=f"{c.suite}/{c.name}") for c in found if c.name not in LEFT_OUT]


@pytest.mark.parametrize("case", parameters())
def test_the_flows_of_a_public_case_are_what_its_suite_expects(corpus: Path, case: Case | None) -> None:
    assert case is not None, f"{corpus} holds none of {SUITES}"
    assert differences(case, load(case)) == []


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_a_case_that_is_left_out_still_differs(corpus: Path, name: str) -> None:
    case = next(c for suite in SUITES for c in of_these_kinds(suite) if c.name == name)
    assert differences(case, load(case)), f"{name} agrees now: take it off the list"


def test_the_whole_of_the_generated_suite_is_compared(corpus: Path) -> None:
    assert corpus_folder() == corpus
    folder = corpus / "cyclonus-generated"
    assert len(of_these_kinds("cyclonus-generated")) == len([p for p in folder.iterdir() if p.is_dir()])
