"""Reads single values of a plan file or of flags; what can't be read becomes a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, TypeVar

from lib.ipplan.demand import Address, Growth, Network, Surge
from lib.ipplan.problems import PlanProblem, unreadable

_Choice = TypeVar("_Choice", bound=StrEnum)
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9_])?")
COUNT_MAX = 1_000_000
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?", re.ASCII)
_RANGE = re.compile(r"[0-9A-Fa-f:.]{2,45}/[0-9]{1,3}", re.ASCII)
_DELEGATION = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+", re.ASCII)
_YEARS = (2000, 2200)
_ZONES = ("1", "2", "3")
_LONGEST_SHOWN = 60
_NAME_LENGTH = 80


class Fields:
    """The keys of one mapping, read one by one; ``finish`` reports those that nobody asked for.

    Keys may be written with ``-`` or ``_``. A key whose value is null counts as absent. Every method gives the
    default where the key is absent or its value can't be read; in the second case a problem is added.
    """

    def __init__(self, values: Mapping[Any, Any], where: str, problems: list[PlanProblem]) -> None:
        self._values: dict[str, Any] = {}
        self._where = where
        self._asked: set[str] = set()
        self.problems = problems
        for key, value in values.items():
            name = str(key).replace("-", "_")
            if name in self._values:
                self.add(name, f"{self.place(name)} is given twice.", "Each field stands once.")
            self._values[name] = value

    def place(self, name: str) -> str:
        """The field as a path that a person finds in the file, e.g. ``clusters[0].pools[1].nodes``."""
        return f"{self._where}.{name}" if self._where else name

    def add(self, name: str, message: str, expected: str) -> None:
        """Report that ``name`` can't be read."""
        self.problems.append(unreadable(message, self.place(name), expected))

    def raw(self, name: str) -> Any:
        """The value as it stands; None where it is absent."""
        self._asked.add(name)
        return self._values.get(name)

    def has(self, name: str) -> bool:
        """Whether the field is given."""
        return self._values.get(name) is not None

    def _wrong(self, name: str, value: Any, expected: str) -> None:
        self.add(name, f"{self.place(name)} is {shown(value)}. {expected}", expected)

    def count(self, name: str, default: int, least: int = 0, most: int = COUNT_MAX) -> int:
        """A whole number from ``least`` to ``most``, also written as text."""
        found = self.optional_count(name, least, most)
        return default if found is None else found

    def optional_count(self, name: str, least: int = 0, most: int = COUNT_MAX) -> int | None:
        """The same; None where it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        expected = f"It must be a whole number from {least} to {most}."
        number = _whole(value)
        if number is None or not least <= number <= most:
            self._wrong(name, value, expected)
            return None
        return number

    def flag(self, name: str) -> bool:
        """A yes or no; absent is no."""
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        if isinstance(value, str) and value.lower() in ("true", "yes", "on", "false", "no", "off"):
            return value.lower() in ("true", "yes", "on")
        self._wrong(name, value, "It must be true or false.")
        return False

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        """One of the values of ``kind``."""
        value = self.raw(name)
        if value is None:
            return default
        text = value.strip().lower().replace("-", "_") if isinstance(value, str) else None
        for member in kind:
            if text == member.value:
                return member
        options = [member.value for member in kind]
        near = get_close_matches(text or "", options, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        self._wrong(name, value, f"It must be one of {', '.join(options)}.{hint}")
        return default

    def word(self, name: str, options: tuple[str, ...], default: str = "") -> str:
        """One of ``options``; the default where it is absent."""
        value = self.raw(name)
        if value is None or value == default:
            return default
        if isinstance(value, str) and value.strip().lower() in options:
            return value.strip().lower()
        self._wrong(name, value, f"It must be one of {', '.join(options)}.")
        return default

    def name(self, key: str, default: str) -> str:
        """A name: letters, digits, ``-``, ``_`` and ``.``."""
        value = self.raw(key)
        if value is None:
            return default
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not _NAME.fullmatch(text) or len(text) > _NAME_LENGTH:
            expected = f"It must be a name of at most {_NAME_LENGTH} letters, digits, hyphens, underscores and dots."
            self._wrong(key, value, expected)
            return default
        return text

    def text(self, name: str) -> str:
        """Any short text on one line; "" where it is absent."""
        value = self.raw(name)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.isprintable() or len(value) > 4 * _LONGEST_SHOWN:
            self._wrong(name, value, "It must be a short text on one line.")
            return ""
        return value

    def delegation(self, name: str) -> str:
        """The service that a subnet is delegated to; "" where it is absent."""
        text = self.text(name).strip()
        if text and not _DELEGATION.fullmatch(text):
            self._wrong(name, text, "It must be a service such as Microsoft.ContainerService/managedClusters.")
            return ""
        return text

    def network(self, name: str) -> Network | None:
        """An address range such as ``10.20.0.0/16``; None where it is absent."""
        value = self.raw(name)
        return None if value is None else self.as_network(name, value)

    def as_network(self, name: str, value: Any) -> Network | None:
        """``value``, which stands under ``name``, as an address range."""
        expected = "It must be an address range such as 10.20.0.0/16."
        # Masks and zones, which the library takes too, are no prefix lengths.
        if not isinstance(value, str) or not _RANGE.fullmatch(value.strip()):
            self._wrong(name, value, expected)
            return None
        try:
            return ip_network(value.strip())
        except ValueError:
            pass
        try:
            masked = ip_network(value.strip(), strict=False)
        except ValueError:
            self._wrong(name, value, expected)
        else:
            expected = f"An address range begins at its first address: {masked}."
            self._wrong(name, value, expected)
        return None

    def ipv4_network(self, name: str) -> IPv4Network | None:
        """An IPv4 range; None where it is absent."""
        found = self.network(name)
        if isinstance(found, IPv6Network):
            self._wrong(name, str(found), "It must be an IPv4 range such as 10.20.0.0/16.")
            return None
        return found

    def ipv6_network(self, name: str) -> IPv6Network | None:
        """An IPv6 range; None where it is absent."""
        found = self.network(name)
        if isinstance(found, IPv4Network):
            self._wrong(name, str(found), "It must be an IPv6 range such as fd00:10::/64.")
            return None
        return found

    def address(self, name: str) -> Address | None:
        """An address; None where it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        try:
            if not isinstance(value, str):
                raise ValueError
            return ip_address(value.strip())
        except ValueError:
            self._wrong(name, value, "It must be an address such as 10.0.0.10.")
            return None

    def optional_share(self, name: str) -> Surge | None:
        """A number of nodes, or a percentage such as ``33%``; None where it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        text = value.strip() if isinstance(value, str) else value
        is_percent = isinstance(text, str) and text.endswith("%")
        number = _whole(text[:-1] if isinstance(text, str) and is_percent else text)
        if number is None or not 0 <= number <= (100 if is_percent else COUNT_MAX):
            self._wrong(name, value, "It must be a number of nodes such as 2, or a percentage up to 100%.")
            return None
        return Surge(number, is_percent)

    def growth(self, name: str) -> Growth | None:
        """Nodes a month such as ``2.5``, or a percentage such as ``10%``; None where it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        is_percent = text.endswith("%")
        number = text.removesuffix("%").strip()
        if re.fullmatch(r"[0-9]{1,7}([.][0-9]{1,6})?", number, re.ASCII):
            amount = Fraction(number)
            if amount <= (100 if is_percent else COUNT_MAX):
                return Growth(amount, is_percent)
        self._wrong(name, value, "It must be a number of nodes a month such as 2.5, or a percentage up to 100%.")
        return None

    def day(self, name: str) -> date | None:
        """A day as ``2027-03-31``, or the first of a month as ``2027-03``; None where it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        found = value if isinstance(value, date) and not isinstance(value, datetime) else None
        if isinstance(value, str) and (match := _DAY.fullmatch(value.strip())):
            try:
                found = date(int(match[1]), int(match[2]), int(match[3] or 1))
            except ValueError:
                found = None
        if found is None or not _YEARS[0] <= found.year <= _YEARS[1]:
            expected = (
                f"It must be a day such as 2027-03-31 or a month such as 2027-03, from {_YEARS[0]} to {_YEARS[1]}."
            )
            self._wrong(name, value, expected)
            return None
        return found

    def zones(self, name: str) -> tuple[str, ...]:
        """Availability zones as a list, or as ``1 2 3`` or ``1,2,3``; empty where it is absent."""
        value = self.raw(name)
        if value is None:
            return ()
        texts = re.split(r"[\s,+]+", value.strip()) if isinstance(value, str) else value
        if isinstance(texts, int) and not isinstance(texts, bool):
            texts = [texts]
        found = [str(text) for text in texts] if isinstance(texts, list | tuple) else []
        if not found or len(set(found)) < len(found) or not set(found) <= set(_ZONES):
            self._wrong(name, value, f"It must be some of the zones {', '.join(_ZONES)}, such as 1 2 3.")
            return ()
        return tuple(sorted(found))

    def mappings(self, name: str) -> list[tuple[str, Mapping[Any, Any]]]:
        """A list of mappings, each with its place; empty where it is absent.

        A mapping may also be written as a text such as ``name=jump,prefix=27``.
        """
        value = self.raw(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self._wrong(name, value, "It must be a list.")
            return []
        found = []
        for index, item in enumerate(value):
            if isinstance(item, str) and "=" in item:
                parts = [part.partition("=") for part in item.split(",")]
                item = {key.strip(): text.strip() for key, _, text in parts}
            if isinstance(item, Mapping):
                found.append((f"{self.place(name)}[{index}]", item))
            else:
                self._wrong(f"{name}[{index}]", item, "It must be a mapping of fields.")
        return found

    def finish(self) -> None:
        """Report every field that nobody asked for, with the nearest name that is known."""
        for name in self._values:
            if name not in self._asked:
                near = get_close_matches(name, sorted(self._asked), 1)
                hint = f" Did you mean {near[0]}?" if near else ""
                expected = f"Known fields are {', '.join(sorted(self._asked))}."
                self.add(name, f"{self.place(shown_name(name))} is not a field of the plan.{hint}", expected)


def shown(value: Any) -> str:
    """A value quoted and shortened for a sentence; mappings and lists are only named."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")


def shown_name(name: str) -> str:
    """A key that nobody knows, shortened and on one line."""
    return shown(name)[1:-1]


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,12}", value.strip(), re.ASCII):
        return int(value)
    return None
