"""Verdicts, states and severities with an icon, so that nobody has to tell them apart by colour."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_ICONS: Final = MappingProxyType(
    {
        "error": "✖ error",
        "warning": "▲ warning",
        "info": "● info",
        "not checked": "○ not checked",
        "ok": "✔ ok",
        "allowed": "✔ allowed",
        "allowed on some ports": "◑ allowed on some ports",
        "partly allowed": "◐ partly allowed",
        "partial": "◐ partial",
        "partly denied": "◐ partly denied",
        "denied": "✖ denied",
        "unknown": "? unknown",
        "open by default": "◇ open by default",
        "no pods": "– no pair to judge",
        "holds": "✔ holds",
        "fails": "✖ fails",
        "rejected": "✖ rejected",
        "selects no pod": "▲ selects no pod",
        "ignored": "▲ ignored by the engine",
        "staged": "○ staged, not enforced",
        "permits": "✔ permits",
        "denies": "✖ denies",
        "Allow": "✔ Allow",
        "Deny": "✖ Deny",
        "decides": "► decides",
        "may match": "? may match",
        "matches": "✔ matches",
        "does not match": "· does not match",
        "passes": "→ passes on",
        "logs": "· logs",
        "may log": "? may log",
        "isolates": "✖ isolates",
        "undecided": "? undecided",
        "depends": "◐ depends",
        "taken for granted": "○ taken for granted",
        "wins": "✔ wins",
        "fits": "○ fits, but loses",
        "does not fit": "✖ does not fit",
        "internet": "● internet",
        "vnet": "◐ virtual network",
        "node network": "○ node network",
        "cluster": "· cluster",
        "Refused by Azure": "✖ refused by Azure",
        "Breaks later or is unsupported": "▲ breaks later",
        "Unwise": "● unwise",
    }
)
_PORTS: Final = frozenset(["port", "node_port", "frontend_port", "priority"])
_WITH_ICON: Final = frozenset(["state", "verdict", "severity", "effect", "answer", "scope", "class", "access"])


def decorated(column: str, value: object) -> object:
    """A verdict or state with its icon before the word, a port without commas; everything else as it is."""
    if column in _PORTS and value is not None:
        return str(value)
    return _ICONS.get(value, value) if column in _WITH_ICON and isinstance(value, str) else value


def icon_word(word: str) -> str:
    """A verdict, state or severity with its icon."""
    return _ICONS.get(word, word)
