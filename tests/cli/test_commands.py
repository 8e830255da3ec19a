"""The command line as pipelines use it: forms, exit statuses, and never a traceback."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
import yaml

from lib.cli import main
from lib.cli.arguments import build_parser
from lib.cli.commands import COMMANDS, command
from tests.conftest import ROOT

SHOP = str(ROOT / "sample_data" / "shop")
BEFORE = str(ROOT / "sample_data" / "before-after" / "before")

DENY_ALL = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: a}
spec:
  podSelector: {}
"""
PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: a, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
"""

KINDS = ("Deployment", "DaemonSet")


@pytest.fixture
def denied(tmp_path: Path) -> str:
    """Two pods and a policy that isolates both for ingress."""
    (tmp_path / "pods.yaml").write_text(PODS)
    (tmp_path / "policy.yaml").write_text(DENY_ALL)
    return str(tmp_path)


def ask(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(argv)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, out, err


@pytest.mark.parametrize("command", ["flows", "exposure", "services", "routes", "policies", "check", "lint"])
@pytest.mark.parametrize("form", ["text", "json", "csv", "md"])
def test_every_command_answers_in_every_tabular_form(
    capsys: pytest.CaptureFixture[str], command: str, form: str
) -> None:
    status, out, _ = ask(capsys, command, SHOP, "--format", form)
    assert status == (1 if command == "check" else 0)
    if form == "json":
        assert json.loads(out)["schema"].startswith("netatlas.")
    elif form == "csv":
        assert len({len(row) for row in csv.reader(io.StringIO(out))}) == 1
    else:
        assert len(out.splitlines()) > 2


def test_exposure_has_the_ends_beyond_the_input_below_each_workload(
    capsys: pytest.CaptureFixture[str], denied: str
) -> None:
    answer = json.loads(ask(capsys, "exposure", denied, "--format", "json")[1])
    assert answer["schema"] == "netatlas.exposure/1"
    (web,) = (row for row in answer["exposure"] if row["workload"] == "web")
    assert web["unprotected"] == ["egress"]
    everything = {protocol: [[1, 65535]] for protocol in ("TCP", "UDP", "SCTP")}
    assert [(e["direction"], e["peer"], e["ports"]) for e in web["exposed_to"]] == [
        ("egress", "any address outside", everything),
        ("egress", "any pod of any namespace", everything),
    ]
    status, out, _ = ask(capsys, "exposure", denied, "--by", "peer", "--format", "csv")
    assert status == 0
    assert [row["peer"] for row in csv.DictReader(io.StringIO(out)) if row["workload"] == "web"] == [
        "any address outside",
        "any pod of any namespace",
    ]


@pytest.mark.parametrize("command", ["flows", "services", "routes"])
def test_graphs_come_as_dot_and_mermaid(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert ask(capsys, command, SHOP, "--format", "dot")[1].startswith("digraph")
    assert ask(capsys, command, SHOP, "--format", "mermaid")[1].startswith("flowchart LR")


def test_a_denied_pair_has_no_row_and_explain_names_policy_and_line(
    capsys: pytest.CaptureFixture[str], denied: str
) -> None:
    _, out, _ = ask(capsys, "flows", denied, "--format", "json")
    flows = json.loads(out)["flows"]
    assert {"src", "dst", "ports", "verdict"} <= flows[0].keys()
    assert not [f for f in flows if f["dst"].startswith("a/")], "both pods are isolated for ingress"
    assert [f for f in flows if f["src"] == "a/web[Pod]" and f["dst"] == "0.0.0.0-255.255.255.255[External]"]

    status, out, _ = ask(
        capsys, "explain", denied, "--from", "a/web", "--to", "a/db", "--port", "80", "--format", "json"
    )
    answer = json.loads(out)
    assert status == 0
    assert (answer["schema"], answer["verdict"]) == ("netatlas.explain/1", "denied")
    egress, ingress = answer["directions"]
    assert (egress["direction"], egress["verdict"], egress["policies"]) == ("egress", "allowed", [])
    assert ingress["verdict"] == "denied"
    (policy,) = ingress["policies"]
    assert (policy["ref"], policy["effect"]) == ("a/deny[NetworkPolicy]", "isolates")
    assert policy["source"].endswith("policy.yaml:1")


def test_a_denial_comes_with_the_smallest_change_that_would_allow_it(
    capsys: pytest.CaptureFixture[str], denied: str, tmp_path: Path
) -> None:
    asked = ("--from", "a/web", "--to", "a/db", "--port", "80")
    change = json.loads(ask(capsys, "explain", denied, *asked, "--format", "json")[1])["smallest_change"]
    assert (change["refused"], change["also_removes"], change["newly_isolates"]) == ("", [], [])
    assert "The smallest change that would allow it" in ask(capsys, "explain", denied, *asked)[1]
    (tmp_path / "change.yaml").write_text(change["policy"], encoding="utf-8")
    status, out, _ = ask(capsys, "explain", denied, str(tmp_path / "change.yaml"), *asked, "--format", "json")
    answer = json.loads(out)
    assert (status, answer["verdict"], answer["smallest_change"]) == (0, "allowed", None)


def test_a_protocol_without_a_port_means_all_its_ports(capsys: pytest.CaptureFixture[str], denied: str) -> None:
    ends = ("--from", "a/web", "--to", "a/db", "--format", "json")
    answer = json.loads(ask(capsys, "explain", denied, *ends, "--protocol", "UDP", "--engine", "none")[1])
    assert answer["ports"] == {"UDP": [[1, 65535]]}
    change = json.loads(ask(capsys, "explain", denied, *ends, "--protocol", "UDP")[1])["smallest_change"]
    assert yaml.safe_load(change["policy"])["spec"]["ingress"][0]["ports"] == [{"protocol": "UDP"}]
    assert not change["also_adds"]


def test_a_port_without_a_protocol_is_of_tcp(capsys: pytest.CaptureFixture[str], denied: str) -> None:
    ends = ("--from", "a/web", "--to", "a/db", "--format", "json", "--engine", "none")
    assert json.loads(ask(capsys, "explain", denied, *ends, "--port", "53")[1])["ports"] == {"TCP": [[53, 53]]}


def test_the_address_of_a_pod_gets_the_change_that_its_name_gets(capsys: pytest.CaptureFixture[str]) -> None:
    ends = ("explain", SHOP, "--from", "shop-web/storefront", "--port", "9090")
    out, by_name = (ask(capsys, *ends, "--to", to)[1] for to in ("10.244.1.63", "monitoring/prometheus-0"))
    assert out == by_name
    assert "→ monitoring/prometheus-0[Pod] (TCP 9090)" in out.splitlines()[0]
    assert "The smallest change that would allow it" in out


def test_no_engine_allows_what_a_policy_denies(capsys: pytest.CaptureFixture[str], denied: str) -> None:
    _, out, _ = ask(capsys, "flows", denied, "--format", "json", "--engine", "none")
    assert [f for f in json.loads(out)["flows"] if f["src"] == "a/web[Pod]" and f["dst"] == "a/db[Pod]"]


@pytest.mark.parametrize(
    "end", ["a/web", "a/Pod/web", "a/web[Pod]", "10.0.0.0/8", "2001:db8::1", "0.0.0.0-255.255.255.255[External]"]
)
def test_an_end_may_be_written_in_each_form(capsys: pytest.CaptureFixture[str], denied: str, end: str) -> None:
    assert ask(capsys, "explain", denied, "--from", end, "--to", "a/db")[0] == 0


def test_an_ambiguous_end_lists_the_candidates(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    template = "{metadata: {labels: {x: y}}, spec: {containers: [{name: c, image: i}]}}"
    spec = f"spec: {{selector: {{matchLabels: {{x: y}}}}, template: {template}}}\n"
    kinds = [f"apiVersion: apps/v1\nkind: {k}\nmetadata: {{name: web, namespace: a}}\n{spec}" for k in KINDS]
    (tmp_path / "a.yaml").write_text("---\n".join(kinds))
    status, _, err = ask(capsys, "explain", str(tmp_path), "--from", "a/web", "--to", "10.0.0.1")
    assert status == 2
    assert "a/web[Deployment]" in err and "a/web[DaemonSet]" in err
    assert ask(capsys, "explain", str(tmp_path), "--from", "a/Deployment/web", "--to", "10.0.0.1")[0] == 0


@pytest.mark.parametrize("end", ["nobody", "a/nobody", "node/none", "a/b/c/d", "", "10.0.0.300"])
def test_an_end_that_is_not_there_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], denied: str, end: str
) -> None:
    status, _, err = ask(capsys, "explain", denied, "--from", end, "--to", "a/db")
    assert status == 2 and err


def test_a_port_outside_the_range_is_a_usage_error(capsys: pytest.CaptureFixture[str], denied: str) -> None:
    assert ask(capsys, "explain", denied, "--from", "a/web", "--to", "a/db", "--port", "70000")[0] == 2


def test_a_document_that_cannot_be_read_is_named_and_the_rest_is_answered(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(PODS + "---\nkind: [\n")
    status, out, err = ask(capsys, "flows", str(tmp_path), "--format", "json")
    assert status == 2
    assert json.loads(out)["flows"]
    assert [p for p in json.loads(out)["problems"] if p["severity"] == "error"]
    assert "a.yaml:" in err


def test_nothing_loadable_ends_in_two(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    assert ask(capsys, "flows", str(tmp_path))[0] == 2
    assert ask(capsys, "flows", str(tmp_path / "missing.yaml"))[0] == 2


def test_a_folder_its_archive_and_standard_input_give_the_same_flows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.yaml").write_text(PODS + "---\n" + DENY_ALL)
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(folder / "a.yaml", "a.yaml")
    answers = [json.loads(ask(capsys, "flows", str(p), "--format", "json")[1])["flows"] for p in (folder, archive)]
    piped = io.TextIOWrapper(io.BytesIO((folder / "a.yaml").read_bytes()))
    monkeypatch.setattr("sys.stdin", piped)
    answers.append(json.loads(ask(capsys, "flows", "-", "--format", "json")[1])["flows"])
    assert answers[0] == answers[1] == answers[2]


def test_check_fails_at_the_threshold_and_not_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "check", SHOP)[0] == 1
    assert ask(capsys, "check", BEFORE)[0] == 0


def test_sarif_points_at_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capsys, "check", SHOP, "--format", "sarif")
    run = json.loads(out)["runs"][0]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["results"]
    for result in run["results"]:
        assert result["ruleId"] in rules
        place = result["locations"][0]["physicalLocation"]
        lines = Path(place["artifactLocation"]["uri"]).read_text().splitlines()
        assert 1 <= place["region"]["startLine"] <= len(lines)
        assert "{" not in result["message"]["text"], "every placeholder is filled"


def test_the_tested_url_names_its_winner(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capsys, "routes", SHOP, "--url", "https://shop.example.com/static/a.css", "--format", "json")
    answer = json.loads(out)
    assert [c["path"] for c in answer["candidates"] if c["answer"] == "wins"] == ["/static"]
    assert ask(capsys, "routes", SHOP, "--url", "nonsense")[0] == 0


def test_an_unknown_namespace_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = ask(capsys, "flows", SHOP, "-n", "nowhere")
    assert status == 2 and "nowhere" in err


def test_flows_by_namespace_has_a_row_a_pair(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capsys, "flows", SHOP, "--by", "namespace", "--format", "json")
    rows = json.loads(out)["flows"]
    assert len({(r["from"], r["to"]) for r in rows}) == len(rows) > 10


def test_the_plan_of_the_documented_example(capsys: pytest.CaptureFixture[str]) -> None:
    # AKS, "IP address planning": 50 nodes, one more for the upgrade, 30 pods a node: 51 + 51 * 30 = 1,581, a /21.
    argv = ("plan", "--model", "node_subnet", "--nodes", "50", "--surge", "1", "--max-pods", "30")
    status, out, _ = ask(capsys, *argv, "--format", "json")
    subnet = json.loads(out)["clusters"][0]["node_subnet"]
    assert status == 0
    assert (subnet["ips_needed"], subnet["ips_with_reserved"], subnet["prefix"]) == (1581, 1586, 21)
    assert "1581" in ask(capsys, *argv)[1]


def test_a_plan_file_says_the_same_as_its_flags(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("model: azure_cni_overlay\nnodes: 10\n")
    by_file = ask(capsys, "plan", str(file), "--format", "json")[1]
    by_flags = ask(capsys, "plan", "--model", "azure_cni_overlay", "--nodes", "10", "--format", "json")[1]
    assert json.loads(by_file) == json.loads(by_flags)


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("--model", "nonsense"),
        ("--nodes", "many"),
        ("--model", "azure_cni_overlay", "--pod-cidr", "172.16.0.0/12"),
        ("missing.yaml",),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]) -> None:
    status, _, err = ask(capsys, "plan", *argv)
    assert status == 2 and err


def test_wrong_words_end_in_two() -> None:
    for argv in ([], ["nonsense"], ["flows", SHOP, "--format", "sarif"]):
        with pytest.raises(SystemExit) as stopped:
            main(argv)
        assert stopped.value.code == 2


def test_flows_by_class_list_the_members_of_each_class(capsys: pytest.CaptureFixture[str], denied: str) -> None:
    status, out, _ = ask(capsys, "flows", denied, "--by", "class", "--format", "json")
    answer = json.loads(out)
    assert (status, answer["schema"]) == (0, "netatlas.flows/1")
    (only,) = answer["classes"]
    assert sorted(only["members"]) == ["a/db[Pod]", "a/web[Pod]"]
    assert {row["src"] for row in answer["flows"]} == {only["name"]}, "both pods are isolated for ingress"


def test_a_plan_says_what_it_assumed_and_where_sources_disagree(capsys: pytest.CaptureFixture[str]) -> None:
    # AKS documents a surge of one node on some pages and of 10 % on others; the plan has to take one and say so.
    _, out, _ = ask(capsys, "plan", "--model", "node_subnet", "--nodes", "50")
    assumed = [line for line in out.splitlines() if "assumed: surge" in line]
    assert len(assumed) == 1 and "10%" in assumed[0]


TWICE = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-web, namespace: a}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 80}]
"""


