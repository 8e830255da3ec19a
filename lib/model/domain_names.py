"""Domain names in policies, and the table that says which addresses they have.

Names are compared as DNS has them: whatever their case, with or without the dot at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from lib.model.records import dataclass, field
from lib.model.refs import Source
from lib.model.sets import AddressSet, Network

COMPARISONS_MAX: Final = 2_000_000
"""Comparisons of patterns with names that one table makes; patterns beyond it stay as open as without a table."""


class Wildcard(Enum):
    """What ``*`` stands for in a name.

    NONE: there is none. LABELS: one label or more, as a prefix (policy.networking.k8s.io). CHARACTERS: any characters
    but the dot, wherever it stands; alone every name; ``**.`` as a prefix one label or more, but to versions of Cilium
    before 1.19 only one (docs.cilium.io, "DNS based").
    """

    NONE = "none"
    LABELS = "labels"
    CHARACTERS = "characters"


def canonical(name: str) -> str:
    """A name in lower case and without the dot at its end."""
    return name.strip().lower().removesuffix(".")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A name, or a pattern of names, as a policy writes it, in its canonical form."""

    text: str
    wildcard: Wildcard = Wildcard.NONE

    @classmethod
    def exactly(cls, name: str) -> NamePattern:
        """One name."""
        return cls(canonical(name))

    @classmethod
    def of_cilium(cls, pattern: str) -> NamePattern:
        """A ``matchPattern``; without a ``*`` it is a name."""
        # "*." is not "*": the names of one label, not all names.
        text = "*." if pattern.strip() == "*." else canonical(pattern)
        return cls(text, Wildcard.CHARACTERS if "*" in text else Wildcard.NONE)

    @classmethod
    def of_cluster_policy(cls, name: str) -> NamePattern:
        """One of ``domainNames``."""
        text = canonical(name)
        return cls(text, Wildcard.LABELS if text.startswith("*.") else Wildcard.NONE)

    def matches(self, name: str) -> bool | None:
        """Whether the pattern means a canonical ``name``; None where that hangs on the version of Cilium."""
        match self.wildcard:
            case Wildcard.NONE:
                return name == self.text
            case Wildcard.LABELS:
                return name.endswith(self.text[1:]) and len(name) >= len(self.text)
            case Wildcard.CHARACTERS:
                return self._matches_characters(name)

    def _matches_characters(self, name: str) -> bool | None:
        if self.text == "*":
            return True
        ending = self.text.rpartition("*")[2]
        if not name.endswith(ending.removesuffix(".")):
            return False
        wanted, labels = self.text.removesuffix(".").split("."), name.split(".")
        if len(labels) > len(wanted) and wanted[0] == "**":
            return None if _each(wanted[1:], labels[len(labels) - len(wanted) + 1 :]) else False
        return len(labels) == len(wanted) and _each(wanted, labels)

    def __str__(self) -> str:
        return self.text


def _each(patterns: Iterable[str], labels: Iterable[str]) -> bool:
    return all(_fits(pattern, label) for pattern, label in zip(patterns, labels, strict=True))


def _fits(pattern: str, label: str) -> bool:
    """Whether a label fits a pattern in which ``*`` stands for any characters; time grows with one times the other."""
    at = here = 0
    star = resume = -1
    while at < len(label):
        if here < len(pattern) and pattern[here] == "*":
            star, resume, here = here, at, here + 1
        elif here < len(pattern) and pattern[here] == label[at]:
            at, here = at + 1, here + 1
        elif star >= 0:
            resume += 1
            at, here = resume, star + 1
        else:
            return False
    return not pattern[here:].strip("*")


@dataclass(frozen=True, slots=True)
class NameEntry:
    """One line of a table: a canonical name and all the addresses that it resolves to; none is an answer too."""

    name: str
    networks: tuple[Network, ...]
    source: Source
    line: int

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.source.file}:{self.line}"


def addresses_of(entries: Iterable[NameEntry]) -> AddressSet:
    """The addresses of several entries together."""
    return AddressSet.from_networks(net for entry in entries for net in entry.networks)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a table says of a name or a pattern.

    ``entries`` are surely meant, ``perhaps`` are those that only some versions of Cilium mean by it. ``open``: it may
    have other addresses, of which nobody knows; a name in the table has none. ``addresses`` are those of ``entries``.
    """

    entries: tuple[NameEntry, ...] = ()
    perhaps: tuple[NameEntry, ...] = ()
    open: bool = True
    addresses: AddressSet = field(default_factory=AddressSet)

    @classmethod
    def of(cls, entries: Iterable[NameEntry], perhaps: Iterable[NameEntry], *, may_have_others: bool) -> Resolution:
        """With the addresses put together."""
        meant = tuple(entries)
        return cls(meant, tuple(perhaps), may_have_others, addresses_of(meant))


@dataclass(frozen=True, slots=True)
class NameTable:
    """Which addresses names have, as the person says, who answers for every name that is in it.

    ``complete``: no other name resolves to any address, so that patterns mean the entries and nothing else.
    ``file`` is "" where there is no table.
    """

    entries: Mapping[str, NameEntry] = field(default_factory=lambda: MappingProxyType({}))
    complete: bool = False
    file: str = ""
    _resolved: dict[NamePattern, Resolution] = field(default_factory=dict, repr=False, compare=False)
    _compared: list[int] = field(default_factory=lambda: [0], repr=False, compare=False)

    def resolve(self, pattern: NamePattern) -> Resolution:
        """The entries that a name or a pattern means, in the table's order."""
        found = self._resolved.get(pattern)
        if found is None:
            found = self._resolved[pattern] = self._resolve(pattern)
        return found

    def _resolve(self, pattern: NamePattern) -> Resolution:
        if pattern.wildcard is Wildcard.NONE:
            entry = self.entries.get(pattern.text)
            return Resolution.of([entry] if entry else (), (), may_have_others=entry is None and not self.complete)
        if self._compared[0] + len(self.entries) > COMPARISONS_MAX:
            return Resolution()
        self._compared[0] += len(self.entries)
        meant = [(entry, pattern.matches(name)) for name, entry in self.entries.items()]
        return Resolution.of(
            (entry for entry, answer in meant if answer),
            (entry for entry, answer in meant if answer is None),
            may_have_others=not self.complete,
        )
