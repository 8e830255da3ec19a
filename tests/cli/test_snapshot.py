"""Every command says the same of a snapshot as of what it was made from, places apart."""

from __future__ import annotations

import re
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from lib.cli import main
from tests.conftest import ROOT

SAMPLES = sorted({path.parent for path in (ROOT / "sample_data").rglob("*.yaml")})
COMMANDS = (
    "flows",
    "flows --by class",
    "flows --engine cilium",
    "exposure --by peer",
    "services",
    "routes",
    "policies",
    "azure",
    "check",
    "lint",
    "recommend",
)
BROKEN = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: refused, namespace: a}
spec: {podSelector: {}, egres: []}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: unread
  namespace: a
spec: {podSelector: {}
"""


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(argv)
    return status, *capsys.readouterr()


def without_places(text: str) -> str:
    """The answer less where the input lies and where something stands in it; wrapped comments in one line."""
    return re.sub(r"\\n *# *", " ", re.sub(r"\bgiven[^\s\",:]*(:\d+)?", "PLACE", text))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_command_says_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: Path, command: str
) -> None:
    # Short names, since a long one is broken where a comment is wrapped.
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sample, "given")
    ask(capsys, "snapshot", "given", "-o", "given.zip")
    name, *options = command.split()
    one, other = (ask(capsys, name, path, *options, "--format", "json") for path in ("given", "given.zip"))
    assert one[0] == other[0]
    assert [without_places(text) for text in one[1:]] == [without_places(text) for text in other[1:]]


@pytest.mark.parametrize("command", ["flows", "policies", "check"])
def test_what_could_not_be_read_is_told_with_its_own_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("given.yaml").write_text(BROKEN)
    ask(capsys, "snapshot", "given.yaml", "-o", "given.zip")
    one, other = (ask(capsys, command, path, "--format", "json") for path in ("given.yaml", "given.zip"))
    assert one[0] == other[0] == 2
    lines = [line for line in one[2].splitlines() if "YAML" in line]
    assert lines and set(lines) <= set(other[2].splitlines())
    assert [without_places(text) for text in one[1:]] == [without_places(text) for text in other[1:]]


def test_paths_that_do_not_exist_are_told_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sample = str(ROOT / "sample_data" / "shop")
    packed = str(tmp_path / "s.zip")
    assert ask(capsys, "snapshot", sample, "missing.yaml", "-o", packed)[0] == 2
    status, _, err = ask(capsys, "flows", packed)
    assert (status, err) == (2, "missing.yaml: there is no such file\n")


def test_it_says_where_it_was_written_and_what_lists_the_removed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "s.zip")
    status, out, err = ask(capsys, "snapshot", str(ROOT / "sample_data" / "shop"), "-o", path, "--anonymise")
    assert (status, err) == (0, "")
    assert re.fullmatch(rf"{re.escape(path)}: \d+ objects; netatlas-snapshot.json in it lists what was removed\n", out)


def test_it_goes_to_standard_output_on_request(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main(["snapshot", str(ROOT / "sample_data" / "shop"), "-o", "-"]) == 0
    with zipfile.ZipFile(BytesIO(capsysbinary.readouterr().out)) as archive:
        assert archive.testzip() is None


def test_a_file_that_can_not_be_written_and_a_node_that_can_not_be_renamed_are_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sample = str(ROOT / "sample_data" / "shop")
    assert ask(capsys, "snapshot", sample, "-o", str(tmp_path / "no" / "s.zip"))[0] == 2
    node = tmp_path / "n.yaml"
    node.write_text("apiVersion: v1\nkind: Node\nmetadata: {name: default}\n")
    status, _, err = ask(capsys, "snapshot", str(node), "-o", str(tmp_path / "s.zip"), "--anonymise")
    assert status == 2
    assert err.startswith('a node is called "default"')
    assert not (tmp_path / "s.zip").exists()
