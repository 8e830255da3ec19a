"""What the command line says in words: where there is nothing to list, and how wide its tables are."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from lib.cli import main
from tests.conftest import ROOT

SHOP = str(ROOT / "sample_data" / "shop")
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
"""
# The API server refuses a field that it does not know.
REJECTED = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: bad, namespace: a}
spec: {podSelector: {}, ingres: []}
"""


@pytest.mark.parametrize("command", ["check", "lint"])
@pytest.mark.parametrize("form", ["text", "md"])
def test_nothing_to_list_beside_rejected_policies_says_that_they_are_not_judged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, form: str
) -> None:
    given = tmp_path / "given.yaml"
    given.write_text(POD + REJECTED)
    assert main([command, str(given), "--format", form]) == 2
    assert capsys.readouterr().out == (
        "Nothing to list. But 1 policy was rejected and is not judged here: standard error says why.\n"
    )
    given.write_text(POD)
    assert main([command, str(given), "--format", form]) == 0
    assert capsys.readouterr().out == "Nothing to list.\n"


def test_nothing_to_list_beside_what_could_not_be_read_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = tmp_path / "given.yaml"
    given.write_text(POD + "---\na: [\n")
    assert main(["lint", str(given)]) == 2
    out, err = capsys.readouterr()
    assert out == "Nothing to list. But something in the input could not be read: standard error says what.\n"
    assert "given.yaml:" in err


def test_two_inputs_that_do_not_differ_say_which_policies_were_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(POD)
    new.write_text(POD + REJECTED)
    main(["diff", str(new), str(new), "--by", "namespace"])
    assert "1 policy was rejected" in capsys.readouterr().out
    main(["diff", str(old), str(old)])
    assert capsys.readouterr().out == "Nothing to list.\n"


def _on_terminal(columns: int, *argv: str) -> list[str]:
    """The lines that a terminal of so many columns gets to show."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns)}
    command = [sys.executable, "-m", "lib", *argv]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment) as process:
        os.close(theirs)
        read = b""
        try:
            while piece := os.read(ours, 65_536):
                read += piece
        except OSError:
            pass  # so Linux says that nobody holds the other end any more
        finally:
            os.close(ours)
    assert process.returncode == 0
    return read.decode().splitlines()


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("command", [("lint", SHOP), ("diff", SHOP, "--engine", "azure-npm", "--engine", "cilium")])
def test_tables_are_no_wider_than_the_terminal(columns: int, command: tuple[str, ...]) -> None:
    lines = _on_terminal(columns, *command)
    assert len(lines) > 10
    assert max(map(len, lines)) <= columns


def test_the_needs_of_a_recommendation_are_no_wider_than_the_terminal() -> None:
    lines = _on_terminal(120, "recommend", SHOP)
    table = lines[lines.index("Needed") :]
    assert max(map(len, table[: table.index("")])) <= 120


def test_elsewhere_than_on_a_terminal_a_row_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(["lint", SHOP])
    out = capsys.readouterr().out.splitlines()
    main(["lint", SHOP, "--format", "csv"])
    assert len(out) == len(capsys.readouterr().out.splitlines())
