"""The command that lists policies."""

from __future__ import annotations

import argparse

from lib.cli.cluster import inputs_of
from lib.cli.load import load, names_of
from lib.cli.tables import in_namespaces, print_rows
from lib.model.refs import ObjectRef
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.policy.selections import selections
from lib.tables.policies import policy_rows


def policies_command(arguments: argparse.Namespace) -> int:
    """Every policy of every kind."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    kept = in_namespaces(arguments, given)
    selected = selections(compile_engine(given.snapshot))
    rows = policy_rows(given.snapshot, selected, KUBERNETES, given.locate)
    rows = [r for r in rows if kept(ObjectRef(str(r["namespace"]), "", ""))]
    return print_rows(arguments, given, "policies", rows)
