"""The points of the public suites for cluster-wide policies: who reaches whom, on the manifests as they lie."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib.cli.load import load
from lib.model.sets import ConnectionSet, Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine, compile_engine
from lib.policy.points import End
from tests.conformance.cases import Case, ask, cases, foreign_kinds, not_read
from tests.conformance.test_inputs import bad_cases as bad_network_policies
from tests.conformance.test_inputs import not_a_fault

pytestmark = pytest.mark.corpus

API_SUITE = "network-policy-api-conformance"
PARSED_SUITE = "netpol-analyzer-parsed"
PORTS_ASKED = (1, 79, 80, 81, 443, 5353, 65535)


def parameters(suite: str) -> list[object]:
    found = [pytest.param(c, id=c.name) for c in cases(suite) if c.expected.get("reliable", True)]
    return found or [pytest.param(None, id="no-corpus")]


def engine(case: Case) -> Engine:
    given = load([case.input], complete=False)
    assert [p for p in given.problems if p.severity.label == "error"] == []
    return compile_engine(given.snapshot)


def of_set(name: str) -> str:
    """The StatefulSet of a pod by the name that it will have: the inputs hold no pods."""
    return re.sub(r"-[0-9]+\[Pod\]$", "[StatefulSet]", name)


REPLAY_LACKS_A_STEP = {"CNPAdminTierIntegration-06"}
"""Cases that assert what holds without a NetworkPolicy of their input: the suite deletes it before the probe.

With it, "Pass" hands the traffic to a NetworkPolicy that allows it, and the Baseline tier is not asked.
"""


@pytest.mark.parametrize("case", parameters(API_SUITE))
def test_a_probe_of_the_apis_own_suite_is_answered_as_there(corpus: Path, case: Case | None) -> None:
    assert case is not None
    compiled = engine(case)
    if case.name in REPLAY_LACKS_A_STEP:
        compiled = compile_engine(replace(compiled.snapshot, network_policies=()))
    for probe in case.expected["expected"]:
        protocol, _, port = probe["probe"].partition(" ")
        src, dst = (parse_end(of_set(probe[end]), compiled.snapshot) for end in ("src", "dst"))
        answer = compiled.explain(src, dst, Protocol(protocol), int(port))
        assert answer.verdict == ("allowed" if probe["allowed"] else "denied"), (probe, answer)


def connections(text: str) -> ConnectionSet:
    """``SCTP 1-65535,TCP 80,90-99``, ``All Connections`` or ``No Connections``."""
    if text == "All Connections":
        return ConnectionSet.all()
    found, protocol = ConnectionSet(), ""
    for part in [] if text == "No Connections" else text.split(","):
        *named, ports = part.split(" ")
        protocol = named[0] if named else protocol
        first, _, last = ports.partition("-")
        found |= ConnectionSet.of(Protocol(protocol), int(first), int(last or first))
    return found


@pytest.mark.parametrize("case", parameters(PARSED_SUITE))
def test_a_point_of_the_mixed_kinds_is_answered_as_in_its_suite(corpus: Path, case: Case | None) -> None:
    assert case is not None
    compiled = engine(case)
    for point in case.expected["eval"]:
        src, dst = (parse_end(point[end], compiled.snapshot) for end in ("src", "dst"))
        assert allowed(compiled, src, dst, asked(point)) == expected(point), point


def asked(point: dict[str, Any]) -> list[tuple[Protocol, int]]:
    named = {int(n) for n in re.findall(r"[0-9]+", point["connections"])}
    around = {n + d for n in named for d in (-1, 0, 1)} | set(PORTS_ASKED)
    return [(protocol, n) for protocol in Protocol for n in sorted(around) if 1 <= n <= 65535]


def expected(point: dict[str, Any]) -> dict[tuple[Protocol, int], str]:
    allowed = connections(point["connections"])
    return {(protocol, n): "allowed" if n in allowed[protocol] else "denied" for protocol, n in asked(point)}


def allowed(engine: Engine, src: End, dst: End, points: list[tuple[Protocol, int]]) -> dict[tuple[Protocol, int], str]:
    return {(protocol, n): engine.explain(src, dst, protocol, n).verdict for protocol, n in points}


def openshift_only() -> dict[str, str]:
    """Bad cases with a kind of OpenShift's, which is counted and not read, and why they are left out."""
    kinds = {c.name: foreign_kinds(c) for c in cases("netpol-analyzer-badpath")}
    return {name: not_read(found) for name, found in kinds.items() if found}


def bad_cases() -> list[Case]:
    """The cases with a policy that is no NetworkPolicy: those have a test of their own."""
    left_out = openshift_only().keys() | {c.name for c in bad_network_policies()}
    return [c for c in cases("netpol-analyzer-badpath") if c.name not in left_out and not not_a_fault(c)]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in bad_cases()] or [None])
def test_a_cluster_wide_policy_that_its_suite_calls_bad_is_refused(corpus: Path, case: Case | None) -> None:
    assert case is not None
    answer = ask("flows", case.input, "--format", "json")
    assert answer.status == 2
    assert [message for message in answer.errors if "AdminNetworkPolicy" in message]


def test_every_reliable_case_is_compared(corpus: Path) -> None:
    assert len(parameters(API_SUITE)) >= 47
    assert len(parameters(PARSED_SUITE)) >= 20
    assert len(bad_cases()) >= 15
