"""Reading a cluster: every way in which an API server answers, and what is made of it."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib.facts.config_maps import config_maps
from lib.loaders.assemble import assemble
from lib.loaders.cluster.connection import Connection
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.listing import Outcome
from lib.loaders.cluster.read import ClusterProgress, read_cluster
from lib.loaders.cluster.resources import RESOURCES
from lib.loaders.manifests import InputFile, LoadCancelled, read_inputs
from lib.model.snapshot import Coverage, Snapshot
from tests.cluster.reading import SOON, loaded, login, read
from tests.cluster.replay import (
    NOBODY,
    RECORDINGS,
    ReplayServer,
    Request,
    always,
    first,
    recording,
    slow,
    status_body,
)

PODS = "/api/v1/pods"
POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"


def recorded_objects() -> dict[str, int]:
    """How many objects each recorded list has, by the name of the object's kind in the list."""
    found: Counter[str] = Counter()
    for file in RECORDINGS.glob("list-*.json"):
        body = json.loads(file.read_text("utf-8"))["body"]
        group = body["apiVersion"].rpartition("/")[0]
        kind = body["kind"].removesuffix("List")
        found["CalicoNetworkPolicy" if group == "crd.projectcalico.org" and kind == "NetworkPolicy" else kind] += len(
            body["items"]
        )
    for number in (1, 2, 3):
        found["Pod"] += len(recording(f"page-{number}")["body"]["items"])
    return dict(found)


def test_every_recorded_object_is_read() -> None:
    result = loaded(read(ReplayServer.recorded()))
    assert result.snapshot.object_counts == recorded_objects()
    assert not result.problems


def test_a_live_cluster_gives_the_same_model_as_its_lists_in_files() -> None:
    server = ReplayServer.recorded()
    live = loaded(read(server)).snapshot
    listed = [
        {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "563"}, "items": items}
        for kind, version, items in server.lists.values()
    ]
    files = [InputFile(f"{number}.json", json.dumps(body).encode()) for number, body in enumerate(listed)]
    from_files = assemble(read_inputs(files), title="live", assume_complete=True).snapshot
    for field in (
        *("namespaces", "nodes", "workloads", "services", "endpoint_slices", "ingresses", "gateways"),
        *("network_policies", "cluster_policies", "calico_policies", "cilium_policies", "gateway_routes"),
    ):
        assert without_source(getattr(live, field)) == without_source(getattr(from_files, field)), field


def without_source(value: Any) -> Any:
    """A model value as plain data, wherever it stands in its input."""
    if isinstance(value, tuple | list):
        return [without_source(each) for each in value]
    slots = getattr(value, "__dataclass_fields__", None)
    if slots is not None and not isinstance(value, type):
        return {name: without_source(getattr(value, name)) for name in slots if name != "source"}
    return value


def test_only_lists_of_known_kinds_and_config_maps_by_name_are_asked_for_and_nothing_is_written() -> None:
    server = ReplayServer.recorded()
    read(server)
    known = {resource.path(version) for resource in RESOURCES for version in resource.versions}
    named = {f"/api/v1/namespaces/kube-system/configmaps/{name}" for name in config_maps()}
    assert set(server.paths) - known == {"/apis", *named}
    assert {request.method for request in server.requests} == {"GET"}
    assert not [path for path in server.paths if "secret" in path or path.endswith("configmaps")]


def test_lists_are_read_in_pages() -> None:
    server = ReplayServer.recorded()
    kind, version, items = server.lists[PODS]
    server.lists[PODS] = (kind, version, [renamed(items[0], f"pod-{n}") for n in range(1203)])
    assert loaded(read(server)).snapshot.object_counts["Pod"] == 1203
    asked = [r.query for r in server.requests if r.path == PODS]
    assert [q["limit"] for q in asked] == ["500"] * 3
    assert [q.get("continue") for q in asked] == [None, "from-500", "from-1000"]


def renamed(pod: dict[str, Any], name: str) -> dict[str, Any]:
    return {**pod, "metadata": {**pod["metadata"], "name": name, "uid": name}}


def test_a_forbidden_kind_is_refused_and_not_none() -> None:
    server = ReplayServer.recorded()
    server.faults[POLICIES] = always(403, recording("403-networkpolicies")["body"])
    result = loaded(read(server))
    assert result.snapshot.coverage_of("NetworkPolicy") is Coverage.REFUSED
    (problem,) = result.problems
    assert problem.code == "kind-refused" and "networkpolicies.networking.k8s.io" in problem.remedy


