"""Answers of security groups in the words of hops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lib.azure.security_group_judge import Judgement, rule_words
from lib.model.policies import Verdict
from lib.trace.hop import Decider, HopVerdict

WORDS: Final[Mapping[Verdict, HopVerdict]] = {
    Verdict.ALLOWED: HopVerdict.ALLOWED,
    Verdict.DENIED: HopVerdict.DENIED,
    Verdict.UNKNOWN: HopVerdict.UNKNOWN,
}
_VERDICTS: Final = ("Allowed: ", "Denied: ", "Unknown: ")


def plain_words(text: str) -> str:
    """An answer without the verdict's word, which the hop says itself, and without the full stop."""
    for word in _VERDICTS:
        text = text.replace(word, "")
    return text.removesuffix(".")


def deciders_of_groups(judged: Judgement) -> Iterator[Decider]:
    """The rules that decided, each with its place in the text that holds it."""
    for said in judged.deciding:
        if (rule := said.rule) is not None:
            words = f"{', '.join(rule.sources)} to {', '.join(rule.destinations)} ports {', '.join(rule.ports)}"
            yield Decider(rule_words(rule), rule.access.value, said.group.name, words, rule.source, rule.line)
