"""Reads single values of the az command line's JSON; what can't be read becomes a sentence with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from lib.ipplan.demand import Address, Network, Surge
from lib.ipplan.problems import PlanProblem, unreadable
from lib.ipplan.read_values import COUNT_MAX, Fields, shown

ITEMS_MAX: Final = 200_000
_NAME_LENGTH: Final = 120
_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the JSON does not say, and what the plan does about it."""

    path: str
    message: str


@dataclass(slots=True)
class Notes:
    """What reading found: values that can't be right, and what is not stated."""

    wrong: list[PlanProblem] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def add_wrong(self, path: str, message: str, expected: str) -> None:
        """A value that can't be read; the sentence begins with its path."""
        self.wrong.append(unreadable(f"{path} {message}", path, expected))

    def add_unknown(self, path: str, message: str) -> None:
        """A value that is not there."""
        self.unknown.append(Unknown(path, message))


class Json:
    """One JSON object and its path. Keys are found whatever their case, also inside ``properties``, as ARM nests them.

    Every method gives None where the key is absent or null, or where its value can't be read, which is noted.
    """

    def __init__(self, values: dict[str, Any], path: str, notes: Notes) -> None:
        self._values = {key.lower(): (key, value) for key, value in values.items()}
        inner = self._values.get("properties", ("", None))[1]
        if isinstance(inner, dict):
            for key, value in inner.items():
                self._values.setdefault(key.lower(), (f"properties.{key}", value))
        self.path = path
        self.notes = notes

    def place(self, name: str) -> str:
        """The path of a field, as the JSON itself spells it."""
        return f"{self.path}.{self._values.get(name.lower(), (name, None))[0]}"

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._values.get(name.lower(), ("", None))[1] is not None

    def wrong(self, name: str, expected: str) -> None:
        """Note that a field can't be read."""
        value = self._values.get(name.lower(), ("", None))[1]
        what = "is missing." if value is None else f"is {shown(value)}."
        self.notes.add_wrong(self.place(name), f"{what} {expected}", expected)

    def text(self, name: str) -> str | None:
        """A text of at most one line."""
        value = self._values.get(name.lower(), ("", None))[1]
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not value.isprintable() or len(value) > 10 * _NAME_LENGTH:
            self.wrong(name, "It must be a text on one line.")
            return None
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where it is absent. What is none among them is told and left out."""
        value = self._values.get(name.lower(), ("", None))[1]
        if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            self.wrong(name, "It must be a list of texts.")
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def name(self, name: str = "name") -> str | None:
        """A name as Azure takes them for clusters, pools, networks and subnets; it must be there."""
        found = self.text(name)
        if found is not None and is_name(found):
            return found
        if found is not None or not self.has(name):
            self.wrong(name, f"It must be a name of at most {_NAME_LENGTH} letters, digits, hyphens, dots and such.")
        return None

    def whole(self, name: str) -> int | None:
        """A whole number from 0 on."""
        value = self._values.get(name.lower(), ("", None))[1]
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
            self.wrong(name, f"It must be a whole number from 0 to {COUNT_MAX}.")
            return None
        return value

    def flag(self, name: str) -> bool:
        """A truth value; absent is no."""
        value = self._values.get(name.lower(), ("", None))[1]
        if value is not None and not isinstance(value, bool):
            self.wrong(name, "It must be true or false.")
        return value is True

    def word(self, name: str, options: tuple[str, ...]) -> str | None:
        """One of some words, in lower case."""
        found = self.text(name)
        if found is None or found.lower() in options:
            return found.lower() if found is not None else None
        self.wrong(name, f"It must be one of {', '.join(options)}.")
        return None

    def share(self, name: str) -> Surge | None:
        """A number of nodes or a percentage, as upgrade settings hold them."""
        found: list[PlanProblem] = []
        value = self._values.get(name.lower(), ("", None))[1]
        surge = Fields({name: value if value != "" else None}, "", found).optional_share(name)
        if found:
            self.wrong(name, found[0].remedy)
        return surge

    def networks(self, *names: str) -> tuple[Network, ...]:
        """The address ranges of the first of some fields that is there: a list of texts, or one text."""
        name = next((one for one in names if self.has(one)), None)
        if name is None:
            return ()
        value = self._values[name.lower()][1]
        texts = value if isinstance(value, list) else [value]
        found: list[Network] = []
        for index, text in enumerate(texts[:ITEMS_MAX]):
            try:
                if not isinstance(text, str) or "/" not in text:
                    raise ValueError
                found.append(ip_network(text.strip()))
            except ValueError:
                place = f"{self.place(name)}[{index}]" if isinstance(value, list) else self.place(name)
                expected = "It must be an address range such as 10.20.0.0/16."
                self.notes.add_wrong(place, f"is {shown(text)}. {expected}", expected)
        return tuple(found)

    def ipv4(self, *names: str) -> IPv4Network | None:
        """The first IPv4 range of ``networks``."""
        return next((cidr for cidr in self.networks(*names) if isinstance(cidr, IPv4Network)), None)

    def ipv6(self, *names: str) -> IPv6Network | None:
        """The first IPv6 range of ``networks``."""
        return next((cidr for cidr in self.networks(*names) if isinstance(cidr, IPv6Network)), None)

    def address(self, name: str) -> Address | None:
        """An address."""
        found = self.text(name)
        try:
            return ip_address(found) if found is not None else None
        except ValueError:
            self.wrong(name, "It must be an address such as 10.0.0.10.")
            return None

    def inner(self, name: str) -> Json | None:
        """An object."""
        value = self._values.get(name.lower(), ("", None))[1]
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, "It must be an object.")
            return None
        return Json(value, self.place(name), self.notes)

    def items(self, name: str) -> Iterator[Json]:
        """The objects of a list."""
        value = self._values.get(name.lower(), ("", None))[1]
        if value is None:
            return
        if not isinstance(value, list) or len(value) > ITEMS_MAX:
            self.wrong(name, f"It must be a list of at most {ITEMS_MAX} objects.")
            return
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield Json(item, f"{self.place(name)}[{index}]", self.notes)
            else:
                expected = "It must be an object."
                self.notes.add_wrong(f"{self.place(name)}[{index}]", f"is {shown(item)}. {expected}", expected)


def is_name(text: str) -> bool:
    """Whether Azure would take ``text`` for the name of a cluster, a pool, a network or a subnet."""
    return len(text) <= _NAME_LENGTH and _NAME.fullmatch(text) is not None
