"""The page Trace: answers from the link, profiles side by side, questions that make no sense, hostile input."""

from __future__ import annotations

import pytest

from tests.pages.app import figures, open_page, table, words
from tests.pages.test_hostile import ACTIVE

BLOG = {"trace_from": "internet", "trace_to": "https://shop.example.com/blog"}
REDIS = {"trace_from": "shop-api/cart[Deployment]", "trace_to": "svc/shop-data/redis:6379"}


def test_without_a_question_the_page_says_what_to_ask() -> None:
    assert "from where and to what" in words(open_page("trace"))


def test_a_link_shows_the_hop_that_stops_the_packet_and_what_would_come_after() -> None:
    page = open_page("trace", **REDIS)
    assert "Denied at policies of the receiver, shop-data/redis[StatefulSet]" in page.error[0].value.replace("\\", "")
    assert "The packet does not get here" in words(page)
    assert "networkpolicies.yaml:" in words(page)


def test_a_route_without_backend_ends_there() -> None:
    page = open_page("trace", **BLOG)
    assert "shop-web/blog, which does not exist" in words(page)
    rows = table(page, "hop", "kind", "verdict")
    assert list(rows["verdict"])[-1] == "✖ denied"


def test_the_picture_has_a_card_for_each_hop() -> None:
    page = open_page("trace", **BLOG)
    (figure,) = figures(page)
    cards = next(trace for trace in figure["data"] if trace["type"] == "bar")
    assert len(cards["base"]) == len(table(page, "hop", "kind", "verdict"))


def test_evidence_shows_the_line_that_decides() -> None:
    page = open_page("trace", **REDIS)
    assert any("NetworkPolicy" in block.value for block in page.code)


def test_profiles_stand_side_by_side_from_the_link() -> None:
    page = open_page("trace", trace_from="192.0.2.9", trace_to="203.0.113.20:443", engine="cilium", against="Cluster")
    rows = table(page, "profile", "verdict", "sentence")
    assert list(rows["verdict"]) == ["✔ allowed", "◐ depends"]
    assert "Side by side" in words(page)


def test_what_the_visitor_says_of_the_cluster_counts() -> None:
    out = {"trace_from": "shop-payments/payments", "trace_to": "198.51.100.140:443"}
    assert "outbound type lets packets out" in words(open_page("trace", **out))
    page = open_page("trace", **out, outbound_type="userDefinedRouting")
    assert "Unknown at way out" in words(page)


@pytest.mark.parametrize(
    ("src", "dst"),
    [
        ("internet", "nonsense:80"),
        ("no/such", "svc/shop-api/cart:80"),
        ("internet", "8.8.8.8:80"),
        ("internet", "<img src=x onerror=alert(1)>:80"),
        ("internet", "http://[::1"),
        ("![x](http://evil)", "shop-api/cart:80"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_a_sentence(src: str, dst: str) -> None:
    page = open_page("trace", trace_from=src, trace_to=dst)
    assert page.error
    assert not ACTIVE.search("".join(e.value for e in page.error))
