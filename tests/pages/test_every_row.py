"""Every row of every table of every page leads to its trace, and the trace answers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest
from streamlit.testing.v1 import AppTest

from lib.facts.egress_needs import features
from lib.model.errors import ModelError
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopVerdict
from lib.trace.questions import NOWHERE, Ends, can_be_asked
from lib.trace.walk import trace
from lib.ui import compare_view, migration_view, recommendation_view, trace_link
from lib.ui.page_context import PageContext
from lib.ui.trace_link import TracedTable
from tests.azure.load import sample
from tests.conftest import ROOT
from tests.pages.app import PAGES, open_page
from tests.pages.test_security_rules import paste

NO_FLOW = {
    "trace": "it is a trace",
    "trace-profiles": "it is a trace, under each profile",
    "cluster-profile": "what is known of the cluster as a whole",
    "migrations": "which outbound type a cluster can change to",
    "snat-facts": "documented numbers",
    "snat-examples": "worked examples of the documentation",
    "snat-steps": "ports by the size of a pool; the way out itself is the table way-out",
    "snat-numbers": "sums of ports; the way out itself is the table way-out",
    "nat-gateway": "sums of ports; the way out itself is the table way-out",
    "left-out": "words for what policies can't tell apart",
}
"""Tables whose rows are no flow, each with the reason."""
PLAN = "plan-"
"""So begin the names of tables about a plan of addresses, of a cluster that need not exist: no flow either."""
DRAWN_OTHERWISE = {
    "widgets.py": "draws every table that has a name",
    "problems.py": "documents that could not be read, so that nothing is known of what they are about",
    "input_view.py": "counts of objects, and names of files",
    "plan_space_view.py": "a plan of addresses",
    "plan_table.py": "a plan of addresses",
}
"""Modules that draw tables of their own, each with the reason."""
DETAILS_LEAD = {"services": "the Service that the row opens below has the link"}

LEADS_NOWHERE = {
    "security-rules": "a default rule of every group, to which none of the Services' packets comes",
    "exposed-to": "pods to come, which the input does not have",
    "egress-destinations": "nobody in the input connects to it, who does is not documented, or it is no one place",
    "firewall-left-out": "as of the destination",
    "cilium-left-out": "as of the destination",
    "required-unknown": "pods that are not in the input",
    "not-known": "a question about no workload",
    "compare-flows": "an end is gone from the reading that is shown",
    "compare-causes": "an end is gone from the reading that is shown",
    "compare-namespaces": "an end is gone from the reading that is shown",
    "compare-objects": "the object is gone, or nothing in the network hangs on it",
    "compare-routes": "the door is gone with what was behind it",
    "migration-arrivals": "workloads none of whose pods runs on a node now",
}
"""Tables of which some rows have nothing to trace, each with the reason."""

SEVERAL = {
    "name": (
        "entry-points",
        "side-doors",
        "flows",
        "unknown-flows",
        "required-reach",
        "required-unknown",
        "asked-nic",
        "asked-subnet",
    ),
}
"""What the tables are called that one piece of code draws under several names, or under one that it keeps apart."""
OF_OTHER_INPUT = {
    "azure-private-link": "a Service with a Private Link Service",
    "engine-notes": "policies that the engine ignores",
    "side-effects": "a flow that a policy denies alone: test_trace.py chooses its rows",
}
"""Tables that the visits below don't show, each with what would."""

PACKET = {"packet_from": "internet", "packet_to": "monitoring/grafana", "packet_port": "80"}
ASKED = {"from": "shop-api/cart[Deployment]", "to": "shop-data/redis[StatefulSet]", "port": "6379", "change": "true"}
DENY = {
    "name": "no",
    "priority": 200,
    "direction": "Inbound",
    "access": "Deny",
    "protocol": "*",
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "*",
    "sourcePortRange": "*",
    "destinationPortRange": "*",
}
VISITS = (
    ("overview", {}),
    ("services", {"service": "shop-api/partner-feed"}),
    ("services", {"service": "shop-api/orders"}),
    ("services", {"service": "shop-payments/payments-partner"}),
    ("security_rules", PACKET),
    ("security_rules", {"way": "outbound"}),
    ("ingress_routes", {"url": "https://shop.example.com/cart"}),
    ("policy_flows", {"nodes": "true", "beyond": "true", "unisolated": "true", **ASKED}),
    ("policy_flows", {"from_ns": "shop-web", "to_ns": "shop-api", "engine": "cilium"}),
    ("trace", {"trace_from": "internet", "trace_to": "https://shop.example.com/blog", "against": "Cilium"}),
    ("recommendation", {}),
    ("engine_migration", {"old_engine": "azure-npm", "new_engine": "cilium"}),
    ("compare", {"with": "sample:before-after/before"}),
    ("compare", {"with": "sample:gateway-ipv6"}),
    ("assertions", {}),
    ("egress", {}),
    ("ip_plan", {}),
    ("input", {}),
)


