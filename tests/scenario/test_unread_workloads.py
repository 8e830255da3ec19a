"""Workloads that a server did not give: nobody may call them gone or new, nor their flows lost or gained."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.loaders.cluster.read import ClusterRead
from lib.loaders.policy_text import read_policies
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.scenario import Change, Diff, diff
from lib.scenario.recommendation import Options, recommend, summarise
from tests.cluster.reading import kubeconfig, loaded, read, written
from tests.cluster.replay import ReplayServer, always, recording

POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"
ENGINES = ("azure-npm", "calico")
PODS, DEPLOYMENTS = "/api/v1/pods", "/apis/apps/v1/deployments"


def reading(*refused: str, without: str = "") -> ClusterRead:
    """The recorded cluster as a login that may not list some paths sees it, or without the objects of one."""
    server = ReplayServer.recorded()
    for path in refused:
        server.faults[path] = always(403, recording("403-pods-namespaced")["body"])
    if without:
        server.lists[without] = (*server.lists[without][:2], [])
    return read(server)


def compared(old: ClusterRead, new: ClusterRead) -> Diff:
    """The two under the API's own words."""
    return diff(*(compile_engine(loaded(each).snapshot) for each in (old, new)))


@pytest.fixture(scope="module")
def whole() -> ClusterRead:
    """The recorded cluster."""
    return reading()


@pytest.mark.parametrize("path", [PODS, DEPLOYMENTS])
def test_a_refused_kind_is_neither_gone_nor_new_and_its_flows_are_unknown(path: str, whole: ClusterRead) -> None:
    part = reading(path)
    for found in (compared(whole, part), compared(part, whole)):
        assert found.membership.not_known
        assert not found.added and not found.removed
        assert set(found.tally.total) == {Change.UNKNOWN}
        rows = list(found.rows())
        assert {row.change for row in rows} == {Change.UNKNOWN}
        assert Counter(row.change for row in rows) == found.tally.total
        assert any("refused by the server" in said for row in rows for said in row.workloads)


@pytest.mark.parametrize("path", [PODS, DEPLOYMENTS])
def test_what_a_server_says_is_not_there_is_gone(path: str, whole: ClusterRead) -> None:
    found = compared(whole, reading(without=path))
    assert found.removed and not found.membership.not_known
    assert found.tally.total[Change.LOST] > 0
    assert Counter(row.change for row in found.rows()) == found.tally.total
    assert compared(reading(without=path), whole).added == found.removed


def test_pods_of_an_owner_that_was_not_read_may_be_anothers() -> None:
    def cluster(*refused: str) -> ClusterRead:
        server = ReplayServer.recorded()
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "r", "controller": True}
        above = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": True}
        spec: dict[str, Any] = {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}},
        }
        spec["template"]["spec"] = {"containers": [{"name": "c", "image": "i"}]}
        names = {"namespace": "ns-0000", "labels": {"a": "b"}}
        pod = {"metadata": {"name": "web-1-x", **names, "ownerReferences": [owner]}, "spec": spec["template"]["spec"]}
        replicas = {"metadata": {"name": "web-1", **names, "uid": "r", "ownerReferences": [above]}, "spec": spec}
        made = {"metadata": {"name": "web", **names, "uid": "d"}, "spec": spec}
        for path, kind, version, item in (
            (PODS, "PodList", "v1", pod),
            ("/apis/apps/v1/replicasets", "ReplicaSetList", "apps/v1", replicas),
            (DEPLOYMENTS, "DeploymentList", "apps/v1", made),
        ):
            server.lists[path] = (kind, version, [item])
        for path in refused:
            server.faults[path] = always(403, recording("403-pods-namespaced")["body"])
        return read(server)

    found = compared(cluster(), cluster("/apis/apps/v1/replicasets"))
    assert not found.added and not found.removed
    assert set(found.tally.total) <= {Change.UNKNOWN}


def test_policies_that_neither_reading_has_may_differ_and_that_is_said(whole: ClusterRead) -> None:
    part = reading(POLICIES)
    assert compared(whole, whole).unsettled == ""
    for found in (compared(part, part), diff(*(compile_engine(loaded(part).snapshot, profile(e)) for e in ENGINES))):
        assert found.unsettled == "Not read: NetworkPolicy. What hangs on these is unknown in both, and is not listed."
    # Where one of them has the policies, what the other lacks is listed as unknown.
    one_sided = compared(whole, part)
    assert "objects of the kind NetworkPolicy" in one_sided.unsettled and one_sided.tally.total[Change.UNKNOWN] > 0


def test_a_recommendation_does_not_say_that_nothing_differs_from_what_was_not_read() -> None:
    part = reading(PODS, "/api/v1/services", "/apis/networking.k8s.io/v1/ingresses", POLICIES)
    found = recommend(compile_engine(loaded(part).snapshot), Options(), read_policies, lambda source: "")
    assert found.proof is not None and not found.proof.tally
    told = " ".join(summarise(found, "the Kubernetes API").lines)
    assert "Not read: NetworkPolicy. What hangs on these is unknown in both" in told
    assert "Against today no flow is known to differ." in told


def test_the_command_line_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = ReplayServer.recorded(), ReplayServer.recorded()
    new.faults[DEPLOYMENTS] = always(403, recording("403-pods-namespaced")["body"])
    with old.running(tls=True) as one, new.running(tls=True) as other:
        config = kubeconfig(one)
        (there,) = kubeconfig(other)["clusters"]
        config["clusters"].append({**there, "name": "second"})
        config["contexts"].append({"name": "second", "context": {"cluster": "second", "user": "u"}})
        words = ["diff", "--kubeconfig", str(written(tmp_path, config)), "--context", "test", "--context", "second"]
        assert main([*words, "--format", "json"]) == 2
        found = json.loads(capsys.readouterr().out)
        assert found["workloads"]["removed"] == found["workloads"]["added"] == []
        assert found["workloads"]["not_known"]
        assert main(words) == 2
        assert "not known to be in both" in capsys.readouterr().out
