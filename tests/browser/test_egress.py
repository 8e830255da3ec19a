"""The page Egress in a real browser: choices go to the link, come back from it, and change what is shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Watch, settle
from tests.browser.drive import choose, query, visit
from tests.browser.server import Server


def test_a_chosen_outbound_type_is_shown_kept_in_the_link_and_survives_a_reload(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/egress?src=sample:shop")
    expect(page.get_by_text("Changing from loadBalancer")).to_be_visible()
    choose(page, page.get_by_role("combobox", name="Outbound type"), "userDefinedRouting")
    expect(page.get_by_text("Changing from userDefinedRouting")).to_be_visible()
    assert query(page)["outbound_type"] == ["userDefinedRouting"]
    page.reload()
    settle(page)
    expect(page.get_by_text("Changing from userDefinedRouting")).to_be_visible()
    expect(page.get_by_text("is documented for virtual networks that are brought along only")).to_be_visible()


def test_the_ports_of_a_link_are_drawn_and_counted(page: Page, server: Server) -> None:
    address = f"{server.url}/egress?src=sample:shop&snat_nodes=100&snat_surge=2&outbound_ips=7&ports_per_node=4000"
    visit(page, address)
    # The documentation's own example: 48,000 ports are left, of which the two surge nodes take 8,000.
    expect(page.get_by_text("40,000", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_the_page_does_without_a_complaint(width: int, theme: str, browser: Browser, server: Server) -> None:
    watch = Watch()
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if theme == "dark" else "light"
    )
    watch.attach(context)
    tab = context.new_page()
    visit(tab, f"{server.url}/egress?src=sample:shop")
    expect(tab.get_by_text("Who may reach the Internet", exact=True)).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
    assert watch.complaints() == []