@pytest.fixture
def said_twice(tmp_path: Path) -> str:
    """Two pods, and a policy of which one rule says what the other says."""
    (tmp_path / "pods.yaml").write_text(PODS)
    (tmp_path / "policy.yaml").write_text(TWICE)
    return str(tmp_path)


def test_lint_names_the_rule_its_cover_and_their_lines(capsys: pytest.CaptureFixture[str], said_twice: str) -> None:
    status, out, err = ask(capsys, "lint", said_twice, "--format", "json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["schema"], told["engine"], told["policies"], told["rules"]) == ("netatlas.lint/1", "kubernetes", 1, 2)
    assert told["stopped"] == ""
    (finding,) = told["findings"]
    assert (finding["code"], finding["severity"]) == ("rule-redundant", "warning")
    assert (finding["policy"], finding["rule"]) == ("a/from-web[NetworkPolicy]", "spec.ingress[1]")
    assert finding["source"].endswith("policy.yaml:8")
    (cover,) = finding["covered_by"]
    assert cover["rule"] == "spec.ingress[0]"
    assert cover["source"].endswith("policy.yaml:7")


def test_lint_fails_where_it_is_asked_to(capsys: pytest.CaptureFixture[str], said_twice: str) -> None:
    assert ask(capsys, "lint", said_twice)[0] == 0
    assert ask(capsys, "lint", said_twice, "--fail-on", "warning")[0] == 1
    assert ask(capsys, "lint", said_twice, "--fail-on", "error")[0] == 0
    assert ask(capsys, "lint", said_twice, "--fail-on", "warning", "-n", "nowhere")[0] == 2


def test_lint_as_sarif_leads_to_the_line(capsys: pytest.CaptureFixture[str], said_twice: str) -> None:
    status, out, _ = ask(capsys, "lint", said_twice, "--format", "sarif")
    (run,) = json.loads(out)["runs"]
    assert status == 0
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["rule-redundant"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["level"], place["region"]["startLine"]) == ("warning", 8)


def test_lint_asks_the_engine_that_is_named(capsys: pytest.CaptureFixture[str], said_twice: str) -> None:
    out = ask(capsys, "lint", said_twice, "--engine", "none", "--format", "json")[1]
    assert [f["code"] for f in json.loads(out)["findings"]] == ["policy-ignored"]


def test_every_command_of_the_parser_is_carried_out_by_a_function() -> None:
    (actions,) = (a for a in build_parser()._actions if a.dest == "command")
    assert actions.choices is not None
    assert set(actions.choices) == set(COMMANDS)
    assert all(callable(command(name)) for name in COMMANDS)
