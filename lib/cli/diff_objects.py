"""``diff --by object``: the objects that two inputs do not have alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from lib.cli.load import Input
from lib.cli.output import write_json, write_rows
from lib.loaders.object_changes import not_comparable, object_changes
from lib.model.object_change import ObjectChange
from lib.model.problem import Problem, Severity
from lib.tables.changes import object_change_rows


def print_objects(
    old: Input, new: Input, namespaces: Collection[str], format_: str, problems: list[dict[str, str]], rows_max: int
) -> bool:
    """Write them, those of ``namespaces`` (empty: all) only; says whether there are more than ``rows_max``."""
    found = _shown(old, new, namespaces)
    rows = object_change_rows(islice(found, rows_max), old.locate, new.locate)
    if format_ == "json":
        head = {
            "schema": "netatlas.diff/1",
            **{k: {"input": i.snapshot.title} for k, i in (("old", old), ("new", new))},
        }
        tail = {"not_compared": list(not_comparable(old.snapshot, new.snapshot)), "problems": problems}
        write_json(head, "objects", rows, tail)
    else:
        write_rows(format_, rows)
    return next(found, None) is not None


def left_out(old: Input, new: Input) -> tuple[Problem, ...]:
    """That some kinds can't be compared object by object."""
    kinds = not_comparable(old.snapshot, new.snapshot)
    if not kinds:
        return ()
    message = f"objects of these kinds are not compared, since one input does not have all of them: {', '.join(kinds)}"
    remedy = "Load both inputs alike, or let the login list them."
    return (Problem(Severity.WARNING, "objects-not-compared", message, remedy),)


def _shown(old: Input, new: Input, namespaces: Collection[str]) -> Iterator[ObjectChange]:
    without = not_comparable(old.snapshot, new.snapshot)
    for each in object_changes(old.read, new.read, without):
        if not namespaces or each.namespace in namespaces:
            yield each
