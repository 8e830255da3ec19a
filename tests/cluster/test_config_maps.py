"""ConfigMaps of a live cluster: each asked for by its name, and what is refused is unknown, not absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.azure.profile import cluster_profile
from lib.cli import main
from lib.facts.config_maps import config_maps
from lib.loaders.bundle.write import write_bundle
from lib.loaders.cluster.listing import Outcome
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.snapshot import Coverage
from tests.cluster.reading import kubeconfig, loaded, read, written
from tests.cluster.replay import ReplayServer, always, first, recording, status_body

PLANT = "hunter2"
ROOT = "/api/v1/namespaces/kube-system/configmaps"
CILIUM = f"{ROOT}/cilium-config"
FORBIDDEN = always(403, status_body(403, "Forbidden"))


def config_map(name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "kube-system", "uid": "1", "annotations": {"a": PLANT}}
    told = {key.replace("_", "-"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": told | {"password": PLANT}}


@pytest.fixture
def server() -> ReplayServer:
    found = ReplayServer.recorded()
    found.plain[CILIUM] = config_map("cilium-config", enable_policy="always", kube_proxy_replacement="true")
    return found


def test_what_is_there_is_kept_as_of_files_and_the_rest_is_not_there(server: ReplayServer) -> None:
    found = read(server)
    result = loaded(found)
    (kept,) = result.snapshot.config_maps
    assert dict(kept.data) == {"enable-policy": "always", "kube-proxy-replacement": "true"}
    assert result.snapshot.coverage_of("ConfigMap") is Coverage.COMPLETE
    assert not result.problems
    assert {path for path in server.paths if "configmap" in path} == {f"{ROOT}/{name}" for name in config_maps()}
    assert PLANT not in repr(found)
    place = found.read.documents.file_line(kept.place("enable-policy"))
    assert place == "ConfigMap kube-system/cilium-config data.enable-policy"
    aspect = cluster_profile(result.snapshot).data_plane
    assert aspect.value == "cilium" and aspect.source == kept.place("kube-proxy-replacement")


def test_a_refused_one_is_unknown_and_the_others_count(server: ReplayServer) -> None:
    server.faults[f"{ROOT}/coredns"] = FORBIDDEN
    found = read(server)
    result = loaded(found)
    assert found.outcomes["ConfigMap"] is Outcome.REFUSED
    assert result.snapshot.coverage_of("ConfigMap") is Coverage.REFUSED
    assert "cilium-config" in result.snapshot.config_map_by_name
    (problem,) = result.problems
    assert problem.code == "kind-refused" and "coredns" in problem.message and "get configmaps" in problem.remedy


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (always(500, status_body(500, "InternalError")), Outcome.UNFINISHED),
        (always(200, b"{"), Outcome.UNFINISHED),
        (always(200, b"[" * 100_000), Outcome.UNFINISHED),
        (always(200, {**config_map("cilium-config", ipam=PLANT), "kind": "Secret"}), Outcome.UNFINISHED),
        (always(200, config_map("coredns", ipam=PLANT)), Outcome.UNFINISHED),
        (always(302, "", {"Location": "/api/v1/secrets"}), Outcome.UNFINISHED),
        (always(401, recording("401-bad-token")["body"]), Outcome.NOT_LOGGED_IN),
        (lambda request: request.cut(), Outcome.UNFINISHED),
        (first(2, always(429, status_body(429, "TooManyRequests"))), Outcome.COMPLETE),
        (first(1, lambda request: request.cut()), Outcome.COMPLETE),
    ],
)  # fmt: skip
def test_whatever_a_server_answers_the_rest_is_read(server: ReplayServer, fault: Any, outcome: Outcome) -> None:
    server.faults[CILIUM] = fault
    found = read(server)
    assert found.outcomes["ConfigMap"] is outcome
    if outcome is not Outcome.NOT_LOGGED_IN:
        assert found.outcomes["Pod"] is Outcome.COMPLETE
    assert PLANT not in repr(found)
    assert not [path for path in server.paths if "secret" in path]
    assert bool(loaded(found).snapshot.config_maps) is (outcome is Outcome.COMPLETE)


def test_a_snapshot_of_it_holds_the_settings_and_its_coverage(server: ReplayServer) -> None:
    server.faults[f"{ROOT}/coredns"] = FORBIDDEN
    found = read(server)
    snapshot = loaded(found).snapshot
    bundle = write_bundle(found.read, snapshot.coverage)
    assert PLANT.encode() not in bundle
    again = read_inputs([InputFile("s.zip", bundle)])
    assert [statement.coverage["ConfigMap"] for statement in again.statements] == [Coverage.REFUSED]
    assert any(raw.kind == "ConfigMap" for raw in again.objects)


def test_a_changed_setting_is_another_content(server: ReplayServer) -> None:
    before = read(server).read.content_hash
    server.plain[CILIUM] = config_map("cilium-config", enable_policy="never")
    assert read(server).read.content_hash != before


def test_the_doctor_prints_the_rule_of_a_role_by_name(
    server: ReplayServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = ["cilium-config", "coredns"]
    server.faults |= {f"{ROOT}/{name}": FORBIDDEN for name in refused}
    with server.running() as url:
        config = str(written(tmp_path, kubeconfig(url)))
        assert main(["doctor", "--kubeconfig", config]) == 1
        text = capsys.readouterr().out
        assert main(["doctor", "--kubeconfig", config, "--format", "json"]) == 1
        told = json.loads(capsys.readouterr().out)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": refused, "verbs": ["get"]}
    assert yaml.safe_load(text[text.index("- apiGroups") :]) == [rule]
    assert "Missing in a Role of the namespace kube-system" in text and "ClusterRole" not in text
    assert (told["missing_rules"], told["missing_rules_in_kube_system"]) == ([], [rule])
    rows = {row["resource"]: row for row in told["resources"]}
    assert rows["configmaps/cilium-config"]["permission"] == "refused"
    assert rows["configmaps/kubeadm-config"]["note"] == "in kube-system; the cluster has none"
