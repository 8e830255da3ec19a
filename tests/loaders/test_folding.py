"""Pods and what makes them become workloads."""

from __future__ import annotations

import pytest

from lib.model.cluster import Workload
from tests.loaders.parse.build import load

POD = """
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{app: web, hash: x}}, ownerReferences: [{owners}]}}
spec: {{}}
status: {{phase: {phase}, podIP: {ip}}}
"""
MAKER = """
---
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, namespace: shop, ownerReferences: [{owners}]}}
spec: {spec}
status: {status}
"""
TEMPLATE = "template: {metadata: {labels: {app: web}}, spec: {containers: [{ports: [{containerPort: 80}]}]}}"
VERSIONS = {"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1"}


def owner(kind: str, name: str, controller: str = "true") -> str:
    return f"{{apiVersion: x/v1, kind: {kind}, name: {name}, uid: u, controller: {controller}}}"


def a_pod(name: str, owners: str = "", phase: str = "Running", ip: str = "10.1.0.4") -> str:
    return POD.format(name=name, owners=owners, phase=phase, ip=ip)


def maker(kind: str, name: str, owners: str = "", spec: str = "", status: str = "{}") -> str:
    extra = f", {spec}" if spec else ""
    body = f"{{jobTemplate: {{spec: {{{TEMPLATE}}}}}{extra}}}" if kind == "CronJob" else f"{{{TEMPLATE}{extra}}}"
    version = VERSIONS.get(kind, "apps/v1")
    return MAKER.format(version=version, kind=kind, name=name, owners=owners, spec=body, status=status)


def workloads(*documents: str, complete: bool = False) -> dict[str, Workload]:
    loaded = load("".join(documents), assume_complete=complete)
    assert loaded.problems == ()
    return {str(w.ref): w for w in loaded.snapshot.workloads}


def pod_names(workload: Workload) -> list[str]:
    return [p.ref.name for p in workload.pods]


def test_pods_fold_through_replica_sets_into_the_deployment() -> None:
    found = workloads(
        maker("Deployment", "web", spec="replicas: 2"),
        maker("ReplicaSet", "web-1", owner("Deployment", "web")),
        maker("ReplicaSet", "web-0", owner("Deployment", "web"), spec="replicas: 0"),
        a_pod("web-1-a", owner("ReplicaSet", "web-1")),
        a_pod("web-1-b", owner("ReplicaSet", "web-1")),
    )
    assert list(found) == ["shop/web[Deployment]"]
    web = found["shop/web[Deployment]"]
    assert pod_names(web) == ["web-1-a", "web-1-b"]
    assert (web.replicas, web.is_live) == (2, True)
    assert web.source.document == 1


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([a_pod("a")], "shop/a[Pod]", id="a bare pod is its own workload"),
        pytest.param(
            [a_pod("a", owner("ReplicaSet", "r"))], "shop/r[ReplicaSet]", id="an owner that is not in the input counts"
        ),
        pytest.param(
            [a_pod("a", owner("ReplicaSet", "r")), maker("ReplicaSet", "r", owner("Deployment", "d"))],
            "shop/d[Deployment]",
            id="so does the owner of an owner",
        ),
        pytest.param(
            [a_pod("a", owner("ReplicaSet", "r")), maker("ReplicaSet", "r", owner("Rollout", "d"))],
            "shop/d[Rollout]",
            id="owners of any kind fold by name",
        ),
        pytest.param(
            [a_pod("a", owner("Job", "j")), maker("Job", "j", owner("CronJob", "c")), maker("CronJob", "c")],
            "shop/c[CronJob]",
            id="jobs fold into their cron job",
        ),
        pytest.param(
            [a_pod("a", owner("X", "first", "false") + ", " + owner("Y", "second"))],
            "shop/second[Y]",
            id="the controlling owner is preferred",
        ),
        pytest.param(
            [a_pod("a", owner("X", "first", "false") + ", " + owner("Y", "second", "false"))],
            "shop/first[X]",
            id="without one the first owner counts",
        ),
        pytest.param([a_pod("a", owner("Node", "n"))], "shop/a[Pod]", id="a node is no workload"),
        pytest.param(
            [a_pod("a", owner("VirtualMachineInstance", "v"))], "shop/v[VirtualMachineInstance]", id="virtual machines"
        ),
    ],
)
def test_the_highest_named_owner_is_the_workload(documents: list[str], expected: str) -> None:
    found = workloads(*documents)
    assert list(found) == [expected]
    assert pod_names(found[expected]) == ["a"]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([maker("Deployment", "web")], ["web[Deployment]"], id="named after the Deployment and the hash"),
        pytest.param([], ["web-x9[ReplicaSet]"], id="a Deployment that is not in the input is not made up"),
        pytest.param([maker("Deployment", "we")], ["we[Deployment]", "web-x9[ReplicaSet]"], id="another Deployment"),
        pytest.param([maker("StatefulSet", "web")], ["web-x9[ReplicaSet]", "web[StatefulSet]"], id="another kind"),
        pytest.param(
            [maker("Deployment", "web"), maker("ReplicaSet", "web-x9", owner("Rollout", "r"))],
            ["r[Rollout]", "web[Deployment]"],
            id="a ReplicaSet in the input says itself whose it is",
        ),
    ],
)
def test_pods_of_a_replica_set_that_was_left_out_belong_to_its_deployment(
    documents: list[str], expected: list[str]
) -> None:
    pod = a_pod("web-x9-a", owner("ReplicaSet", "web-x9")).replace("hash: x", "pod-template-hash: x9")
    found = workloads(pod, *documents)
    assert sorted(found) == [f"shop/{name}" for name in expected]
    assert [p.ref.name for w in found.values() for p in w.pods if not p.from_template] == ["web-x9-a"]