def test_a_login_that_may_list_nothing_is_told_so() -> None:
    with pytest.raises(ClusterError, match="403"):
        read(ReplayServer.recorded(), token=NOBODY)


def test_an_anonymous_request_is_forbidden_too() -> None:
    with pytest.raises(ClusterError, match="403"):
        read(ReplayServer.recorded(), token="")


def test_a_refused_login_says_how_to_log_in_again() -> None:
    with pytest.raises(ClusterError, match="401") as caught:
        read(ReplayServer.recorded(), token="expired")
    assert "az login" in caught.value.remedy


def test_a_login_that_ends_on_the_way_leaves_what_was_read() -> None:
    server = ReplayServer.recorded()
    server.faults[POLICIES] = always(401, recording("401-bad-token")["body"])
    result = loaded(read(server))
    assert result.snapshot.coverage_of("NetworkPolicy") is Coverage.UNFINISHED
    assert any(p.code == "login-refused" and "az login" in p.remedy for p in result.problems)


def test_a_crd_that_is_not_installed_has_no_objects() -> None:
    server = ReplayServer.recorded()
    found = read(server)
    assert found.outcomes["Tier"] is Outcome.NOT_INSTALLED
    assert found.coverage["Tier"] is Coverage.COMPLETE
    # Discovery told, so nobody asks.
    assert "/apis/projectcalico.org/v3/tiers" not in server.paths


def test_without_discovery_each_version_is_asked_for() -> None:
    server = ReplayServer.recorded()
    server.faults["/apis"] = always(403, recording("401or403-anonymous")["body"])
    found = read(server)
    assert found.outcomes["Tier"] is Outcome.NOT_INSTALLED
    assert "/apis/projectcalico.org/v3/tiers" in server.paths
    assert loaded(found).snapshot.object_counts == recorded_objects()


def test_without_discovery_a_403_of_a_group_that_may_not_exist_stays_refused() -> None:
    server = ReplayServer.recorded()
    server.faults["/apis"] = always(403, recording("401or403-anonymous")["body"])
    server.faults["/apis/projectcalico.org/v3/tiers"] = always(
        403, recording("403-for-uninstalled-group-no-rights")["body"]
    )
    assert read(server).outcomes["Tier"] is Outcome.REFUSED


def test_classic_discovery_is_understood() -> None:
    server = ReplayServer.recorded()
    server.plain["/apis"] = recording("discovery-apis")["body"]
    groups: dict[str, list[dict[str, str]]] = {}
    for path in server.lists:
        group, _, resource = path.removeprefix("/apis/").rpartition("/")
        groups.setdefault(f"/apis/{group}", []).append({"name": resource})
    for path, resources in groups.items():
        server.plain[path] = {"kind": "APIResourceList", "resources": resources}
    found = read(server)
    assert loaded(found).snapshot.object_counts == recorded_objects()
    assert found.outcomes["HostEndpoint"] is Outcome.NOT_INSTALLED


def test_a_version_that_is_not_read_is_not_taken_for_an_absent_kind() -> None:
    server = ReplayServer.recorded()
    for group in server.plain["/apis"]["items"]:
        for version in group["versions"]:
            if group["metadata"]["name"] == "policy.networking.k8s.io":
                version["version"] = "v2"
    found = read(server)
    assert found.coverage["AdminNetworkPolicy"] is Coverage.UNFINISHED


def test_a_stale_group_of_discovery_is_asked_for() -> None:
    server = ReplayServer.recorded()
    stale = {"version": "v3", "freshness": "Stale", "resources": []}
    server.plain["/apis"]["items"].append({"metadata": {"name": "projectcalico.org"}, "versions": [stale]})
    server.faults["/apis/projectcalico.org/v3/tiers"] = always(503, status_body(503, "ServiceUnavailable"))
    assert read(server).coverage["Tier"] is Coverage.UNFINISHED


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    server = ReplayServer.recorded()
    server.faults[PODS] = first(2, always(status, status_body(status, "Trouble"), {"Retry-After": "0"}))
    result = loaded(read(server))
    assert result.snapshot.object_counts["Pod"] == 62
    assert not result.problems


def test_a_server_that_stays_in_trouble_is_given_up() -> None:
    server = ReplayServer.recorded()
    server.faults[PODS] = always(500, status_body(500, "InternalError"), {"Retry-After": "3600"})
    begun = time.monotonic()
    result = loaded(read(server))
    assert time.monotonic() - begun < 5
    assert len([path for path in server.paths if path == PODS]) == SOON.tries
    assert result.snapshot.coverage_of("Pod") is Coverage.UNFINISHED
    assert result.snapshot.object_counts["Service"] == 32


