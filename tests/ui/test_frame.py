"""The frame around every page: source, filters, strip, empty state, through Streamlit's own harness."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.loaders.limits import DEFAULT, MIB
from lib.loaders.manifests import LoadCancelled
from lib.ui import session
from lib.ui.loaded import LoadedInput
from lib.ui.navigation import PAGES
from lib.ui.samples import samples
from lib.ui.text import plain
from tests.ui.kit import HOSTILE, ROOT, app, namespaces, words

pytestmark = pytest.mark.app

NUMBERED_LABEL = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: a
  namespace: b
  labels: {app: 1}
  annotations: {a: "%s"}
spec:
  podSelector: {}
"""
BROKEN = b"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: [unclosed\n"


def upload(test: AppTest, files: list[tuple[str, bytes]], *, complete: bool = False) -> AppTest:
    """Load files through the dialog, as a person does."""
    test.button(key="open-load").click().run()
    uploader = next(u for u in test.file_uploader if u.key.startswith("files-"))
    for name, data in files:
        uploader.upload(name, data)
    if complete:
        next(t for t in test.toggle if t.key.startswith("complete-")).set_value(True)
    return next(b for b in test.button if b.key.startswith("load-")).click().run()


def strip(test: AppTest) -> str:
    """The line that says what is loaded."""
    return next(m.value for m in test.markdown if m.value.startswith(":small[:material/database:"))


def test_a_first_visit_sees_the_sample() -> None:
    test = app()
    assert not test.exception
    assert test.title[0].value == "Overview"
    assert "A shop on AKS" in strip(test)
    assert "objects" in strip(test)


@pytest.mark.parametrize("page", [p.file for p in PAGES])
def test_every_page_draws_the_strip_and_both_filters(page: str) -> None:
    test = app()
    test.switch_page(f"pages/{page}.py").run()
    assert not test.exception
    assert "A shop on AKS" in strip(test)
    assert test.multiselect(key="ns").options
    assert test.text_input(key="labels").value == ""


@pytest.mark.parametrize("page", [p.file for p in PAGES if p.file not in ("ip_plan", "egress")])
def test_every_page_says_what_to_load_where_nothing_is_loaded(page: str) -> None:
    test = app({"src": "none"})
    test.switch_page(f"pages/{page}.py").run()
    assert not test.exception
    assert "Nothing is loaded" in words(test)
    commands = [c.value for c in test.code]
    assert any("networkpolicies" in c and c.startswith("dump() {") for c in commands)
    assert any("az aks command invoke" in c for c in commands)


def test_addresses_are_planned_without_any_input() -> None:
    test = app({"src": "none"})
    test.switch_page("pages/ip_plan.py").run()
    assert not test.exception
    assert "Nothing is loaded" not in words(test)
    assert "Address space" in words(test)


def test_a_deep_link_restores_source_page_and_both_filters_on_the_first_run() -> None:
    test = AppTest.from_file(str(Path(__file__).resolve().parents[2] / "app.py"), default_timeout=30)
    test.query_params["src"] = "sample:shop"
    test.query_params["ns"] = ["shop-web", "shop-data"]
    test.query_params["labels"] = "app"
    test.switch_page("pages/policy_flows.py").run()
    assert not test.exception
    assert test.title[0].value == "Policy flows"
    assert sorted(test.multiselect(key="ns").value) == ["shop-data", "shop-web"]
    assert test.text_input(key="labels").value == "app"
    assert "2 of 10 namespaces" in strip(test)
    assert sorted(test.query_params["ns"]) == ["shop-data", "shop-web"]


def test_a_namespace_that_is_not_in_the_input_is_dropped_without_an_error() -> None:
    test = app({"ns": "nowhere"})
    assert not test.exception
    assert test.multiselect(key="ns").value == []
    assert "10 namespaces" in strip(test)


def test_filters_stay_when_the_page_changes() -> None:
    test = app()
    test.multiselect(key="ns").select("shop-web").run()
    test.switch_page("pages/services.py").run()
    assert test.multiselect(key="ns").value == ["shop-web"]
    assert "1 of 10 namespaces" in strip(test)


def test_a_bad_label_selector_is_explained_and_hides_nothing() -> None:
    test = app({"labels": "tier in (web"})
    assert not test.exception
    assert "missing" in test.error[0].value
    assert "10 namespaces" in strip(test)


@pytest.mark.parametrize("sample", samples(), ids=lambda s: s.name)
def test_every_sample_opens(sample: object) -> None:
    name = getattr(sample, "name", "")
    test = app({"src": f"sample:{name}"})
    assert not test.exception
    assert next(s for s in samples() if s.name == name).title.split(":")[0] in strip(test).replace("\\", "")
    assert strip(test)


