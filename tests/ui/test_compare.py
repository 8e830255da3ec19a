"""The page Compare: two moments of a cluster, two clusters, a snapshot; what is kept for it, how long, and for whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.loaders.bundle.write import write_bundle
from lib.ui import moments
from lib.ui.live_load import INSECURE
from tests.cluster.reading import kubeconfig, written
from tests.cluster.replay import READER, ReplayServer, always, recording
from tests.ui.kit import ROOT, app, words
from tests.ui.test_cluster import connected, loaded, upload

pytestmark = pytest.mark.app
POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"
SERVICES = "/api/v1/services"


@pytest.fixture
def server() -> ReplayServer:
    """The recorded cluster."""
    return ReplayServer.recorded()


@pytest.fixture
def url(server: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The running server, and a second cluster in the same kubeconfig: the same one without policies."""
    second = ReplayServer.recorded()
    kind, version, _ = second.lists[POLICIES]
    second.lists[POLICIES] = (kind, version, [])
    with server.running(tls=True) as url, second.running(tls=True) as other:
        config = kubeconfig(url)
        (there,) = kubeconfig(other)["clusters"]
        config["clusters"].append({**there, "name": "second"})
        config["contexts"].append({"name": "second", "context": {"cluster": "second", "user": "u"}})
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, config)))
        yield url


def compare(test: AppTest) -> AppTest:
    """Go to the page; nothing in the recorded cluster enforces policies, so an engine is chosen."""
    test.switch_page(str(ROOT / "pages" / "compare.py")).run()
    if any(box.key == "engine" for box in test.selectbox):
        test.selectbox(key="engine").set_value("kubernetes").run()
    assert not test.exception, [e.value for e in test.exception]
    return test


def metrics(test: AppTest) -> dict[str, str]:
    """The numbers at the top."""
    return {m.label: m.value for m in test.metric}


def objects(test: AppTest) -> list[tuple[Any, ...]]:
    """Change, kind and name of the listed objects."""
    table = next(t.value for t in test.dataframe if {"change", "kind", "namespace"} <= set(t.value.columns))
    return list(table[["change", "kind", "namespace", "name"]].itertuples(index=False, name=None))


def drop_first(server: ReplayServer, path: str) -> dict[str, Any]:
    """Delete the first object of a list."""
    kind, version, items = server.lists[path]
    server.lists[path] = (kind, version, items[1:])
    return items[0]


def refreshed(test: AppTest) -> AppTest:
    """Read the cluster again."""
    return loaded(test.button(key="refresh-cluster").click().run())


def test_nothing_is_kept_of_a_first_reading(url: str) -> None:
    test = compare(connected())
    assert "Nothing stands beside this input yet" in " ".join(i.value for i in test.info)
    assert not test.metric


def test_a_refresh_can_be_compared_with_the_moment_before(url: str, server: ReplayServer) -> None:
    test = connected()
    gone = drop_first(server, POLICIES)
    test = compare(refreshed(test))
    names = gone["metadata"]["namespace"], gone["metadata"]["name"]
    assert objects(test) == [("removed", "NetworkPolicy", *names)]
    assert "an earlier moment" in test.selectbox(key="with").options[0]
    flows = next(t.value for t in test.dataframe if {"because", "from"} <= set(t.value.columns))
    assert flows["because"].str.contains(f"{names[0]}/{names[1]}").any()
    assert int(metrics(test)["Flows gained"].replace(",", "")) > 0


def test_a_refresh_that_brings_nothing_new_leaves_the_earlier_moment(url: str, server: ReplayServer) -> None:
    test = connected()
    drop_first(server, SERVICES)
    test = refreshed(refreshed(test))
    assert len(objects(compare(test))) == 1


def test_a_moment_that_was_kept_stays_whatever_is_read_later(url: str, server: ReplayServer) -> None:
    test = compare(connected())
    test = test.button(key="keep-moment").click().run()
    assert "nothing can differ" in " ".join(i.value for i in test.info)
    for _ in range(3):
        drop_first(server, SERVICES)
        test = refreshed(test)
    assert [row[:2] for row in objects(compare(test))] == [("removed", "Service")] * 3


