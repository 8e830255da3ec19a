"""Which policies and rules decide: the explanations of the public suite, pair by pair and port by port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

from lib.cli.load import load
from lib.flows import INGRESS_CONTROLLER, flow_rows
from lib.model.cluster import Workload
from lib.model.policies import Direction
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.policy.ends import parse_end
from lib.policy.engine import Engine, compile_engine
from lib.policy.explain import DirectionAnswer
from lib.policy.judge import decide
from lib.policy.points import End, Point, points_of
from lib.policy.projection import ARBITRARY_NAMESPACE
from lib.routing.routes import ingress_backends
from tests.conformance.cases import Case, ask, cases, foreign_kinds, not_read
from tests.conformance.reasons import Act, Side, points, sides

pytestmark = pytest.mark.corpus

SUITE = "netpol-analyzer-explain"

COMPARED_ALL_THE_SAME = {"cudn_test_6"}
"""Cases with kinds that are not read and that change no answer."""


def left_out() -> dict[str, str]:
    """Cases about kinds that Kubernetes does not have, and why; Routes only add entry points."""
    kinds = {c.name: [k for k in foreign_kinds(c) if k != "Route"] for c in cases(SUITE)}
    return {name: not_read(found) for name, found in kinds.items() if found and name not in COMPARED_ALL_THE_SAME}


_BY_ADDRESS = (
    "a rule of an AdminNetworkPolicy by networks: 'cluster-internal traffic will be checked against the rule as well', "
    "and the input does not hold the pods' addresses, so that it is unknown what the suite denies"
)
_ROUTE = "entry points by Routes of OpenShift, which are not read; every other pair agrees"
OTHERWISE = {
    "acs-security-demos": (2, _ROUTE),
    "anp_and_banp_using_networks_and_nodes_test": (6, _BY_ADDRESS),
    "demo_app_with_routes_and_ingress": (1, _ROUTE),
    "k8s_ingress_test_new": (
        1,
        "an Ingress to port 8080 of a Service that has only 5000; the API: number is 'the numerical port number (e.g. "
        "80) on the Service'",
    ),
    "route_example_with_target_port": (2, _ROUTE),
}
"""Cases of which that many points are answered otherwise, and why; the numbers may only fall."""


@dataclass(frozen=True)
class Asked:
    """One case's input, compiled."""

    snapshot: Snapshot
    engine: Engine

    @cached_property
    def labels(self) -> dict[tuple[str, str, Direction, str], str]:
        """The labels of the rules of cluster-wide policies by their names, which the suite writes."""
        return {
            (p.ref.kind, p.ref.name, r.direction, r.name): r.label
            for p in self.snapshot.cluster_policies
            for r in p.rules
        }

    def expected(self, side: Side, direction: Direction) -> set[Act]:
        return {Act(a.kind, a.policy, a.effect, self._label(a, direction)) for a in side.acts}

    def _label(self, act: Act, direction: Direction) -> str:
        if act.rule.startswith("#"):
            return f"spec.{direction.field}[{int(act.rule[1:]) - 1}]"
        return act.rule and self.labels[act.kind, act.policy, direction, act.rule]

    @cached_property
    def carried(self) -> set[tuple[str, Protocol, int]]:
        """The ports that Ingresses carry traffic to, by the flows of the ingress controller."""
        rows = [r for r in flow_rows(self.engine, ingress_backends(self.snapshot)) if r.src == INGRESS_CONTROLLER]
        return {
            (r.dst, protocol, n)
            for r in rows
            for protocol, held in r.ports.ports
            for a, b in held.intervals
            for n in (a, b)
        }


def found(answer: DirectionAnswer) -> set[Act]:
    return {Act(e.policy.kind, e.policy.qualified_name, e.effect, e.rule) for e in answer.effects}


def differences(case: Case) -> Iterator[str]:
    """Every point that is answered otherwise than by the suite."""
    given = load([case.input], complete=False)
    asked = Asked(given.snapshot, compile_engine(given.snapshot))
    for pair in case.expected["expected_explain"]:
        for verdict in ("allowed", "denied"):
            for part in pair[verdict]:
                yield from of_part(asked, pair, part, verdict)
    for pair in case.expected["system_default_pairs"]:
        answer = asked.engine.explain(*ends(pair, asked.snapshot))
        if not answer.connections.is_all or any(d.effects for d in answer.directions):
            yield f"{pair['src']} => {pair['dst']}: expected the system's default, got {answer}"


def ends(pair: dict[str, str], snapshot: Snapshot) -> tuple[End, End]:
    return parse_end(pair["src"], snapshot), parse_end(pair["dst"], snapshot)


