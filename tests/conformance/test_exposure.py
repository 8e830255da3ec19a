"""To whom workloads are open beyond the pods of the input: the exposure lists of the public suites, row by row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest

from lib.cli.load import load
from lib.exposure import exposed_to, exposures
from lib.model.labels import EVERYTHING, LabelSelector, Operator, Requirement
from lib.model.policies import Direction, NamespacesByLabel, NamespaceScope, OwnNamespace
from lib.model.sets import ConnectionSet, PortSet, Protocol
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES
from lib.policy.newcomers import ANYBODY, Newcomers, newcomers
from tests.conformance.cases import KNOWN_OPTIONS, Case, cases, is_named

pytestmark = pytest.mark.corpus

SUITES = ("netpol-analyzer-exposure", "netpol-analyzer-exposure-focus")

Row = tuple[str, Direction, Newcomers | str, str]
"""Workload, direction, whom it is open to, and the ports."""

OUTSIDE = "outside"


def selector(text: str) -> LabelSelector:
    """``{env=a,{Key:app,Operator:In,Values:[x y],}}``."""
    found = [
        Requirement(key, Operator(operator), frozenset(values.split()))
        for key, operator, values in re.findall(r"\{Key:([^,]+),Operator:(\w+),Values:\[([^\]]*)\],\}", text)
    ]
    rest = re.sub(r"\{Key:[^}]*\}", "", text).strip("{}")
    labels = (pair.split("=", 1) for pair in rest.split(",") if pair)
    found += [Requirement(key, Operator.IN, frozenset({value})) for key, value in labels]
    return LabelSelector(tuple(found))


def peer(name: str) -> Newcomers | str:
    """Whom the suite names: the outside, the entire cluster, or pods by selectors."""
    if name.endswith("[External]"):
        assert name == "0.0.0.0-255.255.255.255[External]"
        return OUTSIDE
    if name == "entire-cluster":
        return ANYBODY
    # Keys of labels hold slashes too.
    where, _, pods = name.rpartition("/[")
    scope: NamespaceScope
    if where == "[all namespaces]":
        scope = NamespacesByLabel(EVERYTHING)
    elif where.startswith("[namespace with "):
        scope = NamespacesByLabel(selector(where.removeprefix("[namespace with ")[:-1]))
    else:
        scope = OwnNamespace(where)
    return newcomers(scope, EVERYTHING if pods == "all pods]" else selector(pods.removeprefix("pod with ")[:-1]))


def expected(case: Case) -> set[Row]:
    """The rows of the suite; names of ports stand behind the numbers."""
    connection = (case.expected.get("options") or {}).get("focus_conn")
    if connection is not None:
        # With one connection asked for the suite writes no ports; the rows lie among the notes.
        rows = (re.split(r"\s+(=>|<=)\s+", line) for line in case.expected["notes"])
        return {
            (row[0], Direction.EGRESS if row[1] == "=>" else Direction.INGRESS, peer(row[2]), written(only(connection)))
            for row in rows
            if len(row) == 3
        }
    found = set()
    for direction in Direction:
        for row in case.expected["exposure"][direction.field]:
            workload, other = (row["src"], row["dst"]) if direction is Direction.EGRESS else (row["dst"], row["src"])
            found.add((workload, direction, peer(other), ports(row["ports"])))
    return found


def ports(held: dict[str, list[Any]]) -> str:
    names, numbers = [], ConnectionSet()
    for protocol, spans in held.items():
        # A name without a protocol is any port of this name.
        of = list(Protocol) if protocol == "?" else [Protocol(protocol)]
        names += [(p, span) for span in spans if isinstance(span, str) for p in of]
        intervals = PortSet.from_intervals([tuple(span) for span in spans if not isinstance(span, str)])
        numbers |= ConnectionSet.from_ports(dict.fromkeys(of, intervals))
    return written(numbers, names)


def only(connection: str) -> ConnectionSet:
    """``udp-52``."""
    protocol, _, port = connection.upper().partition("-")
    return ConnectionSet.of(Protocol(protocol), int(port))


def written(numbers: ConnectionSet, names: Iterable[tuple[Protocol, str]] = ()) -> str:
    return ", ".join(filter(None, (str(numbers) if numbers else "", *sorted(f"{p.value} {name}" for p, name in names))))


def answered(case: Case, engine: Engine, asked: Collection[tuple[str, Direction, Newcomers | str]]) -> set[Row]:
    """Our rows, as far as the suite's options and habits let it list them."""
    options = case.expected.get("options") or {}
    assert options.keys() <= KNOWN_OPTIONS, options
    focus, way, connection = (options.get(f"focus_{key}") for key in ("workloads", "direction", "conn"))
    found: dict[tuple[str, Direction, Newcomers | str], str] = {}
    for row in exposed_to(engine):
        key = str(row.workload), row.direction, OUTSIDE if row.newcomers is None else row.newcomers
        if (focus and not is_named(key[0], focus)) or (way and row.direction.field != way):
            continue
        if row.newcomers is None and row.addresses.ipv4 != ((0, 2**32 - 1),):
            continue  # the suite lists here only what is open to all addresses
        if key not in asked and row.present and by_labels_alone(key[2]):
            continue  # nor whom matchLabels of pods name where the input has such a pod
        numbers = row.ports.numbers if connection is None else row.ports.numbers & only(connection)
        found[key] = written(numbers, row.ports.names)
    if connection is not None:
        # On one port only those are listed that have it otherwise than anybody there.
        found = {
            k: v for k, v in found.items() if v and (k[2] in (OUTSIDE, ANYBODY) or v != found.get((*k[:2], ANYBODY)))
        }
    return {(*key, value) for key, value in found.items()}


