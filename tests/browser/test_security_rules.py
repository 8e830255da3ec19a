"""The page about security rules in a real browser: a question in the address, and a group that is pasted."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.browser.chromium import settle
from tests.browser.drive import query, visit
from tests.browser.server import Server
from tests.pages.test_security_rules import RULE

ASKED = "packet_from=internet&packet_to=monitoring/grafana&packet_port=80"


def test_a_link_answers_which_rule_decides_and_a_pasted_group_changes_it(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/security_rules?src=sample:shop&{ASKED}")
    expect(page.get_by_text("Allowed: rule k8s-azure-lb_allow_IPv4_")).to_be_visible()
    box = page.get_by_role("textbox", name="Your own group on the nodes' subnet")
    box.fill(json.dumps({"name": "corp", "securityRules": [RULE]}))
    box.press("Control+Enter")
    settle(page)
    answer = page.get_by_test_id("stAlert").get_by_text("Denied: rule web (200) of corp on the subnet denies it")
    expect(answer).to_be_visible()
    expect(page.get_by_text("What your group on the subnet does")).to_be_visible()
    found = query(page)
    assert found["packet_to"] == ["monitoring/grafana"]
    assert "corp" not in page.url


def test_what_is_typed_stands_in_the_address(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/security_rules?src=sample:shop")
    box = page.get_by_role("textbox", name="Find")
    box.fill("10.100")
    box.press("Enter")
    settle(page)
    expect(page.get_by_text("1 row", exact=True).first).to_be_visible()
    assert query(page)["rule"] == ["10.100"]
