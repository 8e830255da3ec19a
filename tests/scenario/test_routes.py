"""Routes compared: where something is written is no part of what it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lib.cli.load import load
from lib.scenario import Change, route_changes
from tests.conftest import ROOT

SAMPLES = ROOT / "sample_data"


@pytest.mark.parametrize("sample", ["gateway-ipv6", "shop"])
def test_a_copy_in_another_folder_differs_in_nothing(tmp_path: Path, sample: str) -> None:
    copy = shutil.copytree(SAMPLES / sample, tmp_path / "copy")
    old, new = (load([str(folder)], complete=False).snapshot for folder in (SAMPLES / sample, copy))
    assert old.ingresses or old.gateway_routes
    assert route_changes(old, new) == ()


def test_a_match_that_asks_for_another_header_is_another_route(tmp_path: Path) -> None:
    copy = shutil.copytree(SAMPLES / "gateway-ipv6", tmp_path / "copy")
    routes = copy / "routes.yaml"
    text = routes.read_text("utf-8")
    assert text.count('value: "on"') == 1
    routes.write_text(text.replace('value: "on"', 'value: "off"'), "utf-8")
    old, new = (load([str(folder)], complete=False).snapshot for folder in (SAMPLES / "gateway-ipv6", copy))
    assert {c.change for c in route_changes(old, new)} == {Change.LOST, Change.GAINED}