def by_labels_alone(each: Newcomers | str) -> bool:
    if isinstance(each, str) or each.pods.is_everything:
        return False
    requirements = (*each.pods.requirements, *each.namespace_requirements)
    return all(r.operator is Operator.IN and len(r.values) == 1 for r in requirements)


OTHERWISE = {
    "exposure_test_with_different_rules_2_with_matching_pod": (
        {
            "- hello-world/workload-a[Deployment] Ingress pods with app=x in namespace hello-world: TCP 9090",
            "+ hello-world/workload-a[Deployment] Ingress pods with app=x in namespace hello-world: TCP 8080,9090",
        },
        "a pod with app=x has the label app too, so that the rule for 'Exists' names it as well",
    ),
    "exposure_test_with_different_rules_3_with_matching_pod": (
        {
            "- hello-world/workload-a[Deployment] Ingress pods with !app in namespace hello-world: TCP 8080",
            "+ hello-world/workload-a[Deployment] Ingress pods with !app in namespace hello-world: TCP 8080,9090",
        },
        "'NotIn' holds where the label is absent, so that its rule names pods without the label as well",
    ),
    "anp_demo_udp-52": (
        {
            "+ gryffindor/harry-potter[StatefulSet] Ingress all pods in namespace slytherin: UDP 52",
            "+ ravenclaw/luna-lovegood[StatefulSet] Ingress all pods in namespace gryffindor: UDP 52",
        },
        "new pods of a namespace of the input are named by its labels too, which the input holds",
    ),
}
"""Cases of which single rows are answered otherwise by the API's own words."""

LEFT_OUT: dict[str, str] = {}
"""Cases that are not compared; none, since only policies decide these lists."""


def compared() -> list[Case]:
    return [case for suite in SUITES for case in cases(suite) if case.name not in LEFT_OUT]


def engine_of(case: Case) -> Engine:
    # "An ipBlock never matches a pod" in these suites, as in those of flows.
    profile = KUBERNETES.with_ip_blocks_matching_pods(False)
    return compile_engine(load([case.input], complete=False).snapshot, profile)


def parameters() -> list[object]:
    return [pytest.param(c, id=f"{c.suite}/{c.name}") for c in compared()] or [pytest.param(None, id="no-corpus")]


@pytest.mark.parametrize("case", parameters())
def test_workloads_are_open_to_whom_the_suite_expects(corpus: Path, case: Case | None) -> None:
    assert case is not None, f"{corpus} holds none of {SUITES}"
    want = expected(case)
    have = answered(case, engine_of(case), {row[:3] for row in want})
    differing = {f"- {said(row)}" for row in want - have} | {f"+ {said(row)}" for row in have - want}
    assert differing == OTHERWISE.get(case.name, (set(), ""))[0]


def said(row: Row) -> str:
    workload, direction, who, held = row
    return f"{workload} {direction.value} {who}: {held or 'nothing'}"


@pytest.mark.parametrize("case", parameters())
def test_workloads_that_no_policy_selects_are_those_of_the_suite(corpus: Path, case: Case | None) -> None:
    assert case is not None
    options = case.expected.get("options") or {}
    focus, way = options.get("focus_workloads"), options.get("focus_direction")
    found = {
        (str(each.workload), direction.field)
        for each in exposures(engine_of(case))
        for direction, side in ((Direction.INGRESS, each.ingress), (Direction.EGRESS, each.egress))
        if side.unprotected and (not focus or is_named(str(each.workload), focus)) and way in (None, direction.field)
    }
    want = {(row["workload"], row["direction"]) for row in case.expected["unprotected"]}
    if options.get("focus_conn"):
        assert not want  # the suite lists none where one connection is asked for
    else:
        assert found == want


def test_every_exposure_of_the_suites_is_compared(corpus: Path) -> None:
    assert {c.name for c in compared()} >= OTHERWISE.keys()
    assert len(compared()) >= 49
    rows = [row for case in compared() for row in expected(case)]
    assert len(rows) >= 250
    assert {who for _, _, who, _ in rows} > {OUTSIDE, ANYBODY}