@pytest.mark.parametrize(
    "body", [status_body(410, "Expired", "too old"), recording("400-bad-continue")["body"]], ids=["410", "400"]
)
def test_a_list_that_grew_too_old_begins_anew(body: dict[str, Any]) -> None:
    server = ReplayServer.recorded()
    kind, version, items = server.lists[PODS]
    server.lists[PODS] = (kind, version, [renamed(items[0], f"pod-{n}") for n in range(700)])

    def expired_once(request: Request) -> bool:
        return request.number == 1 and request.answer(body["code"], body)

    server.faults[PODS] = expired_once
    result = loaded(read(server))
    assert result.snapshot.object_counts["Pod"] == 700
    assert not result.problems


def test_a_list_that_is_always_too_old_is_told() -> None:
    server = ReplayServer.recorded()
    kind, version, items = server.lists[PODS]
    server.lists[PODS] = (kind, version, [renamed(items[0], f"pod-{n}") for n in range(700)])
    server.faults[PODS] = lambda r: "continue" in r.query and r.answer(410, status_body(410, "Expired"))
    result = loaded(read(server))
    assert result.snapshot.coverage_of("Pod") is Coverage.UNFINISHED
    assert result.snapshot.object_counts["Pod"] == 500


@pytest.mark.parametrize(
    "body",
    [
        b"<html>not a server</html>",
        b"",
        b"null",
        b'{"kind": "PodList", "metadata": {}, "items": 7}',
        b'{"kind": "ServiceList", "apiVersion": "v1", "metadata": {}, "items": []}',
        b'{"kind": "PodList", "metadata": {"continue": 7}, "items": []}',
        b'{"kind": "PodList", "metadata": {}, "items": [NaN]}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
    ids=["html", "empty", "null", "items", "kind", "token", "nan", "deep", "bytes"],
)
def test_a_broken_page_is_told_and_the_rest_is_read(body: bytes) -> None:
    server = ReplayServer.recorded()
    server.faults[PODS] = always(200, body)
    result = loaded(read(server))
    assert result.snapshot.coverage_of("Pod") is Coverage.UNFINISHED
    assert result.snapshot.object_counts["Service"] == 32
    assert [p.code for p in result.problems if "Pod:" in p.message] == ["list-broke-off"]


def test_an_object_of_any_shape_is_no_crash() -> None:
    server = ReplayServer.recorded()
    odd: list[Any] = [None, 7, "x", [], {}, {"metadata": 7}, {"metadata": {"name": 7}, "spec": [], "status": "x"}]
    odd += [{"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": {"a": 1}}, "status": {"podIPs": 7}}]
    for path, (kind, version, _) in list(server.lists.items()):
        server.lists[path] = (kind, version, odd)
    result = loaded(read(server))
    assert result.problems
    assert result.snapshot.coverage_of("Service") is not Coverage.COMPLETE


def test_a_server_that_gives_the_same_page_for_ever_is_noticed() -> None:
    server = ReplayServer.recorded()
    page = {"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": "again"}, "items": []}
    server.faults[PODS] = always(200, page)
    assert read(server).coverage["Pod"] is Coverage.UNFINISHED


def test_a_cut_answer_is_asked_for_again() -> None:
    server = ReplayServer.recorded()
    server.faults[PODS] = first(1, lambda request: request.cut())
    assert loaded(read(server)).snapshot.object_counts["Pod"] == 62


def test_a_server_that_dies_half_way_leaves_what_was_read() -> None:
    server = ReplayServer.recorded()
    answered = threading.Event()

    def dies(request: Request) -> bool:
        if request.path == PODS:
            answered.set()
        return answered.is_set() and request.path != PODS and request.cut(b"")

    server.faults["*"] = dies
    begun = time.monotonic()
    result = loaded(read(server))
    assert time.monotonic() - begun < 10
    assert result.snapshot.object_counts["Pod"] == 62
    unfinished = [kind for kind, c in result.snapshot.coverage.items() if c is Coverage.UNFINISHED]
    assert "NetworkPolicy" in unfinished
    assert len([p for p in result.problems if p.code == "list-broke-off"]) == len(unfinished)


