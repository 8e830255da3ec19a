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


def test_a_finding_of_the_overview_leads_to_the_hop_where_it_bites(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/?src=sample:shop")
    table = page.locator('[data-testid="stDataFrame"] canvas').first
    table.scroll_into_view_if_needed()
    where = table.bounding_box()
    assert where is not None
    # The box in front of the first row, under the line of headings.
    page.mouse.click(where["x"] + 17, where["y"] + 35 + 17)
    page.get_by_role("link", name="Trace it hop by hop").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trace")
    settle(page)
    expect(page.get_by_text("matches no pod in namespace shop-api").first).to_be_visible()
    assert query(page)["trace_to"] == ["svc/shop-api/notifications:80"]


def test_a_flow_that_an_engine_judged_is_traced_under_that_engine_beside_the_new_one(
    page: Page, server: Server
) -> None:
    asked = "trace_from=shop-api/cart&trace_to=svc/shop-data/redis:6379&engine=azure-npm&against=Cilium"
    visit(page, f"{server.url}/trace?src=sample:shop&{asked}")
    expect(page.get_by_text("Policies are judged as Azure Network Policy Manager reads policies")).to_be_visible()
    expect(page.get_by_text("Policies of Cilium, data plane Cilium").first).to_be_visible()