@pytest.mark.parametrize("source", ["sample:../lib", "sample:nothing", "sample:", "rubbish", "upload:123456789abc"])
def test_a_source_that_is_not_there_is_explained_and_nothing_else_is_shown_under_its_name(source: str) -> None:
    test = app({"src": source})
    assert not test.exception
    assert "Nothing is loaded" in words(test)
    assert test.warning[0].value


def test_an_upload_replaces_the_sample_and_the_filters_of_the_old_input_go() -> None:
    test = app({"ns": "shop-web", "labels": "app"})
    upload(test, [("mine.yaml", namespaces("mine-a", "mine-b"))])
    assert not test.exception
    assert r"mine\.yaml" in strip(test)
    assert test.session_state["src"].startswith("upload:")
    assert list(test.multiselect(key="ns").options) == ["mine-a", "mine-b"]
    assert test.multiselect(key="ns").value == []
    assert test.text_input(key="labels").value == ""


def test_pasted_text_is_loaded() -> None:
    test = app()
    test.button(key="open-load").click().run()
    next(a for a in test.text_area if a.key.startswith("paste-")).set_value(namespaces("pasted").decode())
    next(b for b in test.button if b.key.startswith("load-")).click().run()
    assert list(test.multiselect(key="ns").options) == ["pasted"]


def test_loading_nothing_says_so_and_keeps_what_is_shown() -> None:
    test = app()
    test.button(key="open-load").click().run()
    next(b for b in test.button if b.key.startswith("load-")).click().run()
    assert any("Choose files" in w.value for w in test.warning)
    assert "A shop on AKS" in strip(test)


def test_who_goes_to_another_page_leaves_the_dialog_behind() -> None:
    test = app()
    test.button(key="open-load").click().run()
    assert any(u.key.startswith("files-dialog") for u in test.file_uploader)
    test.switch_page("pages/services.py").run()
    assert not test.exception
    assert not test.file_uploader
    test.switch_page("pages/overview.py").run()
    assert not test.file_uploader


def test_one_broken_file_is_a_problem_with_its_line_and_the_others_load() -> None:
    test = app()
    upload(test, [("bad.yaml", BROKEN), ("good.yaml", namespaces("fine"))])
    assert not test.exception
    assert "fine" in test.multiselect(key="ns").options
    assert not any("No object" in w.value for w in test.warning)
    test.switch_page("pages/input.py").run()
    assert re.search(r"\*\*error\*\*.*bad\\.yaml\\:[45]\b", words(test))
    assert "material/build:" in words(test)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x01\x02", b"\xff\xfe\xfa", BROKEN, b"just text", b"PK\x03\x04broken", b"[]"],
)
@pytest.mark.parametrize("page", ["overview", "input"])
def test_a_load_without_an_object_keeps_the_input_and_lists_what_is_wrong(data: bytes, page: str) -> None:
    test = app({"ns": "shop-web"}, page)
    upload(test, [("bad.yaml", data)])
    assert not test.exception
    assert "No object" in test.warning[0].value
    assert r"bad\.yaml" in words(test)
    assert "A shop on AKS" in strip(test)
    assert test.multiselect(key="ns").value == ["shop-web"]
    assert test.session_state["src"] == ""
    test.button(key="forget-failed-load").click().run()
    assert not test.warning
    assert "A shop on AKS" in strip(test)


def test_a_load_without_an_object_keeps_an_earlier_upload_which_later_loads_replace() -> None:
    test = app()
    upload(test, [("mine.yaml", namespaces("mine"))])
    address = test.session_state["src"]
    upload(test, [("bad.yaml", BROKEN)])
    assert test.session_state["src"] == address
    assert list(test.multiselect(key="ns").options) == ["mine"]
    assert "No object" in test.warning[0].value
    upload(test, [("next.yaml", namespaces("next"))])
    assert not test.warning
    assert list(test.multiselect(key="ns").options) == ["next"]


def test_a_load_without_an_object_says_what_is_wrong_where_nothing_is_loaded() -> None:
    test = app({"src": "none"})
    upload(test, [("bad.yaml", BROKEN)])
    assert "No object" in test.warning[0].value
    assert "Nothing is loaded" in words(test)
    assert re.search(r"bad\\.yaml\\:[45]\b", words(test))


def test_objects_of_kinds_that_are_only_counted_are_named() -> None:
    test = app()
    upload(test, [("maps.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n")])
    assert "1 ConfigMap" in test.warning[0].value
    assert "A shop on AKS" in strip(test)