def test_a_second_cluster_is_read_beside_the_shown_one(url: str) -> None:
    test = compare(connected())
    test.selectbox(key="netatlas.context-to-compare").set_value("second").run()
    test = compare(loaded(test.button(key="connect-to-compare").click().run()))
    assert "**Before:** second" in words(test) and "**now:** test" in words(test)
    assert {row[:2] for row in objects(test)} == {("added", "NetworkPolicy")}
    assert int(metrics(test)["Flows lost"].replace(",", "")) > 0
    (causes,) = (t.value for t in test.dataframe if {"because", "lost"} <= set(t.value.columns))
    (flows,) = (t.value for t in test.dataframe if {"because", "from"} <= set(t.value.columns))
    assert len(causes) > 1
    for cause in causes.to_dict("records"):
        rows = flows[flows["change"] == "lost"]["because"]
        assert cause["lost"] == sum(cause["because"] in because for because in rows), cause
    assert READER not in words(test)


def test_another_cluster_that_is_connected_leaves_the_first_to_compare_with(url: str) -> None:
    test = connected()
    test.selectbox(key="netatlas.context").set_value("second").run()
    test = loaded(test.button(key="connect").click().run())
    assert {row[:2] for row in objects(compare(test))} == {("removed", "NetworkPolicy")}


def test_an_uploaded_snapshot_is_an_earlier_moment(url: str, server: ReplayServer) -> None:
    test = connected()
    shown = test.session_state["netatlas.upload"]
    bundle = write_bundle(shown.read, shown.snapshot.coverage)
    test = compare(test.button(key="clear-source").click().run())
    server.lists[SERVICES] = (*server.lists[SERVICES][:2], server.lists[SERVICES][2][2:])
    test.switch_page(str(ROOT / "pages" / "input.py")).run()
    test = compare(loaded(test.button(key="connect").click().run()))
    test.file_uploader(key="compare-files-0").upload("monday.zip", bundle)
    test = loaded(test.run().button(key="load-to-compare").click().run())
    assert "monday" in words(test)
    assert [row[:2] for row in objects(test)] == [("removed", "Service")] * 2
    assert test.session_state["netatlas.upload"].live is not None, "what is shown stays"


def test_what_was_refused_in_one_moment_is_neither_gone_nor_new(url: str, server: ReplayServer) -> None:
    test = connected()
    server.faults[POLICIES] = always(403, recording("403-networkpolicies")["body"])
    test = compare(refreshed(test))
    said = words(test).replace("\\", "")
    assert "Not compared" in said and "NetworkPolicy" in said
    assert metrics(test)["Flows lost"] == metrics(test)["Flows gained"] == "?"
    assert metrics(test)["Flows not settled"].startswith("≥ ")
    assert not [s for s in test.success]
    server.faults.clear()
    drop_first(server, SERVICES)
    said = words(compare(refreshed(test))).replace("\\", "")
    assert "Not read of what stood before: NetworkPolicy (refused by the server)" in said


def test_what_was_refused_in_both_moments_may_differ_for_all_anybody_knows(url: str, server: ReplayServer) -> None:
    server.faults[POLICIES] = always(403, recording("403-networkpolicies")["body"])
    before = connected()
    drop_first(server, SERVICES)
    test = compare(refreshed(before))
    shown = metrics(test)
    assert {shown[f"Flows {how}"] for how in ("lost", "gained", "changed", "not settled")} == {"?"}
    said = " ".join(c.value for c in test.caption).replace("\\", "")
    assert "Not read: NetworkPolicy. What hangs on these is unknown in both, and is not listed." in said
    assert not test.success


def test_an_insecure_connection_of_the_other_is_said_there_too(
    server: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.running(tls=True) as url:
        config = kubeconfig(url, **{"insecure-skip-tls-verify": True})
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, config)))
        test = compare(app())
        test = loaded(test.button(key="connect-to-compare").click().run())
        assert INSECURE.partition(":")[0] in " ".join(m.value for m in test.markdown if ":red[" in m.value)


def test_what_is_forgotten_or_cleared_is_gone(url: str, server: ReplayServer) -> None:
    test = compare(connected())
    test = test.button(key="keep-moment").click().run()
    assert "netatlas.moment" in test.session_state
    test = test.button(key="forget-moment").click().run()
    assert "netatlas.moment" not in test.session_state
    test = test.button(key="keep-moment").click().run()
    test = test.button(key="clear-source").click().run()
    assert "netatlas.moment" not in test.session_state


