"""Reading typed fields from raw objects, with a Problem for whatever the API server would not take.

``null`` counts as absent everywhere, as the API server's JSON decoder has it; a ``null`` in a list of objects is an
empty object, in a list of texts an empty text. Whole numbers written as floats (``1e3``) are whole numbers, since
that is how they arrive at the server. Nothing here raises: a reader reports, marks the object as failed and returns
a harmless value, so that one pass finds every fault of an object.

An unquoted ``y`` or ``n`` is the letter where a text belongs, with a warning, and kubectl's boolean where a boolean
belongs: writers of YAML disagree on it, kustomize and PyYAML write the letter so. ``yes``, ``on`` and ``true`` are
booleans to nearly all of them and no text.

Unknown fields. ``kubectl`` asks the server for strict decoding, which refuses them; a server that is asked
otherwise drops them, as it does those of stored objects. So a manifest of a built-in networking kind that has one is
rejected. A live object (it has a uid or resourceVersion) can't hold a misspelling: the field is newer than this
reader, which says so in a warning. A NetworkPolicy is rejected in both cases, since what the field does to the
verdict is not known. Gateway API kinds come in channels and versions with different fields: always a warning.
Other kinds are not checked for unknown fields.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from lib.loaders.parse.session import QUOTE_LENGTH, Entry, Path, Unknown, quote
from lib.loaders.yaml_resolver import PlainLetter
from lib.model.labels import Labels
from lib.model.near_words import nearest
from lib.model.refs import Source

_NO_LABELS: Final[Labels] = {}


class Fields:
    """A mapping inside an object, with readers for its fields; ``path`` leads to it."""

    __slots__ = ("data", "entry", "path")

    def __init__(self, entry: Entry, data: Mapping[str, Any], path: Path = ()):
        self.entry = entry
        self.data = data
        self.path = path

    @property
    def source(self) -> Source:
        """Where the mapping stands."""
        source = self.entry.source
        return Source(source.file, source.document, self.path, source.item)

    def has(self, key: str) -> bool:
        """Whether ``key`` is there and not null."""
        return self.data.get(key) is not None

    def error(self, key: str | None, code: str, message: str, remedy: str) -> None:
        """Report an error at ``key``, or at the mapping itself (None)."""
        self.entry.error(self.path if key is None else (*self.path, key), code, message, remedy)

    def warn(self, key: str | None, code: str, message: str, remedy: str) -> None:
        """Report a warning at ``key``, or at the mapping itself (None)."""
        self.entry.warn(self.path if key is None else (*self.path, key), code, message, remedy)

    def text(self, key: str, default: str = "") -> str:
        """A text; ``default`` where absent."""
        value = self.data.get(key)
        if type(value) is str:
            return value
        if isinstance(value, PlainLetter):
            return self.letter((*self.path, key), value)
        if value is not None:
            remedy = "Put the value in quotes." if isinstance(value, bool | int | float) else "Write a plain text."
            self.entry.wrong_type((*self.path, key), value, "a text", remedy)
        return default

    def letter(self, path: Path, value: PlainLetter) -> str:
        """An unquoted y or n where a text belongs: the letter, with a warning."""
        message = f"{value} without quotes is the letter to some programs and {str(value.truth).lower()} to kubectl"
        self.entry.warn(path, "unquoted-letter", message + "; the letter counts here", f'Write "{value}" in quotes.')
        return str(value)

    def integer(self, key: str) -> int | None:
        """A whole number; None where absent or not readable."""
        value = self.data.get(key)
        if type(value) is int:
            return value
        if type(value) is float and value.is_integer():
            return int(value)
        if value is not None:
            self.entry.wrong_type((*self.path, key), value, "a whole number", "Write a number without quotes.")
        return None

    def number_within(self, key: str, first: int, last: int, default: int) -> int:
        """A whole number from ``first`` to ``last``, both included; ``default`` where absent or refused."""
        value = self.integer(key)
        if value is None:
            return default
        if not first <= value <= last:
            message = f"{quote(value)} is not within {first}-{last}"
            self.error(key, "out-of-range", message, f"Write a number from {first} to {last}.")
            return default
        return value

    def boolean(self, key: str, default: bool = False) -> bool:
        """A boolean; ``default`` where absent."""
        value = self.data.get(key)
        if type(value) is bool:
            return value
        if isinstance(value, PlainLetter):
            return value.truth
        if value is not None:
            self.entry.wrong_type((*self.path, key), value, "true or false", "Write true or false without quotes.")
        return default

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """One of the texts ``allowed``; ``default`` where absent, empty or refused."""
        value = self.text(key)
        if value and value not in allowed:
            words = ", ".join(allowed)
            self.error(key, "unsupported-value", f"{quote(value)} is not one of {words}", f"Use one of {words}.")
            return default
        return value or default

    def child(self, key: str) -> Fields | None:
        """A mapping inside; None where absent."""
        value = self.data.get(key)
        if type(value) is dict:
            return Fields(self.entry, value, (*self.path, key))
        if value is not None:
            self.entry.wrong_type((*self.path, key), value, "a mapping", "Write keys and values, indented below it.")
        return None

    def section(self, key: str) -> Fields:
        """A mapping inside; an empty one where absent."""
        return self.child(key) or Fields(self.entry, {}, (*self.path, key))

    def sequence(self, key: str) -> list[Any]:
        """A list of anything; empty where absent."""
        value = self.data.get(key)
        if type(value) is list:
            return value
        if value is not None:
            self.entry.wrong_type((*self.path, key), value, "a list", "Start each element with '- ' on its own line.")
        return []

    def children(self, key: str) -> list[Fields]:
        """The mappings of a list; a null element is an empty one, any other element is reported and left out."""
        found = []
        for index, value in enumerate(self.sequence(key)):
            path = (*self.path, key, index)
            if type(value) is dict:
                found.append(Fields(self.entry, value, path))
            elif value is None:
                self.entry.warn(
                    path,
                    "empty-element",
                    "is empty and counts as {}",
                    "Remove the element, or write {} if it is meant.",
                )
                found.append(Fields(self.entry, {}, path))
            else:
                self.entry.wrong_type(path, value, "a mapping", "Write keys and values, indented below the '- '.")
        return found

    def texts(self, key: str) -> list[tuple[int, str]]:
        """The texts of a list with their positions; a null element is "", any other is reported and left out."""
        found = []
        for index, value in enumerate(self.sequence(key)):
            path = (*self.path, key, index)
            if type(value) is str or value is None:
                found.append((index, value or ""))
            elif isinstance(value, PlainLetter):
                found.append((index, self.letter(path, value)))
            else:
                self.entry.wrong_type(path, value, "a text", "Put the value in quotes.")
        return found

    def text_map(self, key: str) -> Labels:
        """A mapping from texts to texts; a null value is ""."""
        value = self.data.get(key)
        if value is None:
            return _NO_LABELS
        if type(value) is not dict:
            self.entry.wrong_type((*self.path, key), value, "a mapping", "Write keys and values, indented below it.")
            return _NO_LABELS
        for item in value.values():
            if type(item) is not str:
                break
        else:
            return value
        found: dict[str, str] = {}
        for name, item in value.items():
            path = (*self.path, key, name)
            if type(item) is str or item is None:
                found[name] = item or ""
            elif isinstance(item, PlainLetter):
                found[name] = self.letter(path, item)
            else:
                self.entry.wrong_type(path, item, "a text", "Put the value in quotes.")
        return found

    def labels(self, key: str) -> Labels:
        """A mapping of labels, their keys' and values' syntax checked."""
        found = self.text_map(key)
        if not found:
            return found
        session = self.entry.session
        for name, value in found.items():
            if name not in session.valid_keys and (fault := session.key_fault(name)):
                self.bad_label(key, name, "invalid-label-key", f"has the key {quote(name)}, which {fault}")
            if value not in session.valid_values and (fault := session.value_fault(value)):
                self.bad_label(key, name, "invalid-label-value", f"has the value {quote(value)}, which {fault}")
        return found

    def bad_label(self, key: str, name: str, code: str, message: str) -> None:
        """Report a label whose key or value the server would refuse."""
        path = (*self.path, key) if len(name) > QUOTE_LENGTH else (*self.path, key, name)
        self.entry.error(path, code, message, "Use letters, digits, '-', '_' and '.', at most 63 of them.")

    def only(self, known: Collection[str]) -> None:
        """Report every field that is not ``known``, by the rule in this module's docstring."""
        if self.entry.unknown is Unknown.IGNORED or self.data.keys() <= _as_set(known):
            return
        entry = self.entry
        for name in self.data:
            if name in known:
                continue
            path = self.path if len(str(name)) > QUOTE_LENGTH else (*self.path, name)
            similar = nearest(str(name), known)
            remedy = f"Did you mean {similar}? " if similar else ""
            rejects = entry.unknown is Unknown.REJECTS or (entry.unknown is Unknown.REJECTS_MANIFEST and not entry.live)
            if rejects and not entry.live:
                message = f"{quote(name)} is no field of this place; kubectl and the API server refuse the object"
                entry.error(path, "unknown-field", message, remedy + "Correct the name or remove the field.")
            elif rejects:
                message = f"{quote(name)} is a field that is not known here, so what the object does is not certain"
                entry.error(path, "unknown-field", message, remedy + "Use a newer version of this program.")
            else:
                message = f"{quote(name)} is no field that is known here, and is left out"
                entry.warn(path, "unknown-field", message, remedy + "Correct the name or remove the field.")


def _as_set(known: Collection[str]) -> frozenset[str] | set[str]:
    return known if isinstance(known, frozenset | set) else frozenset(known)
