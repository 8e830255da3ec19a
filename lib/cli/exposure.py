"""The command ``exposure``: how open each workload is, and to whom beyond the pods of the input."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from lib.cli.cluster import inputs_of
from lib.cli.engine import engine_of
from lib.cli.load import load, names_of
from lib.cli.tables import in_namespaces, print_rows
from lib.exposure import Exposure, exposed_to, exposures
from lib.model.refs import ObjectRef
from lib.tables.exposure import exposed_to_json, exposed_to_rows, exposure_rows


def exposure_command(arguments: argparse.Namespace) -> int:
    """A row a workload, or one for each end that it is open to; JSON has those ends below their workload."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    in_namespaces(arguments, given)
    engine = engine_of(arguments, given)
    names = frozenset(arguments.namespace) or None
    rows: list[dict[str, Any]]
    if arguments.by == "peer":
        rows = exposed_to_rows(exposed_to(engine, names), given.locate)
    else:
        found = exposures(engine, names)
        rows = exposure_rows(found, given.locate)
        if arguments.format == "json":
            open_to: dict[ObjectRef, list[dict[str, Any]]] = defaultdict(list)
            for each in exposed_to(engine, names):
                open_to[each.workload].append(exposed_to_json(each, given.locate))
            rows = list(_with_ends(rows, {each.workload: each for each in found}, open_to))
    return print_rows(arguments, given, "exposure", rows, engine=engine.profile.id)


def _with_ends(
    rows: list[dict[str, Any]],
    found: Mapping[ObjectRef, Exposure],
    open_to: Mapping[ObjectRef, list[dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    for row in rows:
        ref = ObjectRef(row["namespace"], row["workload"], row["kind"])
        sides = (found[ref].ingress, found[ref].egress)
        unprotected = [side.direction.field for side in sides if side.unprotected]
        yield {**row, "unprotected": unprotected, "exposed_to": open_to.get(ref, [])}
