"""The few things a person does, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import settle


def visit(page: Page, url: str) -> None:
    """Open an address and wait until the page stands."""
    page.goto(url)
    settle(page)


def query(page: Page) -> Mapping[str, list[str]]:
    """What the address holds."""
    return parse_qs(urlsplit(page.url).query)


def strip(page: Page) -> Locator:
    """The line that says what is loaded."""
    return page.locator(".st-key-strip")


def choose(page: Page, box: Locator, option: str | int) -> None:
    """Open a box of options and click one of them: by its name, which is typed as well, or by its position.

    Only a part of a long list is drawn, and it moves when it is scrolled to an option and pressed in the same moment.
    A person is slower than that; typing leaves nothing to scroll.
    """
    box.click()
    if isinstance(option, str):
        box.press_sequentially(option, delay=20)
        others = page.get_by_role("option").filter(has_not_text=re.compile(f"{re.escape(option)}|^Select"))
        expect(others).to_have_count(0)
        page.get_by_role("option", name=option, exact=True).click()
    else:
        page.get_by_role("option").nth(option).click()


def go_to(page: Page, title: str) -> None:
    """Click a page in the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    settle(page)


def open_loader(page: Page) -> Locator:
    """Open the dialog that takes manifests."""
    page.locator(".st-key-open-load button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def choose_files(dialog: Locator, files: Sequence[Path] | Path, *, tab: str = "Files or archive") -> None:
    """Hand files, or one folder, to the uploader of a tab."""
    dialog.get_by_role("tab", name=tab).click()
    chooser = dialog.locator('[role="tabpanel"]:visible input[type="file"]')
    chooser.set_input_files(files)  # type: ignore[arg-type]
    expect(dialog.get_by_test_id("stFileChip").first).to_be_visible()


def load(page: Page, dialog: Locator) -> None:
    """Press Load and wait until the new input is there; once more where the page says that it was too early."""
    again = page.get_by_text("Everything is uploaded now")
    dialog.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_role("dialog").filter(has_not=again)).to_have_count(0)
    if again.is_visible():
        dialog.get_by_role("button", name="Load", exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)


def namespace_tags(page: Page) -> Locator:
    """The tags of the namespace filter."""
    return page.get_by_test_id("stSidebar").get_by_test_id("stMultiSelect").locator("[data-tag]")
