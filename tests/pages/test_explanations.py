"""Explanations over several tiers and the ends beyond the input, as the page Policy flows shows them."""

from __future__ import annotations

import json

import pytest

from lib.cli import main
from tests.conftest import ROOT
from tests.pages.app import open_page, table, tables, words
from tests.policy.build import policy
from tests.policy.test_near_misses import CLUSTER, TIERS, TO_SERVER

SPEC = f"{TO_SERVER}\ningress: [{{ports: [{{port: http}}]}}, {{from: [{{podSelector: {{matchLabels: {{app: x}}}}}}]}}]"
MIXED = "\n---\n".join([*CLUSTER, TIERS, policy(SPEC)])
ASKED = {"from": "shop/client[Pod]", "to": "shop/server[Pod]", "port": "80"}
IN_ORDER = ["tier security", "Admin tier", "NetworkPolicy", "Baseline tier"]


def test_an_explanation_lists_each_tier_in_order_with_what_took_part_and_what_nearly_did() -> None:
    app = open_page("policy_flows", files={"mixed.yaml": MIXED.encode()}, **ASKED)
    took_part = table(app, "direction", "tier", "effect", "policy", "rule", "source")
    assert list(took_part["tier"]) == IN_ORDER[:3]
    assert took_part["source"].str.match(r".*mixed\.yaml:\d+").all()
    missed = table(app, "direction", "tier", "policy", "rule", "why_not")
    assert list(dict.fromkeys(missed["tier"])) == IN_ORDER
    assert missed["source"].str.match(r".*mixed\.yaml:\d+").all()
    assert missed["why_not"].ne("").all()


def test_a_chosen_flow_shows_the_policies_and_the_lines_that_decide_it() -> None:
    """The same as for its ends under May A talk to B?, on every port."""
    app = open_page("policy_flows", files={"mixed.yaml": MIXED.encode()})
    flows = table(app, "verdict", "from", "to", "ports")
    (row,) = flows.index[(flows["from"] == ASKED["from"]) & (flows["to"] == ASKED["to"])]
    app.session_state["table-flows"] = {"selection": {"rows": [int(row)], "columns": [], "cells": []}}
    chosen = table(app.run(), "direction", "tier", "effect", "policy", "rule", "source")
    ends = {key: ASKED[key] for key in ("from", "to")}
    asked = open_page("policy_flows", files={"mixed.yaml": MIXED.encode()}, **ends)
    assert chosen.equals(table(asked, "direction", "tier", "effect", "policy", "rule", "source"))
    assert chosen["source"].str.match(r".*mixed\.yaml:\d+").all()


def test_the_page_names_the_rules_that_the_command_line_names(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("mixed") / "mixed.yaml"
    file.write_text(MIXED)
    ends = ("--from", "shop/client", "--to", "shop/server", "--port", "80")
    assert main(["explain", str(file), *ends, "--format", "json"]) == 0
    ingress = json.loads(capsys.readouterr().out)["directions"][1]
    missed = table(open_page("policy_flows", files={"mixed.yaml": MIXED.encode()}, **ASKED), "why_not")
    assert [(m["tier"], m["rule"], m["failed"]) for m in ingress["near_misses"]] == list(
        zip(missed["tier"], missed["rule"], missed["why_not"], strict=True)
    )
    assert main(["explain", str(file), *ends]) == 0
    text = capsys.readouterr().out
    places = [text.index(f"  {tier}:\n") for tier in IN_ORDER]
    assert places == sorted(places)
    assert f"{file}:" in text.partition("Baseline tier:")[2]


def test_the_page_lists_the_ends_beyond_the_input_that_the_command_line_lists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (shown,) = (t for t in tables(open_page("policy_flows", beyond="true")) if {"peer", "decided_by"} <= set(t.columns))
    assert main(["exposure", str(ROOT / "sample_data" / "shop"), "--by", "peer", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)["exposure"]
    assert [(r["workload"], r["direction"], r["peer"], r["ports"]) for r in listed] == list(
        zip(shown["workload"], shown["direction"], shown["peer"], shown["ports"], strict=True)
    )
    assert shown["source"].str.contains(r"networkpolicies\.yaml:\d+").any()


def test_a_protocol_without_a_port_means_all_its_ports() -> None:
    asked = {"from": ASKED["from"], "to": ASKED["to"]}
    files = {"mixed.yaml": MIXED.encode()}
    assert "on UDP all" in words(open_page("policy_flows", files=files, **asked, protocol="UDP"))
    assert "on any port" in words(open_page("policy_flows", files=files, **asked))
    assert "on TCP 80" in words(open_page("policy_flows", files=files, **ASKED))


def test_without_workloads_no_end_is_listed() -> None:
    app = open_page("policy_flows", files={"a.yaml": policy(TO_SERVER).encode()})
    assert "any pod of any namespace" not in words(app)
    assert not [t for t in tables(app) if "decided_by" in t.columns]
