"""A cluster of 15 MB: how far loading is can be seen, it can be stopped, and the pages work on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lib.ui.navigation import PAGES, ROOT
from tests.browser.chromium import settle
from tests.browser.drive import choose_files, open_loader, strip, visit
from tests.browser.server import Server

WORKLOADS = 3800
# Thousands of workloads on a machine that does other things as well.
PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "large.yaml"
    command = [sys.executable, "-m", "benchmarks.generate", "--workloads", str(WORKLOADS), "--out", "-"]
    with file.open("wb") as stream:
        subprocess.run(command, cwd=ROOT, stdout=stream, check=True)
    assert file.stat().st_size > 14_000_000
    return file


def begin_load(page: Page, file: Path) -> None:
    """Upload the file and press Load once the server has it."""
    dialog = open_loader(page)
    with page.expect_response(lambda r: "/upload_file/" in r.url and r.request.method == "PUT", timeout=PATIENCE_MS):
        choose_files(dialog, file)
    settle(page)
    dialog.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator(".st-key-load-progress")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.full
@pytest.mark.xdist_group("large")
def test_a_large_load_shows_file_and_kinds_and_a_cancelled_one_leaves_the_old_input(
    page: Page, server: Server, large: Path
) -> None:
    visit(page, f"{server.url}/input")
    begin_load(page, large)
    progress = page.locator(".st-key-load-progress")
    expect(progress).to_contain_text("file 1 of 1 (large.yaml)")
    expect(progress).to_contain_text("Deployment")
    expect(strip(page)).to_contain_text("A shop on AKS")
    progress.get_by_role("button", name="Cancel").click()
    expect(progress).to_have_count(0)
    settle(page)
    expect(strip(page)).to_contain_text("A shop on AKS")
    page.wait_for_timeout(1500)
    expect(strip(page)).to_contain_text("A shop on AKS")


@pytest.mark.full
@pytest.mark.xdist_group("large")
def test_every_page_opens_on_a_large_cluster(page: Page, server: Server, large: Path) -> None:
    page.set_default_timeout(PATIENCE_MS)
    visit(page, f"{server.url}/input")
    begin_load(page, large)
    expect(strip(page)).to_contain_text("large.yaml", timeout=PATIENCE_MS)
    for spec in PAGES[:-1]:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=spec.title).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(spec.title, timeout=PATIENCE_MS)
        settle(page, timeout_s=PATIENCE_MS / 1000)
        expect(strip(page)).to_contain_text("large.yaml")
        assert page.locator('[data-testid="stException"]').count() == 0
