"""Where a fact comes from: source keys such as ``AKS:configure-kubenet.md`` made readable."""

from __future__ import annotations

from functools import cache

from lib.facts.files import FactsError, read_mapping
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class FactSource:
    """One place that a fact was read from.

    ``place`` is a path or a line inside ``repository``; ``version`` a commit where one is known; ``date`` is the
    state's date as the source gives it (a day, a month or "not recorded").
    """

    key: str
    title: str
    repository: str
    place: str
    version: str
    date: str

    def __str__(self) -> str:
        where = f"{self.repository}: {self.place}" if self.repository else self.place
        dated = f", {self.date}" if self.date != "not recorded" else ""
        return f"{self.title} ({where}; {self.version}{dated})"


@cache
def source(key: str) -> FactSource:
    """Resolve a source key.

    Raises FactsError if the collection is unknown, or lists its files and this one is not among them.
    """
    collection, colon, place = key.partition(":")
    entry = read_mapping("sources.yaml").get(collection)
    if not colon or not place or not isinstance(entry, dict):
        raise FactsError(f"{key!r} names no known source")
    files = entry.get("files")
    if files is not None and place not in files:
        raise FactsError(f"{key!r}: {collection} lists no {place!r}")
    date = files[place] if files is not None else entry["date"]
    return FactSource(
        key, entry["title"], entry["repository"], str(entry["place"]).format(place), str(entry["version"]), str(date)
    )


def describe(keys: tuple[str, ...]) -> str:
    """The sources as one line of readable text, in the order given; "" for none."""
    return "; ".join(str(source(key)) for key in keys)
