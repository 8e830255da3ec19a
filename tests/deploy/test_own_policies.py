"""NetAtlas judges its own NetworkPolicies: open is what is meant to be, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lib.cli import main
from tests.deploy.render import API_SERVER, SETTINGS, Raw, file, rendered

OWN = "netatlas/netatlas[Deployment]"
PROXY = "ingress-nginx/controller[Pod]"
DNS = "kube-system/coredns[Pod]"
OTHERS = ("ingress-nginx", "kube-system", "shop", "netatlas")


def namespace(name: str) -> Raw:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def pod(where: str, name: str, **labels: str) -> Raw:
    meta = {"name": name, "namespace": where, "labels": {key.replace("_", "-"): v for key, v in labels.items()}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "c"}]}}


AROUND = [
    *(namespace(name) for name in OTHERS),
    pod("ingress-nginx", "controller", app="ingress-nginx"),
    pod("kube-system", "coredns", k8s_app="kube-dns"),
    pod("kube-system", "other", app="other"),
    pod("shop", "web", app="web"),
    pod("netatlas", "neighbour", app="neighbour"),
]


def flows(
    objects: list[Raw], folder: Path, capsys: pytest.CaptureFixture[str]
) -> dict[tuple[str, str], dict[str, object]]:
    """Ports by source and destination of all flows that NetAtlas' own pod takes part in."""
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump_all([*AROUND, *objects]))
    assert main(["flows", str(path), "--complete", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["flows"]
    assert all(row["verdict"] == "allowed" for row in rows)
    return {(r["src"], r["dst"]): r["ports"] for r in rows if OWN in (r["src"], r["dst"])}


def outside(addresses: str) -> str:
    return f"{addresses}[External]"


@pytest.mark.parametrize("source", ["chart", "plain"])
def test_only_the_proxy_comes_in_and_nothing_goes_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    objects = rendered({}) if source == "chart" else [o for o in file("netatlas.yaml") if o["kind"] != "Namespace"]
    assert flows(objects, tmp_path, capsys) == {(PROXY, OWN): {"TCP": [[8501, 8501]]}}


@pytest.mark.parametrize("name", ["with the server's own credentials", "with visitors' kubeconfigs"])
def test_the_api_servers_and_dns_are_all_that_is_reached_besides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    dns = {"TCP": [[53, 53]], "UDP": [[53, 53]]}
    hosts = {p["cidr"].removesuffix("/32"): p["port"] for p in API_SERVER}
    reached = {(OWN, outside(f"{host}-{host}")): {"TCP": [[port, port]]} for host, port in hosts.items()}
    assert flows(rendered(SETTINGS[name]), tmp_path, capsys) == {
        (PROXY, OWN): {"TCP": [[8501, 8501]]},
        (OWN, DNS): dns,
        **reached,
    }


def test_a_login_reaches_its_provider_and_no_api_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = flows(rendered(SETTINGS["with a login"]), tmp_path, capsys)
    assert {dst for src, dst in found if src == OWN} == {DNS, outside("198.51.100.0-198.51.100.255")}


def test_nothing_is_wrong_with_its_services_routes_and_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump_all([*AROUND, *rendered(SETTINGS["behind a proxy"])]))
    main(["check", str(path), "--format", "json", "--namespace", "netatlas", "--fail-on", "warning"])
    found = json.loads(capsys.readouterr().out)
    assert not [f for f in found["findings"] if f["severity"] == "error"], found["findings"]
    assert not [p for p in found["problems"] if p["severity"] != "info"]
