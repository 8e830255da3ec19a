"""Every manifest of the public cases goes through the command line, and bad policies end in exit status 2."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conformance.cases import Case, ask, cases

pytestmark = pytest.mark.corpus

BAD_POLICIES = {
    "bad_netpols_subdir1": "CIDR",
    "bad_netpols_subdir2": "matchLabels",
    "bad_netpols_subdir3": "ipBlock together with a selector",
    "bad_netpols_subdir7": "matchLabels",
    "np_bad_path_test_2": "port name",
    "np_test_with_empty_port_range": "lower than the port",
}
"""The cases whose fault is in a NetworkPolicy, with a word of what the suite calls the fault."""

ONLY_THE_TOOL_REFUSES = {
    "NotSupportedPodResourcesErrorStr": (
        "only the suite's tool refuses it: pods of one owner may have different labels, and their rows are partial"
    ),
    "ConvertNamedPortErrStr": (
        "only the suite's tool refuses it: to the API a port's name is one of the destination pod, so that it is none "
        "at an address"
    ),
    "SamePriorityErr": (
        "only the suite's tool refuses it: of equal priorities the API leaves open which policy counts, and where it "
        "matters the answer is unknown"
    ),
}
"""The faults, by the names that the suite's tool has for them, that are none to the API."""


def not_a_fault(case: Case) -> str:
    """Why a case's input is one that the API takes; "" where it does not."""
    said = case.expected.get("error_go_expr") or ""
    return next((why for name, why in ONLY_THE_TOOL_REFUSES.items() if name in said), "")


def bad_cases() -> list[Case]:
    """The cases of the suite whose policies are all NetworkPolicies."""
    return [c for c in cases("netpol-analyzer-badpath") if set(kinds_of(c)) == {"NetworkPolicy"}]


def kinds_of(case: Case) -> Iterable[str]:
    """The kinds in a case's input whose names say policy or network."""
    for path in Path(case.input).rglob("*"):
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                kind = line.partition("kind:")[2].strip().strip("\"'") if line.startswith("kind:") else ""
                if "Policy" in kind or "Network" in kind:
                    yield kind


def test_every_fault_that_is_named_here_is_one_of_the_suite(corpus: Path) -> None:
    assert {c.name for c in bad_cases()} >= BAD_POLICIES.keys()


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in bad_cases() if not not_a_fault(c)] or [None])
def test_a_policy_that_its_suite_calls_bad_ends_in_status_2_and_is_named(corpus: Path, case: Case | None) -> None:
    assert case is not None
    assert case.expected["expected_error"] is True
    answer = ask("flows", case.input, "--format", "json")
    assert answer.status == 2
    assert [message for message in answer.errors if BAD_POLICIES.get(case.name, "") in message]
    if answer.rows:
        assert "computed without the rejected policy" in answer.out
    assert answer.err.startswith(case.input)


def test_what_only_the_suites_tool_refuses_is_answered(corpus: Path) -> None:
    found = [c for c in cases("netpol-analyzer-badpath") if not_a_fault(c)]
    assert found
    for case in found:
        answer = ask("flows", case.input, "--format", "json")
        assert answer.status == 0
        assert answer.rows


SUITES = (
    "nca-schemes",
    "netpol-analyzer-badpath",
    "netpol-analyzer-connlist",
    "netpol-analyzer-connlist-focus",
    "netpol-analyzer-diff",
    "netpol-analyzer-explain",
    "netpol-analyzer-exposure",
    "netpol-analyzer-exposure-focus",
    "netpol-analyzer-parsed",
    "network-policy-api-conformance",
)
"""The suites whose cases are not all compared row by row."""


@pytest.mark.parametrize("suite", SUITES)
def test_every_input_of_a_suite_is_answered_without_a_traceback(corpus: Path, suite: str) -> None:
    inputs = [c.input for c in cases(suite)]
    assert inputs
    for folder in inputs:
        for command in ("flows", "check"):
            answer = ask(command, folder, "--format", "json")
            assert answer.status in (0, 1, 2)
            assert answer.out, (folder, answer.err)