@cache
def walked() -> dict[str, list[Ends]]:
    """Every page with the sample: the ends of each row of the tables that lead to traces, by the tables' names."""
    ends: dict[str, list[Ends]] = {}
    draw = trace_link._draw

    def note(page: PageContext, table: TracedTable) -> None:
        found = map(table.way_of, range(len(table.rows)))
        offered = (each if can_be_asked(each, page.snapshot) else NOWHERE for each in found)
        ends.setdefault(table.name, []).extend(offered)
        draw(page, table)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_link, "_draw", note)
        for page, query in VISITS:
            open_page(page, **query)
        _choose(open_page("security_rules"), "security-rules")
        app = paste(open_page("security_rules", **PACKET), "subnet", {"name": "corp", "securityRules": [DENY]})
        assert not app.exception
        app = open_page("egress")
        app.multiselect(key="egress_features").set_value([f.id for f in features() if not f.always]).run()
        # What is listed where there is much of it.
        for module, bound in ((compare_view, "LISTED_UP_TO"), (migration_view, "LISTED_UP_TO")):
            patch.setattr(module, bound, 5)
        patch.setattr(recommendation_view, "_QUESTIONS_SHOWN", 1)
        open_page("compare", **{"with": "sample:before-after/after"})
        open_page("engine_migration", old_engine="none", new_engine="calico")
        open_page("recommendation", engine="cilium")
    return ends


def _choose(page: AppTest, table: str, row: int = 0) -> AppTest:
    page.session_state[f"table-{table}"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    page.run()
    assert not page.exception
    return page


def calls_of(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function of these names in the code that draws, with the file's name."""
    for path in sorted((ROOT / "lib" / "ui").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                yield path.name, node


def name_in(call: ast.Call, place: int) -> str:
    """What a table is called where it is drawn; of a name that is put together, the part that is always the same."""
    value = call.args[place]
    if isinstance(value, ast.JoinedStr):
        value = value.values[0]
    return str(value.value) if isinstance(value, ast.Constant) else f"{ast.unparse(value)}"


def test_a_table_leads_to_traces_or_says_why_its_rows_are_no_flow() -> None:
    without = {name_in(call, 1) for file, call in calls_of("show_table") if file != "trace_link.py"}
    assert {n for n in without if not n.startswith(PLAN)} - DETAILS_LEAD.keys() == NO_FLOW.keys()
    assert {file for file, _ in calls_of("st.dataframe", "st.data_editor")} <= DRAWN_OTHERWISE.keys()


def test_every_table_that_leads_to_traces_is_walked() -> None:
    """So that none escapes because the sample does not show it."""
    named = {name_in(call, 1) for _, call in calls_of("TracedTable")}
    every = {each for name in named for each in SEVERAL.get(name, (name,))}
    assert every - walked().keys() == OF_OTHER_INPUT.keys()


def test_the_row_of_a_service_opens_its_details_with_the_link() -> None:
    page = open_page("services", service="shop-api/orders")
    links = [link.proto.query_string for link in page.get("page_link")]
    assert any("trace_to=svc%2Fshop-api%2Forders%3A80" in link for link in links)


def test_the_exceptions_are_needed() -> None:
    assert [name for name in LEADS_NOWHERE if NOWHERE not in walked().get(name, (NOWHERE,))] == []


def test_every_page_is_walked() -> None:
    assert {page for page, _ in VISITS} == set(PAGES)


def test_a_row_leads_somewhere_unless_its_table_says_why_not() -> None:
    assert {name for name, found in walked().items() if NOWHERE in found} - LEADS_NOWHERE.keys() == set()


def test_every_trace_that_a_row_leads_to_answers() -> None:
    snapshot = sample("shop")
    context = Context(compile_engine(snapshot, KUBERNETES))
    asked = {pair: name for name, found in walked().items() for pair in found if pair != NOWHERE}
    refused = {}
    for (src, dst), name in asked.items():
        try:
            start = read_start(src, snapshot)
            found = trace(context, start, read_goal(dst, snapshot, start))
            assert found.hops and found.verdict in HopVerdict
        except ModelError as error:
            refused[name, src, dst] = str(error)
    assert refused == {}
