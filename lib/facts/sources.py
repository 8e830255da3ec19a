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

    @property
    def collection(self) -> tuple[str, str, str, str]:
        """What places have in common that are named together: all but the place."""
        return self.title, self.repository, self.version, self.date

    def __str__(self) -> str:
        return _together([self])


def _together(found: list[FactSource]) -> str:
    """Places of one collection."""
    title, repository, version, date = found[0].collection
    places = ", ".join(each.place for each in found)
    where = f"{repository}: {places}" if repository else places
    dated = f", {date}" if date != "not recorded" else ""
    return f"{title} ({where}; {version}{dated})"


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
    """The sources as one line of readable text, in the order given; "" for none.

    Places of one collection are named together, where the first of them stands.
    """
    found: dict[tuple[str, str, str, str], list[FactSource]] = {}
    for each in map(source, dict.fromkeys(keys)):
        found.setdefault(each.collection, []).append(each)
    return "; ".join(map(_together, found.values()))
