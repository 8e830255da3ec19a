"""What became of assertions, as rows beside findings and in the form of the command line's JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lib.assertions import Example, Outcome, Result
from lib.tables.row import Locate, Row, listed

_SEVERITIES: Final = {Outcome.HOLDS: "ok", Outcome.FAILS: "error", Outcome.UNKNOWN: "warning"}
_CODES: Final = {
    Outcome.HOLDS: "assertion-holds",
    Outcome.FAILS: "assertion-fails",
    Outcome.UNKNOWN: "assertion-unknown",
}


def assertion_rows(results: Iterable[Result], locate: Locate) -> list[Row]:
    """One row an assertion, with the columns of findings."""
    return [
        {
            "severity": _SEVERITIES[result.outcome],
            "finding": result.assertion.name,
            "kind": "Assertion",
            "subject": str(result.assertion),
            "what": what_failed(result, locate),
            "why": "; ".join(f"{_flow(e)}: {explanation(e, locate)}" for e in result.examples if e.reason),
            "remedy": "",
            "code": _CODES[result.outcome],
            "reference": "",
            "source": result.assertion.place,
        }
        for result in results
    ]


def what_failed(result: Result, locate: Locate) -> str:
    """What became of an assertion, with the first flow that is to blame and its explanation."""
    if not result.examples:
        return result.message
    first = result.examples[0]
    example = "" if first.over else f", for example {_flow(first)}"
    told = explanation(first, locate)
    return f"{result.message}{example}" + (f": {told}" if told else "")


def explanation(example: Example, locate: Locate) -> str:
    """Why the engine answers so, and where the rules and policies stand that decided."""
    places = list(dict.fromkeys(filter(None, (locate(each.source) for each in example.decided))))
    return example.reason + (f" ({listed(places)})" if places else "")


def _flow(example: Example) -> str:
    return f"{example.src} → {example.dst} on {example.ports}"


def assertion_json(result: Result, locate: Locate) -> dict[str, Any]:
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
                "decided_by": [
                    {"ref": str(d.policy), "rule": d.rule, "effect": d.effect, "source": locate(d.source)}
                    for d in example.decided
                ],
            }
            for example in result.examples
        ],
        "source": result.assertion.place,
    }
