"""The button on the page Input that saves a snapshot."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from lib.loaders.manifests import InputFile, read_inputs
from lib.ui.loaded import load
from lib.ui.snapshot_view import _write
from tests.pages.app import open_page

NODE = "apiVersion: v1\nkind: Node\nmetadata: {{name: {}}}\n"


def button(app: AppTest) -> Any:
    (found,) = (b for b in app.get("download_button") if b.proto.label == "Save a snapshot")
    return found.proto


def test_one_click_saves_what_was_read() -> None:
    app = open_page("input")
    assert not button(app).disabled
    service = b"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n"
    loaded = load("upload:", "t", (InputFile("a.yaml", service),))
    again = read_inputs([InputFile("s.zip", _write(loaded, True, {}))])
    assert [raw.kind for raw in again.objects] == ["Service"]
    assert not again.problems


def test_a_node_that_can_not_be_renamed_is_told_and_the_button_waits() -> None:
    app = open_page("input", files={"n.yaml": NODE.format("default").encode()})
    app.toggle(key="netatlas.snapshot_anonymous").set_value(True).run()
    assert button(app).disabled
    assert any("told from other values" in e.value for e in app.error)


def test_without_an_input_there_is_nothing_to_save() -> None:
    app = open_page("input", src="none")
    assert not [b for b in app.get("download_button") if b.proto.label == "Save a snapshot"]
