"""The table of domain names on the pages: where it is given, what it changes, and that it stays the visitor's own."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from tests.cli.test_names import CLUSTER
from tests.pages.app import open_page, table, words

FILES = {"cluster.yaml": CLUSTER.encode()}
TABLE = "names: {api.example.com: [203.0.113.7]}"


def give(app: AppTest, text: str) -> AppTest:
    (area,) = [a for a in app.text_area if a.label.startswith("Names")]
    area.set_value(text)
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def flows_of(app: AppTest) -> AppTest:
    app.switch_page("pages/policy_flows.py")
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def test_flows_that_hang_on_names_are_counted_beside_the_way_to_the_table() -> None:
    app = open_page("policy_flows", files=FILES)
    # To all IPv4 and to all IPv6 addresses but for DNS, which another rule allows.
    assert "2 of the flows below are unknown since the input does not show the addresses of a domain name" in words(app)
    assert "api.example.com" in words(app)
    assert [link.proto.label for link in app.get("page_link") if "addresses" in link.proto.label] == [
        "Give their addresses"
    ]


def test_a_table_given_on_the_page_input_settles_the_flows() -> None:
    app = give(open_page("input", files=FILES), TABLE)
    assert "the addresses of 1 are settled." in words(app)
    flows_of(app)
    assert "unknown since the input does not show" not in words(app)
    rows = table(app, "verdict", "from", "to", "ports")
    to_443 = rows[rows["ports"].str.contains("443") & (rows["from"] == "shop/web[Pod]")]
    assert list(to_443["to"]) == ["203.0.113.7-203.0.113.7[External]"]
    assert set(to_443["verdict"]) == {"✔ allowed"}


def test_the_table_is_in_no_address_and_goes_with_clear() -> None:
    app = give(open_page("input", files=FILES), TABLE)
    assert not any("203" in str(value) or "example" in str(value) for value in app.query_params.values())
    assert "netatlas.names" in app.session_state
    app.button(key="clear-source").click().run()
    assert "netatlas.names" not in app.session_state


def test_what_is_wrong_with_a_table_is_told_with_its_line() -> None:
    app = give(open_page("input", files=FILES), "names:\n  api.example.com: [203.0.113.999]\n  '*.x.y': [1.2.3.4]\n")
    said = words(app)
    assert "Line 2:" in said
    assert "neither an address nor a prefix" in said
    assert "Line 3:" in said
    assert "is a pattern" in said
    assert "the addresses of 0 are settled" in said


def test_a_hostile_table_is_shown_as_text() -> None:
    app = give(open_page("input", files=FILES), "names:\n  '<script>alert(1)</script>': [1.2.3.4]\n  '**b**': []\n")
    errors = [e.value for e in app.error]
    assert len(errors) == 2
    assert "<script>" in words(app)
    assert not any(re.search(r"(?<!\\)(<script|\*\*b)", e) for e in errors)


def test_an_input_without_names_is_not_asked_for_a_table() -> None:
    app = open_page("input")
    assert "Domain names" not in words(app)
    assert "domain name" not in words(open_page("policy_flows"))


def test_a_visitors_table_for_a_sample_is_the_visitors_own() -> None:
    from lib.loaders.domain_names import read_names
    from lib.ui.loaded import load
    from lib.ui.results_store import store_of
    from tests.ui.test_isolation import as_visitor

    sample = load("sample:test", "test", ())
    named = sample.with_names(read_names(TABLE, "names").table, "key")
    assert sample.key != named.key
    stores = [as_visitor(session, lambda: store_of(named)) for session in ("one", "two")]
    assert stores[0] is not stores[1]


def test_the_recommendation_says_what_hangs_on_names_beside_the_way_to_the_table() -> None:
    app = open_page("recommendation", files=FILES)
    assert "What hangs on the addresses of a domain name in present policies is not settled" in words(app)
    assert "Give their addresses" in [link.proto.label for link in app.get("page_link")]
    plain = CLUSTER.partition("---")[0].encode()
    app = open_page("recommendation", files={"cluster.yaml": plain})
    assert "Give their addresses" not in [link.proto.label for link in app.get("page_link")]


def test_no_count_is_told_where_no_flow_hangs_on_names() -> None:
    everything = "---\n" + CLUSTER.partition("---\n")[2].partition("  egress:")[0] + "  egress: [{toEntities: [all]}]\n"
    files = {"cluster.yaml": (CLUSTER + everything.replace("name: names", "name: all")).encode()}
    said = words(open_page("policy_flows", files=files))
    assert "of the flows below" in said
    assert "None of the flows below hangs on what the input does not show, the addresses of a domain name" in said
