"""The public cases: where they are, what the command line answers for them, and how its rows compare."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from lib.cli import main

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case of one suite."""

    suite: str
    name: str
    folder: Path

    @property
    def input(self) -> str:
        """The folder of its manifests, which are read as they lie."""
        return str(self.folder / "input")

    @property
    def expected(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        return loaded


@dataclass(frozen=True)
class Answer:
    """What one command wrote and how it ended."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[Row]:
        rows: list[Row] = json.loads(self.out)["flows"]
        return rows

    @property
    def errors(self) -> list[str]:
        """The messages of its problems of severity error."""
        return [p["message"] for p in json.loads(self.out)["problems"] if p["severity"] == "error"]


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


NOT_OF_KUBERNETES = (
    "ClusterUserDefinedNetwork",
    "MultiNetworkPolicy",
    "NetworkAttachmentDefinition",
    "Route",
    "UserDefinedNetwork",
    "VirtualMachine",
)
"""Kinds of OpenShift's and KubeVirt's that decide flows in some cases, and are not read."""

_KIND = re.compile(r"^[\s-]*\"?kind\"?:\s*\"?(\w+)", re.MULTILINE)


@cache
def foreign_kinds(case: Case) -> tuple[str, ...]:
    """Those of NOT_OF_KUBERNETES that a case's input holds."""
    texts = (p.read_text(encoding="utf-8", errors="replace") for p in Path(case.input).rglob("*") if p.is_file())
    found = {kind for text in texts for kind in _KIND.findall(text)}
    return tuple(sorted(found & set(NOT_OF_KUBERNETES)))


def not_read(kinds: Iterable[str]) -> str:
    """Why a case with such kinds is left out."""
    return f"kinds that are not read: {', '.join(kinds)}"


@cache
def comparison(folder: Path) -> ModuleType:
    """The corpus's own comparison of rows."""
    spec = importlib.util.spec_from_file_location("corpus_compare", folder / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(*arguments: str) -> Answer:
    """Run one command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    return Answer(status, out.getvalue(), err.getvalue())


def ask_flows(case: Case) -> Answer:
    """The command ``flows`` for a case, with the suite's answer to whether an ipBlock matches pods."""
    matching = "yes" if case.expected.get("ipblock_matches_pod_ips") else "no"
    return ask("flows", case.input, "--format", "json", "--ipblock-matches-pods", matching)


def differences(case: Case, rows: list[Row]) -> list[str]:
    """Every difference between ``rows`` and what the case expects, a sentence each."""
    expected = case.expected
    options = expected.get("options") or {}
    assert options.keys() <= KNOWN_OPTIONS, options
    focused = [_of_connection(row, options.get("focus_conn")) for row in rows if _in_focus(row, options)]
    found: list[str] = comparison(case.folder.parent.parent).differences(expected, focused)
    return found


KNOWN_OPTIONS = {"focus_workloads", "focus_peers", "focus_direction", "focus_conn", "exposure"}
"""The suites' options: they only choose which rows are listed; exposure adds lists beside them."""


def _in_focus(row: Row, options: dict[str, Any]) -> bool:
    """Whether the suite's options let it list a row."""
    wanted, peers = options.get("focus_workloads"), options.get("focus_peers")
    if not wanted:
        return True
    ways = {"egress": [(row["src"], row["dst"])], "ingress": [(row["dst"], row["src"])]}
    direction = options.get("focus_direction")
    asked = ways[direction] if direction else ways["egress"] + ways["ingress"]
    return any(is_named(end, wanted) and (not peers or is_named(peer, peers)) for end, peer in asked)


def is_named(end: str, names: list[str]) -> bool:
    """Whether an end is one of those that options name, with or without its namespace."""
    full = end.partition("[")[0].strip("{}")
    return full in names or full.rpartition("/")[2] in names


def _of_connection(row: Row, connection: str | None) -> Row:
    """The row with only the ports of a connection such as ``udp-52``, as far as it has them."""
    if connection is None:
        return row
    protocol, _, port = connection.upper().partition("-")
    has = any(first <= int(port) <= last for first, last in row["ports"].get(protocol, ()))
    return {**row, "ports": {protocol: [[int(port), int(port)]]} if has else {}}
