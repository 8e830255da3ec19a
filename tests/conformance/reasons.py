"""The reason lines of the suite of explanations, read into what they say: which rules decide, and which nearly did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from lib.model.policies import Direction
from lib.model.sets import ConnectionSet, PortSet, Protocol

_HEAD: Final = re.compile(r"(Allowed|Denied) .* due to (?:the following policies and rules:|(the system default) .*)")
_SIDE: Final = re.compile(r"    (Egress|Ingress) \((Allowed|Denied)\)(?: due to (the system default) .*)?")
_ACTS: Final = re.compile(r"(\w+) '([^']+)' (allows|denies|passes) connections by (Egress|Ingress) rule (.+)")
_SELECTS: Final = re.compile(
    r"(\w+) '([^']+)' selects .+, (?:but .+ is not allowed by any (?:Egress|Ingress) rule( \(no rules defined\))?"
    r"|and (?:Egress|Ingress) rule (#\d+) selects .+, but the protocols and ports do not match)"
)
_EFFECTS: Final = {"allows": "permits", "denies": "denies", "passes": "passes"}
NOT_POLICIES: Final = ("Ingress '", "Route '")
"""How the lines begin that are about entry points, not about policies."""


@dataclass(frozen=True)
class Act:
    """What one policy does: ``rule`` is ``#1``, the name of a rule, or "" for the whole policy."""

    kind: str
    policy: str
    effect: str
    rule: str = ""


@dataclass
class Side:
    """One direction: its verdict, the policies and rules that decide it, and the rules that miss by their ports."""

    verdict: str
    acts: set[Act] = field(default_factory=set)
    missed: set[Act] = field(default_factory=set)
    without_rules: set[Act] = field(default_factory=set)
    entry_points: list[str] = field(default_factory=list)


def sides(reasons: Iterable[str]) -> dict[Direction, Side]:
    """What the lines of one part of a pair say of each direction. Raises ValueError for a line nobody knows."""
    found: dict[Direction, Side] = {}
    side: Side | None = None
    for line in reasons:
        if line.startswith("####"):
            break  # the heading of the suite's next list
        if head := _HEAD.fullmatch(line):
            if head[2]:
                found = {direction: Side(head[1].lower()) for direction in Direction}
        elif at := _SIDE.fullmatch(line):
            side = found[Direction(at[1])] = Side(at[2].lower())
        elif side is not None and not line.strip().endswith(" list:"):
            _read(line.strip().removeprefix("- "), side)
    return found


def _read(line: str, side: Side) -> None:
    if acts := _ACTS.fullmatch(line):
        side.acts.add(Act(acts[1], acts[2], _EFFECTS[acts[3]], acts[5]))
    elif selects := _SELECTS.fullmatch(line):
        side.acts.add(Act(selects[1], selects[2], "isolates"))
        if selects[3]:
            side.without_rules.add(Act(selects[1], selects[2], "isolates"))
        if selects[4]:
            side.missed.add(Act(selects[1], selects[2], "misses", selects[4]))
    elif line.startswith(NOT_POLICIES):
        side.entry_points.append(line)
    else:
        raise ValueError(line)


def connections(text: str) -> ConnectionSet:
    """``TCP:[80-90,92], UDP, SCTP``: the suite writes no port where it means all."""
    found: dict[Protocol, PortSet] = {}
    for name, ports in re.findall(r"(TCP|UDP|SCTP)(?::\[([^\]]*)\])?", text):
        spans = [tuple(map(int, span.split("-"))) for span in ports.split(",")] if ports else [(1, 65535)]
        found[Protocol(name)] = PortSet.from_intervals([(span[0], span[-1]) for span in spans])
    return ConnectionSet.from_ports(found)


def points(part: dict[str, Any]) -> Iterator[tuple[Protocol, int]]:
    """The first and the last port of every interval of a part."""
    asked = connections(part["connections"])
    for protocol in Protocol:
        for first, last in asked[protocol].intervals:
            yield from ((protocol, port) for port in sorted({first, last}))