def of_part(asked: Asked, pair: dict[str, Any], part: dict[str, Any], verdict: str) -> Iterator[str]:
    expected = sides(part["reasons"])
    for protocol, port in points(part):
        where = f"{pair['src']} => {pair['dst']} on {protocol.value} {port}"
        if pair["src"] == INGRESS_CONTROLLER:
            yield from of_entry_point(asked, pair["dst"], expected[Direction.INGRESS], (protocol, port), verdict)
            continue
        answer = asked.engine.explain(*ends(pair, asked.snapshot), protocol, port)
        if answer.verdict != verdict:
            yield f"{where}: expected {verdict}, got {answer.verdict}"
            continue
        for direction in answer.directions:
            side = expected[direction.direction]
            acts = asked.expected(side, direction.direction)
            if direction.verdict != side.verdict or found(direction) != acts:
                yield f"{where}: expected {side.verdict} by {acts}, got {direction.verdict} by {found(direction)}"
            by_ports = {
                Act(m.policy.kind, m.policy.qualified_name, "misses", m.rule)
                for m in direction.near_misses
                if m.failed.startswith("it names other ports")
            }
            missed = {
                Act(a.kind, a.policy, a.effect, f"spec.{direction.direction.field}[{int(a.rule[1:]) - 1}]")
                for a in side.missed
            }
            if not missed <= by_ports:
                yield f"{where}: expected {missed} to miss by ports, got {by_ports}"


def of_entry_point(asked: Asked, name: str, side: Side, point: tuple[Protocol, int], verdict: str) -> Iterator[str]:
    """An entry point's flow: the rules that let an arbitrary pod in, and whether a route carries to the port."""
    engine = asked.engine
    workload = parse_end(name, asked.snapshot)
    assert isinstance(workload, Workload)
    anybody = Point(engine.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE], INGRESS_CONTROLLER)
    mask = engine.spaces.port_mask(*point)
    decision = decide(engine, Direction.INGRESS, anybody, points_of(engine, workload)[0], mask)
    tiers = tuple(stage.name for stage in engine.stages)
    acts = found(DirectionAnswer(Direction.INGRESS, (decision,), (), tiers))
    if acts != asked.expected(side, Direction.INGRESS):
        yield f"{INGRESS_CONTROLLER} => {name} on {point}: expected {side.acts}, got {acts}"
    if ((name, *point) in asked.carried) != (verdict == "allowed"):
        yield f"{INGRESS_CONTROLLER} => {name} on {point}: expected {verdict}"


def compared() -> list[Case]:
    out = left_out()
    return [c for c in cases(SUITE) if c.name not in out]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in compared()] or [None])
def test_the_rules_that_decide_are_those_of_the_suite(corpus: Path, case: Case | None) -> None:
    assert case is not None, f"{corpus} does not hold {SUITE}"
    wrong = list(differences(case))
    if case.name not in OTHERWISE and "Route" in foreign_kinds(case):
        wrong = [text for text in wrong if not text.startswith(INGRESS_CONTROLLER)]
    assert len(wrong) == OTHERWISE.get(case.name, (0, ""))[0], wrong[:3]


POINTS_ASKED: Final = 3


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in compared()] or [None])
def test_the_command_line_names_the_same_rules(corpus: Path, case: Case | None) -> None:
    assert case is not None
    snapshot = load([case.input], complete=False).snapshot
    asked = Asked(snapshot, compile_engine(snapshot))
    questions = (
        (pair, point, sides(part["reasons"]), verdict)
        for pair in case.expected["expected_explain"]
        for verdict in ("allowed", "denied")
        for part in pair[verdict]
        for point in points(part)
        if pair["src"] != INGRESS_CONTROLLER and case.name not in OTHERWISE
    )
    for pair, (protocol, port), expected, verdict in islice(questions, POINTS_ASKED):
        where = ("--from", pair["src"], "--to", pair["dst"], "--port", str(port), "--protocol", protocol.value)
        answer = json.loads(ask("explain", case.input, *where, "--format", "json").out)
        assert answer["verdict"] == verdict
        for direction in answer["directions"]:
            way = Direction(direction["direction"].capitalize())
            told = set()
            for each in direction["policies"]:
                name, _, kind = each["ref"][:-1].rpartition("[")
                told.add(Act(kind, name, each["effect"], each["rule"]))
                assert Path(each["source"].rpartition(":")[0]).is_file()
                assert each["tier"]
            assert (direction["verdict"], told) == (expected[way].verdict, asked.expected(expected[way], way))


def test_every_case_of_kubernetes_kinds_is_compared(corpus: Path) -> None:
    assert {c.name for c in cases(SUITE)} >= COMPARED_ALL_THE_SAME | OTHERWISE.keys()
    assert len(compared()) >= 21
