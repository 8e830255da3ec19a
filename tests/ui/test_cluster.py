"""Connecting a cluster on the page: contexts, uploads, refusals, refresh, and what nobody gets to see."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.loaders.cluster.access import access_of
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import uploaded_kubeconfig
from lib.ui.live_load import ClusterTarget
from tests.cluster.reading import kubeconfig, written
from tests.cluster.replay import READER, ReplayServer, always, recording, slow
from tests.ui.kit import app, words

pytestmark = pytest.mark.app


@pytest.fixture
def server() -> ReplayServer:
    """The recorded cluster."""
    return ReplayServer.recorded()


@pytest.fixture
def url(server: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The running server, which the machine's own kubeconfig names."""
    with server.running(tls=True) as url:
        config = kubeconfig(url)
        config["contexts"].insert(0, {"name": "other", "context": {"cluster": "gone", "user": "u"}})
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, config)))
        yield url


def loaded(test: AppTest) -> AppTest:
    """Wait for the load to end and draw the page again."""
    for _ in range(100):
        job = test.session_state["netatlas.job"] if _is_loading(test) else None
        if job is None:
            return test
        job.wait(0.2)
        test.run()
    raise AssertionError("the load does not end")


def _is_loading(test: AppTest) -> bool:
    return "netatlas.job" in test.session_state


def connected() -> AppTest:
    """The page Input after a click on Connect."""
    return loaded(app(page="input").button(key="connect").click().run())


def upload(test: AppTest, config: object) -> AppTest:
    """Hand over a kubeconfig."""
    uploader = next(u for u in test.file_uploader if u.key.startswith("kubeconfig-"))
    uploader.upload("config", json.dumps(config).encode())
    return test.run()


def strip(test: AppTest) -> str:
    """The line that says what is loaded."""
    return next(m.value for m in test.markdown if m.value.startswith(":small[:material/database:"))


def test_contexts_are_listed_and_the_current_one_is_chosen(url: str) -> None:
    box = app(page="input").selectbox(key="netatlas.context")
    assert [option.split("  ·  ")[0] for option in box.options] == ["other", "test (current)"]
    assert box.options[1].split("  ·  ")[1:] == ["cluster c", "user u", "namespace shop"]
    assert box.value == "test"


def test_a_cluster_is_read_and_shown(url: str) -> None:
    test = connected()
    assert not test.exception
    assert "**test**" in strip(test)
    assert test.session_state["netatlas.upload"].snapshot.object_counts["Pod"] == 62
    assert not test.toggle or "netatlas.complete" not in [t.key for t in test.toggle]


def test_a_refresh_says_what_changed(url: str, server: ReplayServer) -> None:
    test = connected()
    assert "changed since" not in strip(test)
    kind, version, items = server.lists["/api/v1/services"]
    server.lists["/api/v1/services"] = (kind, version, items[1:])
    test = loaded(test.button(key="refresh-cluster").click().run())
    assert re.search(r"changed since [\d:]+: 1 removed", strip(test))
    test = loaded(test.button(key="refresh-cluster").click().run())
    assert re.search(r"changed since [\d:]+: nothing", strip(test))


def test_a_refresh_keeps_the_filters(url: str) -> None:
    test = connected()
    test.session_state["ns"] = ["ns-0000"]
    test.run()
    assert "1 of " in strip(test)
    test = loaded(test.button(key="refresh-cluster").click().run())
    assert "1 of " in strip(test)


def test_the_clock_reads_it_again(url: str, server: ReplayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    test = connected()
    test.selectbox(key="netatlas.refresh_choice").set_value(5).run()
    before = len(server.requests)
    test.session_state["netatlas.cluster_asked_at"] = time.monotonic() - 301
    loaded(test.run())
    assert len(server.requests) > before


def test_a_dead_server_leaves_what_was_shown(url: str, server: ReplayServer) -> None:
    test = connected()
    server.faults["*"] = lambda request: request.cut(b"")
    test = loaded(test.button(key="refresh-cluster").click().run())
    assert "broke off" in " ".join(w.value for w in test.warning)
    assert test.session_state["netatlas.upload"].snapshot.object_counts["Pod"] == 62


def test_a_load_shows_each_kind_and_can_be_cancelled(url: str, server: ReplayServer) -> None:
    server.faults["/api/v1/pods"] = slow(3)
    test = app(page="input").button(key="connect").click().run()
    shown = " ".join(m.value for m in test.markdown)
    assert "Service 32" in shown and "Pod 0" in shown
    test.button(key="cancel-load").click().run()
    assert "netatlas.job" not in test.session_state
    assert "netatlas.upload" not in test.session_state


def test_an_unknown_login_says_how_to_log_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ReplayServer.recorded().running() as url:
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, kubeconfig(url, {"token": "planted-expired"}))))
        test = connected()
    said = " ".join(w.value for w in test.warning)
    assert "401" in said and "az login" in said
    assert "planted-expired" not in words(test)


