"""The tab Lint of the page Policy flows: what it lists, the filter, and what it says where there is nothing."""

from __future__ import annotations

import json

import pytest

from lib.cli import main
from tests.pages.app import ROOT, open_page, table, words

POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop, labels: {app: NAME}}
spec: {containers: [{name: main, image: example.org/a}]}
---
"""
PODS = POD.replace("NAME", "web") + POD.replace("NAME", "db")
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
---
"""
DNS = """
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
    ports: [{port: 53, protocol: UDP}]
"""


def test_the_tab_lists_what_the_command_line_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(ROOT / "sample_data" / "shop"), "--format", "json"]) == 0
    told = {(f["code"], f["rule"], f["sentence"]) for f in json.loads(capsys.readouterr().out)["findings"]}
    rows = table(open_page("policy_flows"), "finding", "covered_by")
    assert set(rows["what"]) == {sentence for _, _, sentence in told}
    assert len(rows) == len(told)


def test_the_namespace_filter_narrows_the_findings_and_says_so() -> None:
    app = open_page("policy_flows", ns="shop-data")
    assert set(table(app, "finding", "covered_by")["namespace"]) == {"shop-data"}
    assert "findings" in words(app)


def test_where_every_rule_counts_the_tab_says_so() -> None:
    files = {"cluster.yaml": (PODS + POLICY.replace("NAME", "from-web")).encode()}
    assert "Every policy and every rule in the input counts" in words(open_page("policy_flows", files=files))


def test_without_policies_the_tab_says_that_there_are_none() -> None:
    assert "no policy that could do nothing" in words(open_page("policy_flows", files={"pods.yaml": PODS.encode()}))


def test_a_policy_and_its_copy_are_both_listed_and_only_one_may_go() -> None:
    files = {"cluster.yaml": (PODS + POLICY.replace("NAME", "one") + POLICY.replace("NAME", "two")).encode()}
    rows = table(open_page("policy_flows", files=files), "finding", "covered_by")
    assert list(rows["policy"]) == ["one", "two"]
    assert all("not both" in what for what in rows["what"])
    assert list(rows["source"]) == ["cluster.yaml:14", "cluster.yaml:22"]


def test_a_chosen_finding_is_shown_in_full_with_its_yaml() -> None:
    app = open_page("policy_flows")
    # Before it stands the policy that selects no pod, which weighs more.
    app.session_state["table-lint"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "Without it no TCP, UDP or SCTP flow changes" in words(app)
    assert any("konnectivity-agent" in c.value for c in app.code)


def test_hostile_names_are_shown_as_text() -> None:
    name = "<script>alert(1)</script>"
    broken = PODS + POLICY.replace("app: db", f'app: "{name}"').replace("NAME", "one")
    app = open_page("policy_flows", files={"cluster.yaml": broken.encode()})
    assert not app.exception


def test_the_namespace_stands_next_to_the_policy() -> None:
    columns = list(table(open_page("policy_flows"), "finding", "covered_by").columns)
    assert columns.index("policy") == columns.index("namespace") + 1


def test_rules_about_what_was_not_supplied_are_named_as_not_checked() -> None:
    dns = POLICY.replace("NAME", "dns").replace("  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", DNS)
    files = {"cluster.yaml": (PODS + dns).encode()}
    said = words(open_page("policy_flows", files=files))
    assert "Not checked: 1 policy or rule is about pods or nodes of which none is in the input" in said
    assert "shop/dns[NetworkPolicy] spec.egress[0]" in said
    assert "Every policy and every rule in the input counts" not in said
