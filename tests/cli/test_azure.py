"""The command ``azure``: its formats, its filters, and what it says of settings, manifests and hostile input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from tests.azure.nsg import provider_examples, worked_examples
from tests.azure.own_group import RULE

ROOT = Path(__file__).resolve().parents[2]
SHOP = str(ROOT / "sample_data/shop")


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["azure", *arguments]) == status
    return capsys.readouterr().out


def manifest(tmp_path: Path, *services: dict[str, Any]) -> str:
    path = tmp_path / "services.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(services)}), "utf-8")
    return str(path)


def service(name: str = "web", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    body = {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80}], **spec}
    meta = {"name": name, "namespace": "shop", "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": body}


def test_text_and_markdown_have_a_row_for_each_rule_with_its_line(capsys):
    text = run(capsys, SHOP)
    assert len(text.splitlines()) == 6 and "sample_data/shop/services.yaml:30" in text
    assert run(capsys, SHOP, "--format", "md").count("\n") == 7


def test_csv_has_every_column(capsys):
    rows = list(csv.DictReader(io.StringIO(run(capsys, SHOP, "--format", "csv"))))
    assert len(rows) == 5
    assert {"frontend", "floating_ip", "idle_timeout_minutes", "tcp_reset", "distribution", "probe"} <= rows[0].keys()


def test_a_namespace_is_shown_alone(capsys):
    found = json.loads(run(capsys, SHOP, "--format", "json", "-n", "shop-payments"))
    assert [b["name"] for b in found["load_balancers"]] == ["kubernetes-internal"]


def test_an_unknown_namespace_is_wrong_usage(capsys):
    assert main(["azure", SHOP, "-n", "nowhere"]) == 2
    assert "no namespace nowhere" in capsys.readouterr().err


def test_settings_of_the_cluster_change_the_answer_and_are_named(capsys):
    found = json.loads(run(capsys, SHOP, "--format", "json", "--shared-probe"))
    probes = {p["name"] for b in found["load_balancers"] for p in b["probes"]}
    assert "cluster-service-shared-health-probe" in probes
    assert any("share" in words for words in found["assumptions"])
    several = ["--load-balancer", "kubernetes", "--load-balancer", "second"]
    found = json.loads(run(capsys, SHOP, "--format", "json", *several))
    assert all(s["unknown"] for b in found["load_balancers"] for s in b["services"])


def test_a_manifest_says_what_is_not_known(capsys, tmp_path):
    found = json.loads(run(capsys, manifest(tmp_path, service()), "--format", "json"))
    (balancer,) = found["load_balancers"]
    assert balancer["probes"][0]["port"] is None
    assert balancer["frontends"][0]["address"] is None
    assert any("uid" in words for words in balancer["services"][0]["unknown"])


def test_a_refused_service_is_listed_with_the_reason(capsys, tmp_path):
    key = "service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout"
    path = manifest(tmp_path, service(annotations={key: "1"}))
    found = json.loads(run(capsys, path, "--format", "json"))
    assert key in found["load_balancers"][0]["services"][0]["refused"]
    assert f"no rule: {key}" in run(capsys, path)


def test_a_service_of_another_class_is_left_out_and_named(capsys, tmp_path):
    path = manifest(tmp_path, service(loadBalancerClass="example.com/lb"))
    found = json.loads(run(capsys, path, "--format", "json"))
    assert found["load_balancers"] == []
    assert "example.com/lb" in found["left_out"][0]["reason"]


def test_an_input_without_services_has_an_empty_answer(capsys, tmp_path):
    path = tmp_path / "ns.yaml"
    path.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "utf-8")
    assert json.loads(run(capsys, str(path), "--format", "json"))["load_balancers"] == []


def test_hostile_values_are_shown_as_text_and_never_end_in_a_traceback(capsys, tmp_path):
    prefix = "service.beta.kubernetes.io/"
    hostile = {
        prefix + "azure-load-balancer-internal": "true",
        prefix + "azure-load-balancer-internal-subnet": "<script>alert(1)</script>" * 50,
        prefix + "azure-load-balancer-ipv4": "![x](http://example.com)",
        prefix + "azure-pls-create": "true",
        prefix + "azure-pls-ip-configuration-ip-address-count": "9" * 5000,
        prefix + "port_80_health-probe_port": "٨٠",
        prefix + "azure-additional-public-ips": "," * 5000,
    }
    path = manifest(tmp_path, service(annotations=hostile))
    for format_ in ("text", "json", "csv", "md"):
        run(capsys, path, "--format", format_)


def test_a_broken_document_is_told_and_the_rest_is_answered(capsys, tmp_path):
    path = tmp_path / "services.yaml"
    path.write_text(json.dumps(service()) + "\n---\na: [\n", "utf-8")
    assert main(["azure", str(path), "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["load_balancers"]) == 1
    assert "services.yaml:" in captured.err


PREFIX = "service.beta.kubernetes.io/"


def case_manifest(case: dict[str, Any], fixture: dict[str, Any]) -> list[dict[str, Any]]:
    """A Service and the nodes of one of the provider's own test cases, as manifests."""
    wanted = dict(case["service"])
    spec: dict[str, Any] = {"ports": fixture["ports"], "ipFamilies": ["IPv4", "IPv6"]}
    notes = {"azure-load-balancer-internal": "true"} if wanted.pop("internal", False) else {}
    if "spec.loadBalancerSourceRanges" in wanted:
        ranges = wanted.pop("spec.loadBalancerSourceRanges")
        spec["loadBalancerSourceRanges"] = ["10.0.0.0/8"] if ranges == "any" else ranges
    notes |= {key: "10.0.0.0/8" if value == "any" else value for key, value in wanted.items()}
    found = service(annotations={PREFIX + key: value for key, value in notes.items()}, **spec)
    addresses = [{"ip": a} for a in (*fixture["lb_ipv4"], *fixture["lb_ipv6"])]
    found["status"] = {"loadBalancer": {"ingress": addresses}}
    pairs = zip(fixture["node_ipv4"], fixture["node_ipv6"], strict=True)
    nodes = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"n{number}"},
            "status": {"addresses": [{"type": "InternalIP", "address": a} for a in pair]},
        }
        for number, pair in enumerate(pairs)
    ]
    return [found, *nodes]


