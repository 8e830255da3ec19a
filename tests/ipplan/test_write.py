"""A plan that is written is the plan that was read: as a file, as rows, and as a link."""

from __future__ import annotations

import base64
import zlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.ipplan.demand import AddressPlanInput
from lib.ipplan.read import read_plan, read_plan_text
from lib.ipplan.sheet import LINK_CHARS_MAX, PACKED, Sheet, from_link, rows_of, rows_text, sheet_of, to_link
from lib.ipplan.write import to_yaml
from tests.ipplan.build import cluster, network_of, pool
from tests.ipplan.test_properties import demands
from tests.ipplan.test_read import FILE

MORE = """
start: 2026-11-26
vnet: 10.20.0.0/16
connected: [hq 192.168.0.0/16, 10.9.0.0/16]
extra_subnets: [{service: bastion}, {service: virtual_nodes, prefix: 25}, {name: jump, prefix: 28}]
clusters:
  - {name: a, growth_per_month: 2.5, services: 0, load_balancer_ports: 7, private_link_services: 2, private_link_ips: 3,
     api_server_vnet_integration: true, pods_ceiling: 250000, pod_cidr_now: 10.244.0.0/18,
     pools: [{name: nap, nodes: 0, nodes_max: 50, auto_provisioned: true}, {name: gw, mode: gateway, egress_prefix: 29,
              nodes: 2, zones: [1, 3], node_subnet: gateways 10.20.9.0/28 Microsoft.Web/serverFarms}]}
  - {name: b, target_date: 2028-03-01, pools: [{nodes: 40, nodes_max: 120, surge: 0, max_unavailable: 10%, mode: user}]}
  - {name: c, growth_per_month: 10%}
"""
EMPTY = Sheet({}, ({},), ({"name": "pool"},))


def demand_of(text: str) -> AddressPlanInput:
    reading = read_plan_text(text)
    assert reading.demand is not None, reading.problems
    return reading.demand


@pytest.mark.parametrize("text", [FILE, MORE, "nodes: 3"])
def test_a_file_that_is_written_reads_as_the_same_plan(text):
    demand = demand_of(text)
    assert read_plan_text(to_yaml(demand)).demand == demand


@pytest.mark.parametrize("text", [FILE, MORE, "nodes: 3"])
def test_rows_and_links_hold_the_whole_plan(text):
    sheet = sheet_of(demand_of(text))
    assert read_plan(sheet.document()).demand == demand_of(text)
    link = to_link(sheet)
    assert link is not None
    again, wrong = from_link(link, EMPTY)
    assert wrong == ""
    assert read_plan(again.document()).demand == demand_of(text)


@settings(max_examples=50)
@given(demands)
def test_any_plan_survives_file_rows_and_link(demand):
    assert read_plan_text(to_yaml(demand)).demand == demand
    sheet = sheet_of(demand)
    assert read_plan(sheet.document()).demand == demand
    link = to_link(sheet)
    assert link is None or read_plan(from_link(link, EMPTY)[0].document()).demand == demand


def test_a_short_plan_makes_a_readable_link_and_a_long_one_a_packed():
    small = sheet_of(demand_of("{model: node_subnet, nodes: 3, max_pods: 30}"))
    assert to_link(small) == {"name": "cluster", "model": "node_subnet", "pools": "name=pool,nodes=3,max-pods=30"}
    alike = [cluster("azure_cni_overlay", pool(40, nodes_max=120), name=f"shop{i}") for i in range(60)]
    large = sheet_of(network_of(*alike, vnet="10.20.0.0/16").demand)
    link = to_link(large)
    assert link is not None and set(link) == {PACKED}
    assert len(link[PACKED]) <= LINK_CHARS_MAX
    assert from_link(link, EMPTY) == (large, "")


def test_a_plan_that_is_too_long_makes_no_link():
    noise = [{"name": f"p{i * 7919 % 100_003}x{i * 104_729 % 99_991}"} for i in range(3000)]
    assert to_link(Sheet({}, ({},), tuple(noise))) is None


BOMB = base64.urlsafe_b64encode(zlib.compress(b"[" * 300_000_00, 9)).decode()


@pytest.mark.parametrize(
    "packed",
    ["", "x", "éé", "AAAA", "x" * 7000, BOMB[:5999], base64.urlsafe_b64encode(zlib.compress(b"[[[[")).decode(),
     base64.urlsafe_b64encode(zlib.compress(b'{"plan":{},"clusters":[1],"pools":[],"subnets":[]}')).decode(),
     base64.urlsafe_b64encode(zlib.compress(b'{"plan":{},"clusters":[],"pools":[],"subnets":[]}')).decode(),
     base64.urlsafe_b64encode(zlib.compress(b"[" * 1_000_000)).decode()],
)  # fmt: skip
def test_a_broken_link_is_told_and_changes_nothing(packed):
    found, wrong = from_link({PACKED: packed}, EMPTY)
    assert found is EMPTY
    assert wrong.endswith(".")


@given(st.dictionaries(st.sampled_from(["plan", "pools", "clusters", "subnets", "model", "vnet", "x"]), st.text()))
def test_no_link_raises(values):
    found, _ = from_link(values, EMPTY)
    read_plan(found.document(), date(2026, 11, 26))


def test_what_a_link_says_wrong_is_told_by_the_reader():
    for values, word in (
        ({"model": "nope"}, "model is 'nope'"),
        ({"pools": "name=a,nodez=3"}, "Did you mean nodes?"),
        ({"pools": "garbage"}, "garbage is not a field"),
        ({"clusters": "name=a;name=b", "pools": "cluster=z,nodes=3"}, "cluster is not a field"),
    ):
        sheet, wrong = from_link(values, EMPTY)
        assert wrong == ""
        assert any(word in problem.message for problem in read_plan(sheet.document()).problems), values


def test_rows_are_written_as_they_are_read():
    rows = ({"name": "apps", "nodes_max": "10"}, {"name": "web", "surge": "33%"})
    assert rows_text(rows) == "name=apps,nodes-max=10;name=web,surge=33%"
    assert rows_of(rows_text(rows)) == rows
    assert rows_of(";;,") == ()


def test_kept_places_stay_through_the_file_and_the_link():
    places = {"cluster-nodes": "10.20.0.0/28", "b.c_d": "10.20.1.0/24"}
    demand = read_plan({"vnet": "10.20.0.0/16", "nodes": 3, "keep": places}).demand
    assert demand is not None and len(demand.kept) == 2
    assert read_plan_text(to_yaml(demand)).demand == demand
    link = to_link(sheet_of(demand))
    assert link is not None
    sheet, wrong = from_link(link, Sheet({}, ({},), ({},)))
    assert wrong == ""
    again = read_plan(sheet.document()).demand
    assert again is not None and again.kept == demand.kept