def test_many_problems_are_a_table_by_severity_and_place_with_the_first_in_full() -> None:
    test = app()
    long = "x" * 300
    bad = [(f"bad-{i}.yaml", BROKEN) for i in (3, 1, 2, 7, 5, 4, 6)]
    policy = NUMBERED_LABEL % long
    upload(test, [*bad, ("good.yaml", namespaces("fine")), ("a.yaml", policy.encode())])
    test.switch_page("pages/input.py").run()
    assert not test.exception
    rows = test.dataframe[0].value
    marks = list(rows["severity"])
    assert marks == sorted(marks, key=["✖ error", "▲ warning", "● info"].index)
    errors = [row["where"] for _, row in rows.iterrows() if row["severity"] == "✖ error"]
    assert errors == sorted(errors)
    assert all(rows["problem"]) and all(rows["remedy"]) and all(rows["where"])
    assert plain(str(rows["problem"][0]), 2000) in words(test)
    assert plain(str(rows["where"][0]), 400) in words(test)


@pytest.mark.parametrize("name", HOSTILE)
def test_file_names_are_shown_letter_by_letter(name: str) -> None:
    test = app()
    upload(test, [(f"{name}.yaml".replace("/", "_"), namespaces("x"))])
    assert not test.exception
    assert plain(f"{name}.yaml".replace("/", "_"), 60) in strip(test)


def test_saying_that_the_input_is_everything_makes_empty_kinds_complete() -> None:
    test = app()
    upload(test, [("mine.yaml", namespaces("mine"))], complete=False)
    assert "not supplied" in strip(test)
    test.switch_page("pages/input.py").run()
    test.toggle(key="netatlas.complete").set_value(True).run()
    assert not test.exception
    assert "not supplied" not in strip(test)
    test.toggle(key="netatlas.complete").set_value(False).run()
    assert "not supplied" in strip(test)


def test_clearing_forgets_the_upload() -> None:
    test = app()
    upload(test, [("mine.yaml", namespaces("mine"))])
    address = test.session_state["src"]
    test.button(key="clear-source").click().run()
    assert "Nothing is loaded" in words(test)
    assert test.session_state["src"] == "none"
    assert "was not kept" in app({"src": address}).warning[0].value


def test_an_address_of_an_upload_shows_nothing_to_another_visitor() -> None:
    mine = app()
    upload(mine, [("mine.yaml", namespaces("private-namespace"))])
    theirs = app({"src": mine.session_state["src"]})
    assert "private-namespace" not in words(theirs)
    assert not theirs.multiselect(key="ns").options
    assert "Nothing is loaded" in words(theirs)


def test_a_long_load_shows_progress_keeps_the_old_input_and_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, cancelled: Callable[[], bool], **__: object) -> LoadedInput:
        while not cancelled():
            time.sleep(0.01)
        raise LoadCancelled

    monkeypatch.setattr(session, "_PATIENCE_S", 0.05)
    test = app()
    monkeypatch.setattr(session, "load", slow)
    upload(test, [("mine.yaml", namespaces("mine"))])
    assert test.get("progress")
    assert "A shop on AKS" in strip(test)
    test.button(key="cancel-load").click().run()
    assert not test.exception
    assert not test.get("progress")
    assert "A shop on AKS" in strip(test)


def test_a_load_that_fails_says_so_and_keeps_the_old_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> LoadedInput:
        raise RuntimeError("secret detail")

    test = app()
    monkeypatch.setattr(session, "load", broken)
    upload(test, [("mine.yaml", namespaces("mine"))])
    assert not test.exception
    assert "fault in NetAtlas" in test.warning[0].value
    assert "secret detail" not in words(test)
    assert "A shop on AKS" in strip(test)


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 100_000, "\x00", "\u202e", "a,b in ((", "sample:" + "../" * 20])
def test_hostile_values_in_the_address_are_answered_in_words(text: str) -> None:
    test = app({"src": text, "ns": [text, text], "labels": text})
    assert not test.exception
    assert "Nothing is loaded" in words(test)
    assert all(len(e.value) < 2000 for e in [*test.error, *test.warning])


def test_the_settings_keep_to_this_machine_and_its_protections_on() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["server"]["enableCORS"] is True
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "type"
    assert settings["client"]["showErrorLinks"] is False
    assert settings["server"]["maxUploadSize"] * MIB >= DEFAULT.upload_bytes


def test_files_that_are_too_large_together_are_each_a_problem_and_the_first_ones_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lib.ui.loaded.DEFAULT", replace(DEFAULT, upload_bytes=200))
    test = app()
    upload(test, [("a.yaml", namespaces("one")), ("b.yaml", namespaces("two", "three", "four"))])
    test.switch_page("pages/input.py").run()
    assert not test.exception
    assert list(test.multiselect(key="ns").options) == ["one"]
    assert re.search(r"b\\.yaml.*", words(test))
    assert "the input is larger than" in words(test).lower().replace("\\", "")
