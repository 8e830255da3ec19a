"""The command ``recommend``: YAML that can be applied, the proof beside it, and its exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lib.cli import main
from tests.cli.test_commands import DENY_ALL, PODS, SHOP, ask

ADMIN = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: never}
spec: {priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
"""


@pytest.fixture
def two_pods(tmp_path: Path) -> str:
    (tmp_path / "pods.yaml").write_text(PODS)
    return str(tmp_path)


def test_the_yaml_alone_is_printed_and_holds_a_policy_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, "recommend", SHOP, "--format", "yaml")
    documents = list(yaml.safe_load_all(out))
    assert status == 0
    assert {(d["apiVersion"], d["kind"]) for d in documents} == {("networking.k8s.io/v1", "NetworkPolicy")}
    names = [(d["metadata"]["namespace"], d["metadata"]["name"]) for d in documents]
    assert len(set(names)) == len(names)


def test_what_was_recommended_and_applied_needs_nothing_more(
    capsys: pytest.CaptureFixture[str], two_pods: str, tmp_path: Path
) -> None:
    need = ("--need", "a/web=a/db:5432")
    _, out, _ = ask(capsys, "recommend", two_pods, *need, "--format", "yaml")
    (tmp_path / "policies.yaml").write_text(out)
    status, flows, _ = ask(capsys, "flows", two_pods, "--format", "json")
    assert status == 0
    assert [(f["src"], f["dst"], f["ports"]) for f in json.loads(flows)["flows"]] == [
        ("a/web[Pod]", "a/db[Pod]", {"TCP": [[5432, 5432]]})
    ]
    _, again, _ = ask(capsys, "recommend", two_pods, "--replace", "--format", "json")
    found = json.loads(again)
    assert sum(found["changed"].values()) == 0
    assert found["open"] == []


def test_the_json_says_for_every_need_why_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capsys, "recommend", SHOP, "--replace", "--format", "json")
    found = json.loads(out)
    assert (status, found["schema"], found["engine"]) == (0, "netatlas.recommend/1", "kubernetes")
    assert {n["verdict"] for n in found["needs"]} == {"allowed"}
    assert found["open"] == []
    for need in found["needs"]:
        assert need["evidence"], need
        assert all(".yaml:" in e["source"] for e in need["evidence"]), need
    # Fault 6 of the sample's README: every namespace reaches the database. It names nobody, so it is not kept.
    assert [r["policy"] for r in found["not_kept"]] == ["shop-data/postgres-from-api"]
    lost = {(c["from"], c["to"]) for c in found["changes"] if c["change"] == "lost"}
    assert ("monitoring/grafana[Deployment]", "shop-data/postgres[StatefulSet]") in lost
    # Fault 7: what catalog and cart need of redis is permitted on one side alone.
    told = " ".join(q["not_known"] for q in found["questions"])
    assert "shop-api/cart[Deployment] → shop-data/redis[StatefulSet]" in told
    assert "shop-api/catalog[Deployment] → shop-data/redis[StatefulSet]" in told


def test_every_form_says_first_that_the_cluster_runs_another_engine(capsys: pytest.CaptureFixture[str]) -> None:
    said = "Judged by the API's own words; the cluster runs Cilium"
    for form in ("text", "yaml"):
        _, out, _ = ask(capsys, "recommend", SHOP, "--format", form)
        assert out.splitlines()[0].removeprefix("# ").startswith(said)
    _, out, _ = ask(capsys, "recommend", SHOP, "--format", "json")
    found = json.loads(out)
    assert found["other_engine"] == found["summary"][0]
    assert found["other_engine"].startswith(said)
    _, out, _ = ask(capsys, "recommend", SHOP, "--format", "json", "--engine", "cilium")
    assert json.loads(out)["other_engine"] == ""


def test_the_shops_flows_of_its_readme_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capsys, "recommend", SHOP, "--replace", "--format", "json")
    kept = {(n["src"].split("[")[0], n["dst"].split("[")[0]) for n in json.loads(out)["needs"]}
    assert {
        ("shop-web/storefront", "shop-api/catalog"),
        ("shop-api/orders", "shop-data/postgres"),
        ("shop-api/orders", "shop-payments/payments"),
        ("shop-api/notifications", "outside 198.51.100.25/32"),
        ("shop-payments/payments", "outside 198.51.100.128/25 except 198.51.100.192/28"),
        ("outside 198.51.100.64/26", "shop-api/catalog"),
        ("outside 10.80.0.0/16", "shop-api/orders"),
        ("app-routing-system/nginx", "shop-web/storefront"),
        ("monitoring/prometheus", "shop-data/redis"),
        ("shop-data/postgres", "shop-data/postgres"),
    } <= kept


def test_a_need_that_cannot_be_proven_ends_in_one(capsys: pytest.CaptureFixture[str], two_pods: str) -> None:
    (Path(two_pods) / "admin.yaml").write_text(ADMIN)
    status, out, _ = ask(capsys, "recommend", two_pods, "--need", "a/web=a/db:5432")
    assert status == 1
    assert "Not proven" in out
    assert "never[AdminNetworkPolicy] spec.ingress[0]" in out


@pytest.mark.parametrize(
    "argv", [("--need", "nonsense"), ("--need", "a/web=a/nobody:1"), ("--namespace", "nowhere"), ("--engine", "weave")]
)
def test_what_cannot_be_answered_as_asked_ends_in_two(
    capsys: pytest.CaptureFixture[str], two_pods: str, argv: tuple[str, str]
) -> None:
    try:
        status = main(["recommend", two_pods, *argv])
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status == 2
    assert "Traceback" not in capsys.readouterr().err


def test_present_policies_go_only_where_it_is_asked_for(capsys: pytest.CaptureFixture[str], two_pods: str) -> None:
    (Path(two_pods) / "policy.yaml").write_text(DENY_ALL)
    _, beside, _ = ask(capsys, "recommend", two_pods)
    assert "stay beside these" in beside
    assert "kubectl delete" not in beside
    _, instead, _ = ask(capsys, "recommend", two_pods, "--replace")
    assert "kubectl delete networkpolicy -n a deny" in instead


def test_an_input_without_a_workload_is_answered(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    for form in ("text", "json", "yaml"):
        status, out, _ = ask(capsys, "recommend", str(tmp_path), "--format", form)
        assert status == 0
        assert "NetworkPolicy" not in out


def test_a_need_about_no_covered_workload_is_not_proven_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    covered = ["recommend", SHOP, "--namespace", "shop-web", "--format", "yaml"]
    assert main([*covered, "--need", "shop-web/storefront=192.0.2.1:443"]) == 0
    assert main([*covered, "--need", "shop-api/cart=192.0.2.1:443"]) == 1
    capsys.readouterr()
