"""The page Trace in a real browser: a link answers, the URL keeps what is asked, and a route leads to its trace."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.chromium import settle
from tests.browser.drive import query, visit
from tests.browser.server import Server


def test_a_link_shows_where_the_packet_is_stopped_and_the_url_keeps_the_question(page: Page, server: Server) -> None:
    asked = "trace_from=shop-api/cart[Deployment]&trace_to=svc/shop-data/redis:6379"
    visit(page, f"{server.url}/trace?src=sample:shop&{asked}")
    expect(page.get_by_text("Denied at policies of the receiver")).to_be_visible()
    expect(page.get_by_text("The packet does not get here")).to_be_visible()
    box = page.get_by_role("combobox", name="To")
    box.click()
    box.fill("svc/shop-api/catalog:80")
    box.press("Enter")
    settle(page)
    assert query(page)["trace_to"] == ["svc/shop-api/catalog:80"]
    assert query(page)["trace_from"] == ["shop-api/cart[Deployment]"]


def test_a_tested_url_leads_to_its_trace(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/ingress_routes?src=sample:shop&url=https://shop.example.com/cart")
    page.get_by_role("link", name="Trace it hop by hop").first.click()
    settle(page)
    expect(page.get_by_text("Allowed: internet reaches")).to_be_visible()
    assert query(page)["trace_to"] == ["https://shop.example.com/cart"]
