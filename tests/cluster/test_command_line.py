"""The command line against a replaying server: the same results as from files, and what the doctor says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.cli import main
from lib.cli.arguments import build_parser
from tests.cluster.reading import kubeconfig, written
from tests.cluster.replay import NOBODY, ReplayServer, always, recording

POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"


@pytest.fixture
def server() -> ReplayServer:
    """The recorded cluster."""
    return ReplayServer.recorded()


@pytest.fixture
def config(server: ReplayServer, tmp_path: Path) -> Iterator[str]:
    """A kubeconfig of the running server."""
    with server.running(tls=True) as url:
        yield str(written(tmp_path, kubeconfig(url)))


def printed(capsys: pytest.CaptureFixture[str], *argv: str, status: int = 0) -> Any:
    """The JSON that a command prints."""
    assert main([*argv, "--format", "json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["flows", "services", "routes", "exposure"])
def test_a_cluster_gives_the_rows_of_its_lists(
    command: str, server: ReplayServer, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    for number, (kind, version, items) in enumerate(server.lists.values()):
        listed = {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items}
        (folder / f"{number}.json").write_text(json.dumps(listed), "utf-8")
    live = printed(capsys, command, "--kubeconfig", config, "--context", "test")
    files = printed(capsys, command, str(folder), "--complete")
    assert rows(live[command]) == rows(files[command])
    assert live[command]


def rows(found: Any) -> Any:
    """Rows without their places, which are lines in files and names in a cluster."""
    if isinstance(found, list):
        return [rows(each) for each in found]
    if isinstance(found, dict):
        return {key: rows(value) for key, value in found.items() if key != "source"}
    return found


def test_places_are_kinds_and_names(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    live = printed(capsys, "policies", "--kubeconfig", config)
    assert any(row["source"] == "NetworkPolicy ns-0000/p00-deny" for row in live["policies"])


def test_two_moments_can_be_compared(
    server: ReplayServer, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = printed(capsys, "diff", "--kubeconfig", config, "--context", "test", "--context", "test")
    assert same["schema"] == "netatlas.diff/1"
    assert not [row for key in ("flows", "changes") for row in same.get(key, ())]


def test_no_input_and_several_are_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows"]) == 2
    assert "--context" in capsys.readouterr().err
    assert main(["flows", "--kubeconfig", config, "some.yaml"]) == 2
    assert "one cluster" in capsys.readouterr().err
    assert main(["flows", "--kubeconfig", config, "--complete"]) == 2


def test_a_refused_policy_kind_makes_every_verdict_unknown(
    server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults[POLICIES] = always(403, recording("403-networkpolicies")["body"])
    # What the Admin tier surely decides stays decided: that policy is taken away here.
    server.lists["/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies"] = ("AdminNetworkPolicyList", "v1", [])
    flows = printed(capsys, "flows", "--kubeconfig", config, status=2)["flows"]
    assert flows
    assert {row["verdict"] for row in flows} == {"unknown"}
    assert all("NetworkPolicy" in row["reason"] or "controller" in row["reason"] for row in flows)
    exposed = printed(capsys, "exposure", "--kubeconfig", config, status=2)["exposure"]
    assert not [row for row in exposed if row["isolated_ingress"] == "not isolated"]


COMMANDS = {
    "flows": (),
    "exposure": (),
    "explain": ("--from", "ns-0000/api-05-385227600-00000", "--to", "internet"),
    "services": (),
    "routes": (),
    "policies": (),
    "trace": ("--from", "internet", "--to", "ns-0000/api-05-385227600-00000:80"),
    "azure": (),
    "diff": ("--context", "test", "--context", "test"),
    "check": ("--fail-on", "error"),
    "recommend": (),
    "lint": (),
    "egress": (),
    "snapshot": ("-o",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_with_two_where_a_kind_was_refused_also_from_its_snapshot(
    command: str, server: ReplayServer, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """README, *Exit status*: 2 where something of the input could not be read; the result is printed all the same."""
    server.faults[POLICIES] = always(403, recording("403-networkpolicies")["body"])
    more = [*COMMANDS[command], *([str(tmp_path / "s.zip")] if command == "snapshot" else [])]
    assert main([command, *more, "--kubeconfig", config]) == 2
    told = capsys.readouterr()
    assert "NetworkPolicy: the login may not list it (403)" in told.err
    assert told.out or command == "snapshot"
    if command == "snapshot":
        assert main(["flows", more[-1]]) == 2
        assert "NetworkPolicy: the login may not list it (403)" in capsys.readouterr().err


def test_the_commands_above_are_all_that_read_a_cluster() -> None:
    found = {name for name in re.findall(r"^    ([a-z]+)", build_parser().format_help(), re.M)}
    assert found - set(COMMANDS) <= {"plan", "doctor", "dump"}


def test_the_doctor_is_content_with_a_reader(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "doctor", "--kubeconfig", config)
    assert {row["permission"] for row in found["resources"]} == {"may be read", "not installed"}
    assert found["missing_rules"] == []
    assert not [row for row in found["resources"] if "secret" in row["resource"]]


def test_the_doctor_prints_the_missing_rule(
    server: ReplayServer, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults[POLICIES] = always(403, recording("403-networkpolicies")["body"])
    assert main(["doctor", "--kubeconfig", config]) == 1
    text = capsys.readouterr().out
    rules = yaml.safe_load(text[text.index("- apiGroups") :])
    assert rules == [{"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["get", "list"]}]
    assert {request.method for request in server.requests} == {"GET"}
    assert {request.query.get("limit") for request in server.requests if request.path != "/apis"} == {"1", None}


def test_the_doctor_of_a_login_without_rights_names_every_resource(
    server: ReplayServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.running() as url:
        config = written(tmp_path, kubeconfig(url, {"token": NOBODY}))
        found = printed(capsys, "doctor", "--kubeconfig", str(config), status=1)
    missing = {name for rule in found["missing_rules"] for name in rule["resources"]}
    assert {"pods", "networkpolicies", "tiers", "gateways"} <= missing


@pytest.mark.parametrize("command", ["flows", "doctor"])
def test_a_refused_login_ends_with_two_and_a_sentence(
    command: str, server: ReplayServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.running() as url:
        config = written(tmp_path, kubeconfig(url, {"token": "planted-77"}))
        assert main([command, "--kubeconfig", str(config)]) == 2
    said = capsys.readouterr().err
    assert re.search(r"401.*Log in again", said)
    assert "planted-77" not in said