def test_a_moment_is_its_visitors_own(url: str) -> None:
    compare(connected()).button(key="keep-moment").click().run()
    other = compare(app({"with": "kept"}))
    assert "netatlas.moment" not in other.session_state
    assert not [option for option in other.selectbox(key="with").options if "test" in option]
    assert "'kept'" in " ".join(w.value for w in other.warning).replace("\\", "")


def test_a_large_reading_is_not_kept_of_itself_and_that_is_said(
    url: str, server: ReplayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "OBJECTS_KEPT_UP_TO", 10)
    test = connected()
    drop_first(server, SERVICES)
    test = compare(refreshed(test))
    assert "netatlas.moment" not in test.session_state
    assert "more than 10 objects" in " ".join(c.value for c in test.caption)
    test = test.button(key="keep-moment").click().run()
    drop_first(server, SERVICES)
    assert len(objects(compare(refreshed(test)))) == 1


def test_a_failed_or_empty_load_leaves_the_moment(url: str) -> None:
    test = compare(connected()).button(key="keep-moment").click().run()
    test.file_uploader(key="compare-files-0").upload("nothing.yaml", b"a: 1\n")
    test = loaded(test.run().button(key="load-to-compare").click().run())
    assert not test.exception
    assert test.session_state["netatlas.moment"].loaded is test.session_state["netatlas.upload"]
    assert "No object that NetAtlas reads" in " ".join(w.value for w in test.warning)


def test_names_of_the_other_input_are_text(url: str) -> None:
    evil = "![x](http://192.0.2.1/a.png)<b>.yaml"
    data = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}).encode()
    test = compare(app())
    test.file_uploader(key="compare-files-0").upload(evil, data)
    test = loaded(test.run().button(key="load-to-compare").click().run())
    assert not test.exception
    assert "![x](" not in " ".join(m.value for m in (*test.markdown, *test.caption, *test.warning))


def test_a_shared_server_lends_no_login_for_the_second_cluster_either(
    url: str, monkeypatch: pytest.MonkeyPatch, server: ReplayServer
) -> None:
    from tests.ui.test_cluster import bind

    bind(monkeypatch, "0.0.0.0")
    test = compare(app())
    assert not [b for b in test.button if b.key == "connect-to-compare"]
    assert "on the page Input" in " ".join(c.value for c in test.caption)
    config = kubeconfig("https://127.0.0.1:1")
    test.switch_page(str(ROOT / "pages" / "input.py")).run()
    test = compare(upload(test, config))
    assert "not on the list" in " ".join(e.value for e in test.error)
    assert not [b for b in test.button if b.key == "connect-to-compare"]
    assert not server.requests


SAMPLES = {"src": "sample:before-after/after", "with": "sample:before-after/before"}


def test_two_samples_differ_as_their_readme_says() -> None:
    """sample_data/before-after/README.md, *Flows* and *Services and routes*."""
    test = compare(app(SAMPLES))
    flows = next(t.value for t in test.dataframe if {"because", "from"} <= set(t.value.columns))
    found = {(r.change, r["from"].split("[")[0], r["to"].split("[")[0]) for _, r in flows.iterrows()}
    assert ("lost", "tickets/db", "tickets/api") in found
    assert ("gained", "tickets/status", "tickets/api") in found
    assert ("gained", "app-routing-system/nginx", "tickets/status") in found
    lost = flows[(flows["change"] == "lost") & flows["to"].str.startswith("tickets/admin")]
    assert sorted(lost["from"]) == ["0.0.0.0-10.99.255.255[External]", "10.101.0.0-255.255.255.255[External]"]
    assert lost["because"].str.contains("tickets/admin-callers.*policies.yaml:").all()
    (collector,) = flows[flows["from"].str.startswith("analytics/collector")].to_dict("records")
    assert (collector["old"], collector["new"]) == ("TCP 8080", "TCP 9090")
    routes = next(t.value for t in test.dataframe if "name" in t.value.columns and "old" in t.value.columns)
    assert {(r["kind"], r["change"]) for _, r in routes.iterrows()} == {("route", "gained"), ("exposure", "changed")}
    kept = ("added", "Service", "tickets", "status"), ("changed", "Service", "tickets", "admin")
    assert set(kept) <= set(objects(test))


def test_an_engine_that_is_chosen_reads_both() -> None:
    test = compare(app(SAMPLES))
    assert metrics(test)["Flows lost"] != "0"
    assert metrics(test.selectbox(key="engine").set_value("none").run())["Flows lost"] == "0"
