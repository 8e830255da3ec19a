"""The command ``azure``: its formats, its filters, and what it says of settings, manifests and hostile input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main

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
