"""Pictures of every page for people to look at, in ``test-results``; here only their faults can fail."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from lib.ui.navigation import PAGES, ROOT, PageSpec
from tests.browser.server import Server
from tests.browser.shoot import shoot

FOLDER = ROOT / "test-results" / "pages"


@pytest.mark.full
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1440, 1920])
@pytest.mark.parametrize("spec", PAGES, ids=lambda p: p.file)
def test_a_page_is_drawn_without_a_fault(
    spec: PageSpec, width: int, theme: str, browser: Browser, server: Server
) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{spec.file}-{theme}-{width}.png"
    watch = shoot(browser, f"{server.url}{spec.address}?src=sample:shop", file, theme, width, full=True)
    assert watch.complaints() == []
    assert file.stat().st_size > 10_000
