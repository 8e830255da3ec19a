"""What became of assertions, as rows beside findings and in the form of the command line's JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lib.assertions import Outcome, Result
from lib.tables.row import Row

_SEVERITIES: Final = {Outcome.HOLDS: "ok", Outcome.FAILS: "error", Outcome.UNKNOWN: "warning"}
_CODES: Final = {
    Outcome.HOLDS: "assertion-holds",
    Outcome.FAILS: "assertion-fails",
    Outcome.UNKNOWN: "assertion-unknown",
}


def assertion_rows(results: Iterable[Result]) -> list[Row]:
    """One row an assertion, with the columns of findings."""
    return [
        {
            "severity": _SEVERITIES[result.outcome],
            "finding": result.assertion.name,
            "kind": "Assertion",
            "subject": str(result.assertion),
            "what": result.message + _first(result),
            "why": "; ".join(f"{e.src} → {e.dst} on {e.ports}: {e.reason}" for e in result.examples if e.reason),
            "remedy": "",
            "code": _CODES[result.outcome],
            "reference": "",
            "source": result.assertion.place,
        }
        for result in results
    ]


def _first(result: Result) -> str:
    if not result.examples or result.examples[0].over:
        return ""
    first = result.examples[0]
    return f", for example {first.src} → {first.dst} on {first.ports}"


def assertion_json(result: Result) -> dict[str, Any]:
    """One assertion's result as the command line writes it."""
    return {
        "name": result.assertion.name,
        "kind": result.assertion.kind.value,
        "outcome": result.outcome.value,
        "message": result.message,
        "flows": result.count,
        "examples": [
            {
                "src": example.src,
                "dst": example.dst,
                "ports": example.ports.to_json(),
                "reason": example.reason,
                "over": list(example.over),
            }
            for example in result.examples
        ],
        "source": result.assertion.place,
    }
