"""The queries and flows of network-config-analyzer's scheme files, on their manifests as they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cases import comparison
from tests.conformance.scheme_flows import expected_rows, our_rows, sayable
from tests.conformance.scheme_ledger import FLOWS, INGRESS, LAYER_7, LEFT_OUT, NO_PODS, OTHERWISE, WITH_HOSTS
from tests.conformance.scheme_queries import QUERIES
from tests.conformance.schemes import SUITE, Scheme, schemes

pytestmark = pytest.mark.corpus


@cache
def all_schemes() -> tuple[Scheme, ...]:
    return tuple(schemes())


def parameters() -> list[object]:
    return [pytest.param(s, id=s.case.name) for s in all_schemes()] or [pytest.param(None, id="no-corpus")]


def numbered(scheme: Scheme) -> Iterator[dict[str, Any]]:
    """The queries with a number to compare; a connectivityMap has none that means anything."""
    for query in scheme.queries:
        if query["query"] in QUERIES and query.get("expected") is not None:
            yield query


def why_left_out(scheme: Scheme, query: dict[str, Any]) -> str:
    """Why a query has no answer here; "" for one that has."""
    kinds = {kind for name in query["configs"] for kind in foreign(scheme, name.partition("/")[0])}
    if kinds:
        return f"{LAYER_7}: {', '.join(sorted(kinds))}"
    return LEFT_OUT.get(scheme.case.name, {}).get(query["name"], "")


def foreign(scheme: Scheme, config: str) -> set[str]:
    """The kinds of Istio that a configuration holds."""
    return {kind.split()[-1] for kind in scheme.config(config).snapshot.other_kinds if ".istio.io/" in kind}


@pytest.mark.parametrize("scheme", parameters())
def test_a_query_of_a_public_scheme_is_answered_with_its_number(corpus: Path, scheme: Scheme | None) -> None:
    assert scheme is not None, f"{corpus} holds no {SUITE}"
    otherwise = OTHERWISE.get(scheme.case.name, {})
    for query in numbered(scheme):
        if why_left_out(scheme, query):
            continue
        configs = [scheme.config(name) for name in query["configs"]]
        if query["name"] in WITH_HOSTS.get(scheme.case.name, ()):
            configs = [replace(config, with_hosts=True) for config in configs]
        answer = QUERIES[query["query"]](configs)
        wanted = otherwise[query["name"]][0] if query["name"] in otherwise else query["expected"]
        assert answer == wanted, query


def listed(scheme: Scheme) -> dict[str, list[dict[str, Any]]]:
    """Configuration → the flows that the suite's tool lists for it, where no layer 7 kind has a say."""
    told = {entry["config"]: entry["flows"] for entry in scheme.told.get("derived", [])}
    told |= {query["configs"][0]: query["expected_flows"] for query in scheme.queries if "expected_flows" in query}
    return {name: flows for name, flows in told.items() if not foreign(scheme, name)}


@pytest.mark.parametrize("scheme", parameters())
def test_the_flows_of_a_public_scheme_are_those_that_its_tool_lists(corpus: Path, scheme: Scheme | None) -> None:
    assert scheme is not None
    for name, flows in listed(scheme).items():
        expected = {"expected": expected_rows(sayable(flows))}
        found = comparison(corpus).differences(expected, our_rows(scheme.config(name)))
        number, why = FLOWS.get(f"{scheme.case.name}/{name}", (0, ""))
        assert len(found) == number, found[:5]
        if why is INGRESS:
            assert [text for text in found if not text.startswith("ingress-nginx/")] == []


def told_otherwise(scheme: Scheme) -> str:
    """What of a case is answered otherwise and why, for the table; "" where nothing is."""
    reasons = {name: why for name, (_, why) in OTHERWISE.get(scheme.case.name, {}).items()}
    for key, (number, why) in FLOWS.items():
        case, _, config = key.rpartition("/")
        if case == scheme.case.name:
            reasons[f"{number} of the flows of {config}"] = why
    return in_words(reasons)


def told_left_out(scheme: Scheme) -> str:
    """What of a case is left out and why, for the table; "" where nothing is."""
    reasons = {q["name"]: why for q in numbered(scheme) if (why := why_left_out(scheme, q))}
    for entry in scheme.told.get("derived", []):
        if kinds := foreign(scheme, entry["config"]):
            reasons[f"the flows of {entry['config']}"] = f"{LAYER_7}: {', '.join(sorted(kinds))}"
        elif len(sayable(entry["flows"])) < len(entry["flows"]):
            reasons[f"some flows of {entry['config']}"] = NO_PODS
    return in_words(reasons)


def in_words(reasons: dict[str, str]) -> str:
    together: dict[str, list[str]] = {}
    for name, why in reasons.items():
        together.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in together.items())


def test_the_flows_that_the_suite_itself_stores_are_those_that_are_compared(corpus: Path) -> None:
    stored = [s for s in all_schemes() if s.told["expected"]]
    assert stored
    for scheme in stored:
        assert scheme.told["expected"] in listed(scheme).values()


def test_every_answer_that_is_not_the_suites_is_one_of_its_queries(corpus: Path) -> None:
    by_case = {s.case.name: {q["name"] for q in numbered(s)} for s in all_schemes()}
    for ledger in (OTHERWISE, LEFT_OUT):
        for case, queries in ledger.items():
            assert queries.keys() <= by_case[case]
    for case, names in WITH_HOSTS.items():
        assert names <= by_case[case]
    assert sum(len(list(numbered(s))) for s in all_schemes()) >= 300
    assert sum(len(flows) for s in all_schemes() for flows in listed(s).values()) >= 12_000
