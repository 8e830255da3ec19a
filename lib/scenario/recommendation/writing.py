"""Policies as YAML that kubectl applies, with the reason and the place of each peer as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.scenario.recommendation.blocks import port_items
from lib.scenario.recommendation.drafts import Draft, DraftPeer, DraftRule
from lib.scenario.recommendation.needs import Question

Locate = Callable[[Source], str]

MANAGED_BY: Final = ("app.kubernetes.io/managed-by", "netatlas")
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
# What YAML 1.1 reads as something else than the text that it is.
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_REASONS_UP_TO: Final = 6
_COMMENT_UP_TO: Final = 300


def write_policies(drafts: Sequence[Draft], head: Iterable[str], locate: Locate) -> str:
    """All policies as one YAML text; ``head`` are lines of the comment that it begins with."""
    documents = ["".join(f"{line}\n" for line in _document(draft, locate)) for draft in drafts]
    return "".join(f"{_comment(line)}\n" for line in head) + "---\n".join(documents)


def _document(draft: Draft, locate: Locate) -> Iterator[str]:
    yield _comment(draft.title)
    for question in draft.questions:
        yield from _question(question, locate)
    yield "apiVersion: networking.k8s.io/v1"
    yield "kind: NetworkPolicy"
    yield "metadata:"
    yield f"  name: {_scalar(draft.ref.name)}"
    yield f"  namespace: {_scalar(draft.ref.namespace)}"
    yield "  labels:"
    yield f"    {MANAGED_BY[0]}: {MANAGED_BY[1]}"
    yield "spec:"
    yield from _entry("podSelector", draft.selector, "  ")
    yield "  policyTypes:"
    for direction in draft.directions:
        yield f"  - {direction.value}"
    for direction in Direction:
        rules = [rule for rule in draft.rules if rule.direction is direction]
        if rules:
            yield f"  {direction.field}:"
        for rule in rules:
            yield from _rule(rule, locate)


def _rule(rule: DraftRule, locate: Locate) -> Iterator[str]:
    yield f"  - {'from' if rule.direction is Direction.INGRESS else 'to'}:"
    for peer in rule.peers:
        for line in _reasons(peer, locate):
            yield f"    {_comment(line)}"
        yield from _value([peer.raw], "    ")
    if ports := port_items(rule.ports):
        yield "    ports:"
        yield from _value(ports, "    ")


def _reasons(peer: DraftPeer, locate: Locate) -> Iterator[str]:
    places: dict[str, list[str]] = {}
    for evidence in peer.evidence:
        found = places.setdefault(evidence.text, [])
        if evidence.source is not None and (place := locate(evidence.source)):
            found.append(place)
    reasons = [f"{text} ({', '.join(dict.fromkeys(at))})" if at else text for text, at in places.items()]
    for number, reason in enumerate(reasons[:_REASONS_UP_TO]):
        yield f"{peer.label}: {reason}" if peer.label and not number else f"  {reason}" if number else reason
    if len(reasons) > _REASONS_UP_TO:
        yield f"  and {len(reasons) - _REASONS_UP_TO} more reasons"


def _question(question: Question, locate: Locate) -> Iterator[str]:
    """The rule that is missing, with a place for the peer that only a person knows."""
    place = f" ({locate(question.source)})" if question.source is not None else ""
    yield _comment(f"NOT KNOWN, and closed: {question.text}{place}.")
    yield _comment(question.remedy)


def removal(refs: Sequence[ObjectRef]) -> Iterator[str]:
    """The commands that take the present policies out, a line for each namespace."""
    by_namespace: dict[str, list[str]] = {}
    for ref in refs:
        by_namespace.setdefault(ref.namespace, []).append(ref.name)
    for namespace, names in sorted(by_namespace.items()):
        yield f"kubectl delete networkpolicy -n {namespace} {' '.join(sorted(names))}"


def _entry(key: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield f"{indent}{_scalar(key)}:"
        yield from _value(value, indent if isinstance(value, list) else indent + "  ")
    else:
        yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _value(value: dict[str, object] | Sequence[object], indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(key, item, indent)
        return
    for item in value:
        if isinstance(item, dict) and item:
            lines = list(_value(item, indent + "  "))
            yield f"{indent}- {lines[0].strip()}"
            yield from lines[1:]
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value)
    return "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else str(value)


def _comment(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"# {shown if len(shown) <= _COMMENT_UP_TO else shown[: _COMMENT_UP_TO - 1] + '…'}"