def test_a_replica_set_without_the_hash_in_its_name_stays_a_workload() -> None:
    """Made by hand: its name may begin like a Deployment's."""
    found = workloads(maker("Deployment", "web"), a_pod("a", owner("ReplicaSet", "web-1")))
    assert sorted(found) == ["shop/web-1[ReplicaSet]", "shop/web[Deployment]"]


def test_owners_that_own_each_other_end_the_search() -> None:
    found = workloads(
        maker("ReplicaSet", "a", owner("ReplicaSet", "b")), maker("ReplicaSet", "b", owner("ReplicaSet", "a"))
    )
    assert sum(len(w.pods) for w in found.values()) <= 2


@pytest.mark.parametrize(
    "kind",
    ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController"],
)
def test_without_pods_in_the_input_the_template_stands_for_one(kind: str) -> None:
    (found,) = workloads(maker(kind, "web")).values()
    (only,) = found.pods
    assert str(found.ref) == f"shop/web[{kind}]"
    assert (only.from_template, only.ref.name, only.labels) == (True, "web", {"app": "web"})
    assert [p.port for p in only.ports] == [80]
    assert not found.is_live


def test_live_pods_replace_the_template() -> None:
    (found,) = workloads(maker("StatefulSet", "db"), a_pod("db-0", owner("StatefulSet", "db"))).values()
    assert [(p.ref.name, p.from_template) for p in found.pods] == [("db-0", False)]


@pytest.mark.parametrize(
    ("document", "complete", "pods"),
    [
        pytest.param(maker("Deployment", "w", spec="replicas: 0"), False, 0, id="no replicas wished for"),
        pytest.param(maker("Deployment", "w"), False, 1, id="replicas missing means one"),
        pytest.param(
            maker("Deployment", "w", status="{observedGeneration: 3}"), True, 0, id="its status tells of none"
        ),
        pytest.param(
            maker("Deployment", "w", status="{observedGeneration: 3}"), False, 1, id="but not all pods are known"
        ),
        pytest.param(
            maker("Deployment", "w", status="{observedGeneration: 3, replicas: 2}"),
            True,
            1,
            id="its status tells of two",
        ),
        pytest.param(maker("Deployment", "w"), True, 1, id="no status, all pods known"),
        pytest.param(
            maker("DaemonSet", "w", status="{observedGeneration: 1, desiredNumberScheduled: 0}"),
            True,
            0,
            id="no node for the daemon",
        ),
        pytest.param(maker("Job", "w", status="{succeeded: 1}"), False, 0, id="a job that is done"),
        pytest.param(maker("Job", "w", spec="completions: 3", status="{succeeded: 2}"), False, 1, id="half done"),
        pytest.param(
            maker("Job", "w", status="{conditions: [{type: Failed, status: 'True'}]}"), False, 0, id="failed for good"
        ),
        pytest.param(
            maker("ReplicaSet", "w", owner("Deployment", "d"), spec="replicas: 0"), False, 0, id="an old replica set"
        ),
    ],
)
def test_the_template_stands_only_where_a_pod_is_to_run(document: str, complete: bool, pods: int) -> None:
    (found,) = workloads(document, complete=complete).values()
    assert len(found.pods) == pods


def test_ended_pods_stay_but_are_no_endpoints() -> None:
    (found,) = workloads(maker("Job", "j"), a_pod("j-a", owner("Job", "j"), phase="Succeeded")).values()
    assert pod_names(found) == ["j-a"]
    assert found.endpoints == ()


def test_a_cron_job_between_two_runs_stands_for_its_next_pod_beside_the_ended_ones() -> None:
    (found,) = workloads(
        maker("CronJob", "c"),
        maker("Job", "c-1", owner("CronJob", "c")),
        a_pod("c-1-a", owner("Job", "c-1"), phase="Succeeded"),
    ).values()
    assert (str(found.ref), pod_names(found)) == ("shop/c[CronJob]", ["c-1-a", "c"])
    assert [p.ref.name for p in found.endpoints] == ["c"]


def test_the_same_name_in_another_namespace_is_another_owner() -> None:
    other = a_pod("a", owner("StatefulSet", "db")).replace("namespace: shop", "namespace: other")
    found = workloads(maker("StatefulSet", "db"), other)
    assert list(found) == ["other/db[StatefulSet]", "shop/db[StatefulSet]"]


def test_pods_of_an_owner_without_a_kind_are_one_workload_and_the_owner_is_reported() -> None:
    loaded = load("".join(a_pod(name, "{name: web, controller: true}") for name in ("a", "b")))
    (workload,) = loaded.snapshot.workloads
    assert (str(workload.ref), pod_names(workload)) == ("shop/web[Pod]", ["a", "b"])
    assert {p.code for p in loaded.problems} == {"owner-without-kind"}
