"""``--names FILE`` on every command that judges policies."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from lib.cli.arguments import build_parser
from lib.cli.commands import COMMANDS
from tests.cli.test_commands import ask
from tests.conftest import ROOT

CLUSTER = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: a, image: b}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: names, namespace: shop}
spec:
  endpointSelector: {}
  egress:
  - toFQDNs: [{matchName: api.example.com}]
    toPorts: [{ports: [{port: "443", protocol: TCP}]}]
  - toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]
"""
TABLE = "names:\n  api.example.com: [203.0.113.7]\n"
ASSERTION = """schema: netatlas.assertions/1
assertions:
  - allow: {from: shop/web, to: 203.0.113.7, ports: TCP 443}
  - deny: {from: shop/web, to: 198.51.100.1, ports: TCP 443}
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    written = {}
    for name, text in (("cluster", CLUSTER), ("names", TABLE), ("assertions", ASSERTION)):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        written[name] = str(path)
    return written


def test_flows_are_settled_by_the_table(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    def on_443(*more: str) -> list[tuple[str, str]]:
        status, out, _ = ask(capsys, "flows", files["cluster"], "--format", "json", *more)
        assert status == 0
        rows = [row for row in json.loads(out)["flows"] if row["src"] == "shop/web[Pod]"]
        return [(row["verdict"], row["dst"]) for row in rows if [443, 443] in row["ports"].get("TCP", [])]

    assert {verdict for verdict, _ in on_443()} == {"unknown"}
    assert on_443("--names", files["names"]) == [("allowed", "203.0.113.7-203.0.113.7[External]")]


def test_explain_names_the_line_of_the_table(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    question = ("--from", "shop/web", "--to", "203.0.113.7", "--port", "443", "--names", files["names"])
    _, out, _ = ask(capsys, "explain", files["cluster"], *question)
    assert out.startswith("✓ allowed")
    said = f"api.example.com, which {files['names']}:2 resolves to 203.0.113.7"
    assert said in out
    _, out, _ = ask(capsys, "explain", files["cluster"], *question, "--format", "json")
    assert said in json.loads(out)["directions"][0]["policies"][0]["says"]


@pytest.mark.parametrize("command", ["flows", "explain", "recommend"])
def test_text_says_how_to_settle_what_names_leave_open(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], command: str
) -> None:
    ends = ("--from", "shop/web", "--to", "203.0.113.7") if command == "explain" else ()
    _, _, err = ask(capsys, command, files["cluster"], *ends)
    assert "(api.example.com)" in err and "--names FILE" in err
    assert "--names" not in ask(capsys, command, files["cluster"], *ends, "--names", files["names"])[2]


def test_the_documentation_lists_every_command_that_takes_it() -> None:
    (line,) = (li for li in (ROOT / "docs" / "names.md").read_text("utf-8").splitlines() if "take `--names FILE`" in li)
    taking = {name for name in COMMANDS if "--names FILE" in _usage(name)}
    assert set(re.findall(r"`(\w[\w-]*)`", line.partition(" take ")[0])) == taking


def _usage(command: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    return out.getvalue()


def test_assertions_are_judged_with_it(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    check = ("check", files["cluster"], "--assert", files["assertions"], "--fail-on", "error")
    assert ask(capsys, *check)[0] == 1
    assert ask(capsys, *check, "--names", files["names"])[0] == 0


@pytest.mark.parametrize("command", ["flows", "exposure", "policies", "check"])
def test_what_is_wrong_with_the_table_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], command: str
) -> None:
    Path(files["names"]).write_text(TABLE + "  '*.example.com': [203.0.113.8]\n")
    status, out, err = ask(capsys, command, files["cluster"], "--names", files["names"], "--format", "json")
    assert status == 2
    assert f"{files['names']}:3: names['*.example.com']" in err
    (problem,) = [p for p in json.loads(out)["problems"] if p["code"] == "wildcard-name"]
    assert problem["source"] == f"{files['names']}:3"
    assert problem["remedy"]


def test_a_diff_has_one_table_for_both_sides(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    new = Path(files["cluster"]).with_name("new.yaml")
    new.write_text(CLUSTER.replace("443", "8443"))
    Path(files["names"]).write_text(TABLE + "  oops: [x]\n")
    diff = ("diff", files["cluster"], str(new), "--names", files["names"], "--format", "json")
    status, out, err = ask(capsys, *diff)
    assert status == 2
    assert err.count("neither an address nor a prefix") == 1
    changes = {(row["change"], row["dst"]) for row in json.loads(out)["flows"]}
    assert {dst for _, dst in changes} == {"203.0.113.7-203.0.113.7[External]"}


def test_a_table_may_come_from_standard_input(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TABLE.encode())))
    _, out, _ = ask(capsys, "exposure", files["cluster"], "--names", "-", "--format", "json")
    assert json.loads(out)["problems"] == []


@pytest.mark.parametrize("missing", ["none.yaml", "."])
def test_a_table_that_can_not_be_read_ends_in_one_line(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], tmp_path: Path, missing: str
) -> None:
    status, out, err = ask(capsys, "flows", files["cluster"], "--names", str(tmp_path / missing))
    assert (status, out) == (2, "")
    assert "can't be read" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("command", ["lint", "recommend"])
def test_lint_and_recommend_count_with_the_table(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], command: str
) -> None:
    def answer(*more: str) -> str:
        _, out, _ = ask(capsys, command, files["cluster"], "--engine", "cilium", "--format", "json", *more)
        return json.dumps({k: v for k, v in json.loads(out).items() if k != "problems"})

    assert answer() != answer("--names", files["names"])
