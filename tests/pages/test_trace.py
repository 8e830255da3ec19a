"""The page Trace: answers from the link, profiles side by side, questions that make no sense, hostile input."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from lib.trace.ends import read_goal, read_start
from tests.azure.load import sample
from tests.pages.app import figures, open_page, table, words
from tests.pages.test_hostile import ACTIVE

BLOG = {"trace_from": "internet", "trace_to": "https://shop.example.com/blog"}
REDIS = {"trace_from": "shop-api/cart[Deployment]", "trace_to": "svc/shop-data/redis:6379"}


def test_without_a_question_the_page_says_what_to_ask() -> None:
    assert "from where and to what" in words(open_page("trace"))


@pytest.mark.parametrize(
    ("said", "missing"),
    [({"trace_to": REDIS["trace_to"]}, "Say from where too"), ({"trace_from": "internet"}, "Say to what too")],
)
def test_with_half_a_question_the_page_asks_for_the_other_half(said: dict[str, str], missing: str) -> None:
    shown = words(open_page("trace", **said))
    assert missing in shown and "Or begin with" not in shown


def test_without_a_question_ready_ones_are_offered_and_a_click_asks_one() -> None:
    page = open_page("trace")
    offered = [button for button in page.button if str(button.key).startswith("ready-")]
    assert len(offered) == 4
    page = offered[2].click().run()
    assert not page.exception
    assert "Denied at" in page.error[0].value and "Or begin with" not in words(page)
    assert page.session_state["trace_from"] and page.session_state["trace_to"].startswith("svc/")


def test_without_anything_to_trace_nothing_is_offered() -> None:
    only = b"{apiVersion: v1, kind: Namespace, metadata: {name: a}}"
    page = open_page("trace", files={"in.yaml": only})
    assert "from where and to what" in words(page) and "Or begin with" not in words(page)


def test_a_rejected_pod_is_named_with_its_line() -> None:
    rejected = b"apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: 5}\n"
    page = open_page("trace", files={"in.yaml": rejected}, trace_from="shop/web", trace_to="192.0.2.1:80")
    assert "was rejected at in.yaml:4" in page.error[0].value.replace("\\", "")


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


@pytest.mark.parametrize(
    ("page_name", "name", "given"),
    [
        ("policy_flows", "flows", {}),
        ("policy_flows", "exposure", {}),
        ("policy_flows", "node-flows", {"nodes": "true"}),
        ("policy_flows", "workload-flows", {"from_ns": "shop-web", "to_ns": "shop-api"}),
        ("engine_migration", "migration", {"old_engine": "azure-npm", "new_engine": "cilium"}),
        ("recommendation", "policy-effects", {}),
        ("services", "service-doors", {"service": "shop-api/partner-feed"}),
        ("services", "azure-service-rules", {"service": "shop-api/partner-feed"}),
        ("egress", "required-reach", {}),
        ("egress", "to-internet", {}),
    ],
)
def test_a_chosen_row_about_a_flow_leads_to_its_trace(page_name: str, name: str, given: dict[str, str]) -> None:
    page = open_page(page_name, **given)
    assert "trace it hop by hop" in words(page)
    page.session_state[f"table-{name}"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    links = [link.proto.query_string for link in page.run().get("page_link")]
    asked = {link for link in links if "trace_from" in link and "trace_to" in link}
    assert asked
    for link in asked:
        snapshot, ends = sample("shop"), parse_qs(link)
        start = read_start(ends["trace_from"][0], snapshot)
        read_goal(ends["trace_to"][0], snapshot, start)


def test_other_flows_that_a_change_opens_lead_to_their_traces() -> None:
    page = open_page("policy_flows", files={"twins.yaml": TWINS.encode()}, change="true", **ASKED)
    page.session_state["table-side-effects"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    links = [parse_qs(link.proto.query_string) for link in page.run().get("page_link")]
    assert {"trace_from": ["shop/twin[Pod]"], "trace_to": ["shop/shut[Pod]:80"]} in links


TWINS = """
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: shop, labels: {app: a}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: twin, namespace: shop, labels: {app: a}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: shut, namespace: shop, labels: {app: b}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: shop}
spec: {podSelector: {matchLabels: {app: b}}}
"""
ASKED = {"from": "shop/one[Pod]", "to": "shop/shut[Pod]", "port": "80"}


def test_each_ip_family_has_a_way_of_its_own() -> None:
    page = open_page("trace", files={"dual.yaml": DUAL.encode()}, trace_from="internet", trace_to="svc/shop/web:80")
    assert "depends on the IP family" in words(page)
    titles = " ".join(title.value for title in page.subheader)
    assert "over IPv4 · ✔ allowed" in titles and "over IPv6 · ✖ denied" in titles
    assert {"IPv4", "IPv6"} <= set(table(page, "hop", "kind", "verdict")["family"])
    assert len(figures(page)) == 2


DUAL = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, uid: 01234567-89ab-cdef-0123-456789abcdef}
spec:
  type: LoadBalancer
  selector: {app: web}
  clusterIP: 10.0.0.80
  clusterIPs: [10.0.0.80, "fd00:10::80"]
  ipFamilies: [IPv4, IPv6]
  ipFamilyPolicy: RequireDualStack
  loadBalancerSourceRanges: [0.0.0.0/0]
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.10}, {ip: "2001:db8:1::10"}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: a, ports: [{containerPort: 8080}]}]}
status:
  phase: Running
  podIP: 10.244.1.10
  podIPs: [{ip: 10.244.1.10}, {ip: "fd00:244::10"}]
  conditions: [{type: Ready, status: "True"}]
"""
