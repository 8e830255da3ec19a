"""The public cases: where they are, how they are read, and how their rows compare."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from lib.flows import flow_rows
from lib.loaders.assemble import Loaded, assemble
from lib.loaders.inputs import inputs_from_paths
from lib.loaders.manifests import read_inputs
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.routing.routes import ingress_backends

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case of one suite."""

    suite: str
    name: str
    folder: Path

    @property
    def expected(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        return loaded


def corpus_folder() -> Path | None:
    """The folder that NETATLAS_CORPUS names, or None."""
    folder = os.environ.get("NETATLAS_CORPUS", "")
    return Path(folder) if folder and Path(folder).is_dir() else None


def cases(suite: str) -> list[Case]:
    """All cases of a suite by name; none where the corpus is not there."""
    folder = corpus_folder()
    if folder is None or not (folder / suite).is_dir():
        return []
    return [Case(suite, path.name, path) for path in sorted((folder / suite).iterdir()) if path.is_dir()]


@cache
def comparison(folder: Path) -> ModuleType:
    """The corpus's own comparison of rows."""
    spec = importlib.util.spec_from_file_location("corpus_compare", folder / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The suites' own writer left the texts y and n bare. kubectl reads these as booleans, and so do we: quoted, they mean
# to us what they meant to the suite.
_BARE = re.compile(rb"(?m)^(\s*(?:- )?(?:[\w./-]+:|-) )([yn])$")


def load(case: Case) -> Loaded:
    """Read a case's manifests as the command line does."""
    files, problems = inputs_from_paths([case.folder / "input"])
    quoted = [replace(f, data=_BARE.sub(rb'\1"\2"', f.data)) for f in files]
    loaded = assemble(read_inputs(quoted), title=case.name)
    return replace(loaded, problems=(*problems, *loaded.problems))


def rows_of(case: Case, loaded: Loaded) -> list[Row]:
    """The flows of a case, as the command line writes them, limited as the case's options say."""
    matching = case.expected.get("ipblock_matches_pod_ips", False)
    engine = compile_engine(loaded.snapshot, KUBERNETES.with_ip_blocks_matching_pods(matching))
    rows = [row.to_json() for row in flow_rows(engine, ingress_backends(loaded.snapshot))]
    return [row for row in rows if _in_focus(row, case.expected.get("options") or {})]


def _in_focus(row: Row, options: dict[str, Any]) -> bool:
    """Whether the suite's options let it list a row."""
    assert options.keys() <= {"focus_workloads"}, options
    wanted = options.get("focus_workloads")
    if not wanted:
        return True
    names = {form for end in (row["src"], row["dst"]) for form in _forms(end)}
    return any(name in names for name in wanted)


def _forms(end: str) -> set[str]:
    full = end.partition("[")[0].strip("{}")
    return {full, full.rpartition("/")[2]}


def without_host_network(rows: list[Row], loaded: Loaded) -> list[Row]:
    """The rows that no host-network workload is an end of."""
    on_host = {str(w.ref) for w in loaded.snapshot.workloads if w.host_network}
    return [row for row in rows if row["src"] not in on_host and row["dst"] not in on_host]


def differences(case: Case, loaded: Loaded) -> list[str]:
    """Every difference from what the case expects, a sentence each.

    The suites do not tell host-network pods from others, so flows from and to them are not compared; they have tests
    of their own.
    """
    expected = case.expected
    expected["expected"] = without_host_network(expected["expected"], loaded)
    rows = without_host_network(rows_of(case, loaded), loaded)
    found: list[str] = comparison(case.folder.parent.parent).differences(expected, rows)
    return found