@pytest.mark.parametrize("case", provider_examples()["cases"], ids=lambda case: case["id"])
def test_the_security_rules_of_the_providers_own_cases_are_printed_to_the_letter(capsys, tmp_path, case):
    path = manifest(tmp_path, *case_manifest(case, provider_examples()["fixture"]))
    found = json.loads(run(capsys, path, "--format", "json"))
    keys = {"source": "sources", "destination": "destinations", "destination_ports": "ports"}
    left = ("name", "priority", "protocol", "access")
    expected = [{k: r[k] for k in left} | {keys[k]: r[k] for k in keys} for r in case["rules"]]
    printed = [{key: rule[key] for key in (*left, *keys.values())} for rule in found["security_rules"]]
    assert sorted(printed, key=lambda r: r["priority"]) == sorted(expected, key=lambda r: r["priority"])
    assert bool(found["without_security_rules"]) is ("error" in case)


def test_what_the_input_does_not_show_of_a_security_rule_is_told_beside_it(capsys, tmp_path):
    found = json.loads(run(capsys, manifest(tmp_path, service()), "--format", "json"))
    (rule,) = found["security_rules"]
    assert rule["destinations"] == []
    lacking = {"rule": rule["name"], "not_in_input": ["the IPv4 frontend address of shop/web"]}
    assert found["not_in_security_rules"] == [lacking]


def test_security_rules_are_a_table_too(capsys):
    rows = list(csv.DictReader(io.StringIO(run(capsys, SHOP, "--list", "security-rules", "--format", "csv"))))
    assert [row["priority"] for row in rows[:4]] == ["500", "501", "502", "503"]
    assert {row["written_by"] for row in rows[:4]} == {"cloud provider"}
    assert {row["origin"] for row in rows} == {"fresh reconcile"}
    assert rows[1]["written_for"] == "monitoring/grafana" and rows[1]["destinations"] == "203.0.113.44"


def defaults(direction: str) -> list[tuple[object, ...]]:
    """The default rules as the data file has them, in the form of ``told``."""
    return [
        (direction, r["priority"], r["name"], r["access"])
        for r in worked_examples()["azure_default_rules"][direction.lower()]
    ]


def told(rules: list[dict[str, Any]], name: str = "name") -> list[tuple[object, ...]]:
    return [(r["direction"], int(r["priority"]), r[name], r["access"]) for r in rules]


def test_every_rule_is_listed_in_the_order_in_which_a_packet_meets_it(capsys, tmp_path):
    """Inbound the subnet's group is asked first, outbound the interface's: network-security-group-how-it-works.md."""
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps({"name": "corp", "securityRules": [RULE]}))
    found = json.loads(run(capsys, SHOP, "--subnet-nsg", str(mine), "--list", "security-rules", "--format", "json"))
    rules = found["rules_in_evaluation_order"]
    own = [{"direction": "Inbound"} | rule for rule in found["security_rules"]]
    written = ("Inbound", RULE["priority"], RULE["name"], RULE["access"])
    assert told(rules) == [
        *(written, *defaults("Inbound")),
        *(*told(own), *defaults("Inbound")),
        *defaults("Outbound") * 2,
    ]
    assert [r["attached_to"] for r in rules if r["direction"] == "Outbound"] == ["network interface"] * 3 + [
        "subnet"
    ] * 3
    assert [r["written_by"] for r in rules[:8]] == ["others", *["Azure"] * 3, *["cloud provider"] * 4]
    rows = list(
        csv.DictReader(
            io.StringIO(run(capsys, SHOP, "--subnet-nsg", str(mine), "--list", "security-rules", "--format", "csv"))
        )
    )
    assert told(rows, "rule_name") == told(rules)


def test_a_rule_of_the_providers_name_in_a_group_of_ones_own_is_not_the_providers(capsys, tmp_path):
    mine = tmp_path / "mine.json"
    rule = {**RULE, "name": "k8s-azure-lb_deny-all_IPv4", "priority": 600}
    mine.write_text(json.dumps([rule]))
    for option, author in (("--subnet-nsg", "others"), ("--nsg", "cloud provider")):
        found = json.loads(run(capsys, SHOP, option, str(mine), "--format", "json", "--list", "security-rules"))
        (at,) = [r for r in found["rules_in_evaluation_order"] if r["name"] == rule["name"]]
        assert at["written_by"] == author


def test_rules_of_other_namespaces_are_left_out_of_the_table_when_asked(capsys):
    out = run(capsys, SHOP, "--list", "security-rules", "--format", "csv", "-n", "monitoring")
    rows = list(csv.DictReader(io.StringIO(out)))
    written = [row["priority"] for row in rows if row["written_by"] == "cloud provider"]
    assert (written, len(rows)) == (["501"], 1 + len(defaults("Inbound")) + len(defaults("Outbound")))


def test_a_chosen_data_plane_counts_before_the_one_that_the_input_shows(capsys):
    def seen(*more: str) -> set[str]:
        found = json.loads(run(capsys, SHOP, "--format", "json", "-n", "monitoring", *more))
        return {s["pods_see"]["verdict"] for b in found["load_balancers"] for s in b["services"]}

    assert seen() == {"depends on the node"}
    assert seen("--data-plane", "kube-proxy") == {"node"}
