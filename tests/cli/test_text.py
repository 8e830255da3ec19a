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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("apiVersion: v1\nkind: List\nitems: []\n", 'this is a Kubernetes object of kind "List"'),
        ("image: {tag: 1}\nreplicas: 2\n", 'this is a mapping with the keys "image", "replicas"'),
        ("- a\n", "this is a list"),
        ("just words\n", 'this is text, "just words",'),
        ("a: b: c\n", "not valid YAML"),
    ],
)
@pytest.mark.parametrize(
    ("command", "option", "expected", "told"),
    [
        ("flows", "--names", "a table of domain names", "docs/names.md"),
        ("check", "--assert", "a file of assertions", "docs/assertions.md"),
    ],
)
def test_another_file_is_told_in_one_line_with_what_was_expected(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
    option: str,
    expected: str,
    told: str,
    text: str,
    says: str,
) -> None:
    given, other = tmp_path / "given.yaml", tmp_path / "other.yaml"
    given.write_text(POD)
    other.write_text(text)
    assert main([command, str(given), option, str(other)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{other}:1: {says}")
    assert f"expected is {expected}" in line
    assert told in line


@pytest.mark.parametrize(
    ("command", "option", "of_other", "says"),
    [
        ("flows", "--names", "schema: netatlas.assertions/1\nassertions: []\n", "this is a file of assertions"),
        ("check", "--assert", "schema: netatlas.names/1\nnames: {}\n", "this is a table of domain names"),
    ],
)
def test_a_table_of_names_and_a_file_of_assertions_that_change_places_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, option: str, of_other: str, says: str
) -> None:
    given, other = tmp_path / "given.yaml", tmp_path / "other.yaml"
    given.write_text(POD)
    other.write_text(of_other)
    assert main([command, str(given), option, str(other)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize("option", ["--names", "--assert"])
def test_what_is_no_text_is_told_with_what_was_expected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    given, other = tmp_path / "given.yaml", tmp_path / "other.bin"
    given.write_text(POD)
    other.write_bytes(b"\x89PNG\xff")
    assert main(["check", str(given), option, str(other)]) == 2
    err = capsys.readouterr().err
    assert "it is not text in UTF-8; expected is " in err


def test_all_stated_needs_that_cannot_be_read_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("nonsense", "shop-web/nobody=shop-data/postgres:5432", "shop-web/storefront=shop-data/postgres:http")
    right = "shop-web/storefront=shop-data/postgres:5432"
    needs = [part for need in (*wrong, right) for part in ("--need", need)]
    assert main(["recommend", SHOP, *needs]) == 2
    err = capsys.readouterr().err
    for need in wrong:
        assert err.count(f"need {need!r}") == 1
    assert repr(right) not in err


ALLOWING = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: some, namespace: a}
spec:
  podSelector: {}
  ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]
"""


def test_outside_is_every_address_outside_of_the_families_that_the_input_shows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = tmp_path / "given.yaml"
    given.write_text(POD + "status: {phase: Running, podIP: 10.0.0.9, podIPs: [{ip: 10.0.0.9}]}\n" + ALLOWING)
    ask = ["explain", str(given), "--to", "a/web", "--port", "443", "--from"]
    assert main([*ask, "outside"]) == 0
    named = capsys.readouterr().out
    assert named.startswith("✓ allowed: 0.0.0.0-255.255.255.255[External] → a/web[Pod] (TCP 443)")
    assert main([*ask, "0.0.0.0/0"]) == 0
    assert capsys.readouterr().out == named
    # Both families: the rule names IPv4 only, so that IPv6 is denied.
    dual = "status: {phase: Running, podIP: 10.0.0.9, podIPs: [{ip: 10.0.0.9}, {ip: 'fd00::9'}]}\n"
    given.write_text(POD + dual + ALLOWING)
    assert main([*ask, "outside"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("◐ partial: ")
    assert "::-ffff" in out
    assert main(["explain", str(given), "--from", "a/web", "--to", "outside"]) == 0
    assert capsys.readouterr().out.startswith("✓ allowed: a/web[Pod] → ")


def test_internet_is_the_public_addresses_and_outside_all_of_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = tmp_path / "given.yaml"
    address = "status: {phase: Running, podIP: 10.244.0.9, podIPs: [{ip: 10.244.0.9}]}\n"
    public_only = "cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]"
    given.write_text(POD + address + ALLOWING.replace("cidr: 0.0.0.0/0", public_only))
    ask = ["explain", str(given), "--to", "a/web", "--port", "443", "--from"]
    assert main([*ask, "internet"]) == 0
    assert capsys.readouterr().out.startswith("✓ allowed: internet → a/web[Pod] (TCP 443)")
    assert main([*ask, "outside"]) == 0
    assert capsys.readouterr().out.startswith("◐ partial: 0.0.0.0-255.255.255.255[External] → a/web[Pod]")
    private_only = "cidr: 10.0.0.0/8"
    given.write_text(POD + address + ALLOWING.replace("cidr: 0.0.0.0/0", private_only))
    assert main([*ask, "internet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("✗ denied: internet → a/web[Pod] (TCP 443)")
    assert "name: allow-web-from-internet" in out and "cidr: 0.0.0.0/0" in out and "- 10.0.0.0/8" in out
    assert out.endswith("It adds and removes no other flow.\n")


def test_the_side_of_addresses_outside_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", SHOP, "--from", "internet", "--to", "shop-web/storefront"])
    assert capsys.readouterr().out.count("no policy governs its side") == 1


def test_the_ingress_controller_is_refused_with_what_to_ask_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", SHOP, "--from", "{ingress-controller}", "--to", "shop-web/storefront"]) == 2
    err = capsys.readouterr().err
    assert "ask for its workload as namespace/name" in err


@pytest.mark.parametrize(
    ("port", "starts", "ingress"),
    [
        ([], "◑ allowed on some ports: ", "◑ ingress: allowed on some ports"),
        (["--port", "443"], "✓ allowed: ", "✓ ingress: allowed"),
        (["--port", "80"], "✗ denied: ", "✗ ingress: denied"),
    ],
)
def test_what_is_allowed_on_some_of_the_asked_ports_has_no_tick(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, port: list[str], starts: str, ingress: str
) -> None:
    given = tmp_path / "given.yaml"
    given.write_text(POD + ALLOWING)
    assert main(["explain", str(given), "--from", "192.0.2.1", "--to", "a/web", *port]) == 0
    out = capsys.readouterr().out
    assert out.startswith(starts)
    assert f"\n{ingress}" in out
    assert "\n✓ egress: allowed" in out


def test_no_flow_beside_a_rejected_policy_says_so_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = tmp_path / "given.yaml"
    given.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n" + REJECTED)
    assert main(["flows", str(given)]) == 2
    assert capsys.readouterr().out.startswith("Nothing to list. But 1 policy was rejected")
