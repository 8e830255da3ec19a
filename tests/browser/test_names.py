"""The table of domain names as a person gives it: typed or as a file, and never in the address."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.drive import go_to, strip, visit
from tests.browser.server import Server
from tests.pages.test_names import CLUSTER, TABLE

COUNTED = "of the flows below are unknown since the input does not show the addresses"


def _load(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/?src=none")
    page.get_by_role("tab", name="Paste").click()
    page.get_by_role("textbox", name="YAML or JSON").fill(CLUSTER)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(strip(page)).to_contain_text("1 namespace")


def test_a_table_that_is_typed_settles_the_flows(page: Page, server: Server) -> None:
    _load(page, server)
    go_to(page, "Policy flows")
    expect(page.get_by_text(COUNTED)).to_be_visible()
    page.get_by_role("link", name="Give their addresses").click()
    box = page.get_by_role("textbox", name="Names and their addresses")
    box.fill(TABLE)
    box.press("Control+Enter")
    expect(page.get_by_text("the addresses of 1 are settled")).to_be_visible()
    expect(box).to_have_value(TABLE)
    assert "203.0.113" not in page.url
    assert "example" not in page.url
    go_to(page, "Policy flows")
    expect(page.get_by_text("Permitted (")).to_be_visible()
    expect(page.get_by_text(COUNTED)).to_have_count(0)


def test_a_table_is_taken_from_a_file_and_shown(page: Page, server: Server, tmp_path: Path) -> None:
    _load(page, server)
    go_to(page, "Input")
    file = tmp_path / "names.yaml"
    file.write_text(TABLE + "\n", "utf-8")
    page.locator("input[type=file]").last.set_input_files(file)
    expect(page.get_by_text("the addresses of 1 are settled")).to_be_visible()
    expect(page.get_by_role("textbox", name="Names and their addresses")).to_have_value(TABLE + "\n")