def test_a_silent_server_is_answered_within_the_time_out() -> None:
    server = ReplayServer.recorded()
    server.faults["*"] = slow(5)
    begun = time.monotonic()
    with pytest.raises(ClusterError, match="in time"):
        read(server)
    assert time.monotonic() - begun < 4


def test_a_server_that_sends_a_byte_now_and_then_is_given_up() -> None:
    server = ReplayServer.recorded()

    def drip(request: Request) -> bool:
        request.handler.send_response(200)
        request.handler.send_header("Content-Length", "100000")
        request.handler.end_headers()
        for _ in range(100):
            request.handler.wfile.write(b" ")
            request.handler.wfile.flush()
            time.sleep(0.1)
        return True

    server.faults[PODS] = drip
    begun = time.monotonic()
    found = read(server, patience=replace(SOON, answer_s=0.5))
    assert found.coverage["Pod"] is Coverage.UNFINISHED
    assert found.coverage["Service"] is Coverage.COMPLETE
    assert time.monotonic() - begun < 8


def test_nobody_listens() -> None:
    with ReplayServer().running() as url:
        pass
    with Connection(login(url), patience=SOON) as connection, pytest.raises(ClusterError, match="no connection"):
        read_cluster(connection)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    elsewhere = ReplayServer.recorded()
    server = ReplayServer.recorded()
    with elsewhere.running() as other:
        server.faults[PODS] = always(status, b"", {"Location": f"{other}{PODS}"})
        found = read(server)
    assert not elsewhere.requests
    assert found.coverage["Pod"] is Coverage.UNFINISHED
    assert any("redirect" in p.message for p in found.read.problems)


def test_compressed_answers_are_unpacked_within_bounds() -> None:
    server = ReplayServer.recorded()
    body = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}).encode()
    server.faults[PODS] = always(200, gzip.compress(body), {"Content-Encoding": "gzip"})
    server.faults[POLICIES] = always(200, gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"})
    found = read(server, patience=replace(SOON, answer_bytes=1_000_000))
    assert found.coverage["Pod"] is Coverage.COMPLETE
    assert found.coverage["NetworkPolicy"] is Coverage.UNFINISHED


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones() -> None:
    server = ReplayServer.recorded()
    found = read(server, patience=replace(SOON, answer_bytes=100_000))
    assert loaded(found).snapshot.object_counts["Pod"] == 62
    assert {r.query["limit"] for r in server.requests if r.path == PODS} == {"500", "50", "5"}


def test_cancelling_ends_the_load() -> None:
    server = ReplayServer.recorded()
    server.faults[PODS] = slow(0.2)
    stop = threading.Event()
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    with pytest.raises(LoadCancelled):
        read(server, cancelled=stop.is_set)
    timer.join()


def test_progress_tells_each_kind_with_counts() -> None:
    server = ReplayServer.recorded()
    told: list[ClusterProgress] = []
    with server.running() as url, Connection(login(url), patience=SOON) as connection:
        read_cluster(connection, told.append)
    assert told[0].done == 0 and told[-1].done == len(told[-1].kinds)
    assert {k.kind: k.objects for k in told[-1].kinds if k.objects} == recorded_objects()
    assert told[-1].share == 1.0


def test_the_hash_changes_with_what_matters_only() -> None:
    def digest(server: ReplayServer) -> str:
        return loaded(read(server)).snapshot.content_hash

    same, heartbeat, changed = (ReplayServer.recorded() for _ in range(3))
    for server, key in ((heartbeat, "managedFields"), (changed, "labels")):
        kind, version, items = server.lists[PODS]
        pod = json.loads(json.dumps(items[0]))
        pod["metadata"][key] = [] if key == "managedFields" else {"app": "other"}
        server.lists[PODS] = (kind, version, [pod, *items[1:]])
    assert digest(same) == digest(heartbeat) != digest(changed)


def test_an_object_is_shown_by_kind_and_name_and_without_secrets(tmp_path: Path) -> None:
    server = ReplayServer.recorded()
    found = read(server)
    snapshot: Snapshot = loaded(found).snapshot
    policy = snapshot.network_policies[0]
    documents = found.read.documents
    assert documents.file_line(policy.source.at("spec", "ingress", 0)) == (
        f"NetworkPolicy {policy.ref.namespace}/{policy.ref.name} spec.ingress[0]"
    )
    assert f"name: {policy.ref.name}" in documents.excerpt(policy.source)[1]
    for pod in snapshot.pods:
        assert "LOG_LEVEL" not in documents.excerpt(pod.source)[1]