def test_an_upload_is_used_for_this_session_and_can_be_forgotten(
    server: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    with server.running(tls=True) as url:
        test = upload(app(page="input"), kubeconfig(url))
        test = loaded(test.button(key="connect").click().run())
        assert test.session_state["netatlas.upload"].snapshot.object_counts["Pod"] == 62
        assert READER not in words(test)
        test.button(key="forget-kubeconfig").click().run()
    assert "netatlas.kubeconfig" not in test.session_state
    assert "netatlas.cluster" not in test.session_state


def test_what_is_forgotten_is_not_read_on_with(
    server: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    asked, go_on = threading.Event(), threading.Event()

    def held(_: object) -> bool:
        asked.set()
        return not go_on.wait(60)

    server.faults["/api/v1/pods"] = held
    with server.running(tls=True) as url:
        test = upload(app(page="input"), kubeconfig(url)).button(key="connect").click().run()
        assert asked.wait(30)
        job = test.session_state["netatlas.job"]
        test.button(key="forget-kubeconfig").click().run()
        go_on.set()
        assert job.wait(30)
    assert job.was_cancelled and job.result is None
    assert "netatlas.job" not in test.session_state
    assert "netatlas.upload" not in test.session_state


def test_an_upload_that_runs_something_is_refused_with_the_way_that_works(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": [str(marker)]}
    test = upload(app(page="input"), kubeconfig("https://127.0.0.1:1", {"exec": plugin}))
    assert "runs a program" in " ".join(e.value for e in test.error)
    assert "kubectl create token" in " ".join(c.value for c in test.caption)
    assert not [b for b in test.button if b.key == "connect"]
    assert not marker.exists()


def test_a_server_that_others_open_lends_nobody_its_login(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, "0.0.0.0")
    test = app(page="input")
    assert not [s for s in test.selectbox if s.key == "netatlas.context"]
    assert "NETATLAS" in " ".join(c.value for c in test.caption).replace("\\", "")
    monkeypatch.setenv("NETATLAS_ALLOW_SERVER_CREDENTIALS", "1")
    test = app(page="input")
    assert "own login" in " ".join(w.value for w in test.warning)
    assert "own login" in strip(loaded(test.button(key="connect").click().run()))


def bind(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Let the server listen elsewhere, as far as the app can see."""
    usual = st.config.get_option
    monkeypatch.setattr(st.config, "get_option", lambda key: address if key == "server.address" else usual(key))


def test_a_server_that_others_open_reaches_listed_servers_only(
    server: ReplayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(monkeypatch, "0.0.0.0")
    with server.running(tls=True) as url:
        test = upload(app(page="input"), kubeconfig(url))
        assert "not on the list" in " ".join(e.value for e in test.error)
        monkeypatch.setenv("NETATLAS_ALLOWED_API_SERVERS", "127.0.0.0/8")
        test = upload(app(page="input"), kubeconfig(url))
        test = loaded(test.button(key="connect").click().run())
        assert "does not connect to" in " ".join(w.value for w in test.warning)
    assert not server.requests


def test_nobody_is_called_isolated_or_open_where_policies_were_refused(url: str, server: ReplayServer) -> None:
    # Without the DaemonSets nobody can say either that no engine enforces policies, in which case they are no matter.
    for path in ("/apis/networking.k8s.io/v1/networkpolicies", "/apis/apps/v1/daemonsets"):
        server.faults[path] = always(403, recording("403-networkpolicies")["body"])
    test = connected()
    assert "2 kinds not readable" in strip(test)
    test.switch_page("pages/overview.py").run()
    assert not test.exception
    assert next(m.value for m in test.metric if m.label == "Unisolated workloads") == "?"
    test.switch_page("pages/policy_flows.py").run()
    assert not test.exception
    assert "not known" in " ".join(c.value for c in test.caption)


def test_the_insecure_flag_is_shown_in_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ReplayServer.recorded().running(tls=True) as url:
        config = kubeconfig(url, **{"insecure-skip-tls-verify": True})
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, config)))
        test = app(page="input")
        assert "not verified" in " ".join(e.value for e in test.error)
        assert ":red[" in strip(loaded(test.button(key="connect").click().run()))


def test_names_of_a_kubeconfig_are_text_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = kubeconfig("https://127.0.0.1:1")
    evil = "![x](http://192.0.2.1/a.png)<script>alert(1)</script>"
    config["contexts"][0] = {"name": evil, "context": {"cluster": evil, "user": evil}}
    config["current-context"] = evil
    monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, config)))
    test = loaded(app(page="input").button(key="connect").click().run())
    assert not test.exception
    assert "![x](" not in " ".join(m.value for m in (*test.markdown, *test.warning, *test.error, *test.caption))


def test_a_link_to_a_cluster_of_another_session_says_so() -> None:
    test = app({"src": "cluster:0123456789ab"})
    assert "connect it again" in " ".join(w.value for w in test.warning).replace("\\", "")


def test_no_thread_is_left_behind(url: str) -> None:
    connected()
    assert not [t for t in threading.enumerate() if t.name.startswith("netatlas")]


def test_what_was_refused_is_said_on_every_page_and_counted_by_none(url: str, server: ReplayServer) -> None:
    for path in ("/api/v1/services", "/apis/networking.k8s.io/v1/ingresses"):
        server.faults[path] = always(403, recording("403-networkpolicies")["body"])
    test = connected()
    for page in ("overview", "services", "ingress_routes", "policy_flows", "recommendation", "egress"):
        test.switch_page(f"pages/{page}.py").run()
        assert not test.exception
        said = " ".join(w.value for w in test.warning).replace("\\", "")
        assert "Not read: Service (refused by the server), Ingress (refused by the server)" in said, page
        assert not [s for s in test.success]
        if page == "overview":
            tiles = {m.label: m.value for m in test.metric}
            assert tiles["Services without endpoints"] == "?" and tiles["Routes without backend"] == "?"
        if page in ("services", "ingress_routes"):
            assert not [i for i in test.info if i.value.startswith("The input has no")]


def test_what_a_refresh_may_not_read_is_not_called_gone(url: str, server: ReplayServer) -> None:
    test = connected()
    server.faults["/api/v1/services"] = always(403, recording("403-networkpolicies")["body"])
    test = loaded(test.button(key="refresh-cluster").click().run())
    assert re.search(r"changed since [\d:]+: nothing in the kinds that both readings have", strip(test))


def test_a_url_that_holds_a_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = kubeconfig("https://someone:hunter2@127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, config)))
    test = app(page="input")
    assert "hunter2" not in words(test)
    assert "no URL such as" in " ".join(e.value for e in test.error)


def test_a_login_of_the_server_is_not_used_where_it_is_off() -> None:
    for config in (None, uploaded_kubeconfig(json.dumps(kubeconfig("https://127.0.0.1:1")).encode())):
        target = ClusterTarget("test", access_of("0.0.0.0", {}), config and replace(config, uploaded=False))
        with pytest.raises(ClusterError, match="does not lend its own login"):
            target.log_in()


def with_nodes(server: ReplayServer) -> None:
    labels = {"kubernetes.azure.com/agentpool": "apps"}
    nodes = [{"metadata": {"name": f"n{i}", "labels": labels}, "status": {"allocatable": {"pods": "30"}}} for i in "12"]
    server.lists["/api/v1/nodes"] = ("NodeList", "v1", nodes)


@pytest.mark.parametrize("path", ["/api/v1/pods", "/api/v1/services"])
def test_a_plan_taken_from_a_cluster_that_was_not_read_whole_says_so_and_keeps_saying_it(
    url: str, server: ReplayServer, path: str
) -> None:
    with_nodes(server)
    server.faults[path] = always(403, recording("403-networkpolicies")["body"])
    test = connected()
    test.switch_page("pages/ip_plan.py").run()
    test.button("take-nodes").click().run()
    assert not test.exception
    test.number_input[0].set_value(2).run()  # an edit after it changes nothing about the doubt
    told = [w.value.replace("\\", "") for w in test.warning]
    kind = {"/api/v1/pods": "Pod", "/api/v1/services": "Service"}[path]
    assert any(f"{kind} (refused by the server). Numbers taken from the cluster" in each for each in told)
    test.button("plan-reset").click().run()
    assert not any("taken from the cluster" in w.value for w in test.warning)


def test_a_plan_says_why_no_pools_can_be_taken_where_nodes_were_refused(url: str, server: ReplayServer) -> None:
    server.faults["/api/v1/nodes"] = always(403, recording("403-networkpolicies")["body"])
    test = connected()
    test.switch_page("pages/ip_plan.py").run()
    told = " ".join(c.value for c in test.caption).replace("\\", "")
    assert "No pools can be taken from what is loaded: Node (refused by the server)." in told


def test_a_plan_taken_from_a_cluster_that_was_read_whole_says_nothing(url: str, server: ReplayServer) -> None:
    with_nodes(server)
    test = connected()
    test.switch_page("pages/ip_plan.py").run()
    test.button("take-nodes").click().run()
    assert "netatlas.plan" in test.session_state
    assert not any("taken from the cluster" in w.value for w in test.warning)


@pytest.mark.parametrize("refused", [True, False])
def test_a_migration_of_policies_that_were_refused_is_not_called_safe(
    url: str, server: ReplayServer, refused: bool
) -> None:
    for path, (kind, version, _) in list(server.lists.items()):
        if path.endswith("policies"):
            server.lists[path] = (kind, version, [])
    for path in ("/apis/networking.k8s.io/v1/networkpolicies", "/api/v1/pods") if refused else ():
        server.faults[path] = always(403, recording("403-pods-namespaced")["body"])
    test = connected()
    test.switch_page("pages/engine_migration.py").run()
    said = " ".join(e.value for e in (*test.success, *test.info)).replace("\\", "")
    assert ("No flow is known to differ" in said) is refused
    assert ("let the same through" in said) is not refused
    assert {m.value for m in test.metric} == {"?" if refused else "0"}
    captions = " ".join(c.value for c in test.caption).replace("\\", "")
    assert ("Not read: NetworkPolicy. What hangs on these is unknown in both" in captions) is refused
