"""What pages say where a list is empty, a filter hides something, or a link names what is not there."""

from __future__ import annotations

import pytest

from tests.pages.app import open_page, words

BROKEN = b"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: shop}
spec: {podSelecter: {}}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: shop}
spec: {ports: [{port: "80"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: c, namespace: shop}
spec: {containers: [{name: c, image: d}]}
"""


def test_an_input_with_errors_is_never_called_faultless() -> None:
    said = words(open_page("overview", files={"broken.yaml": BROKEN}))
    assert "Nothing wrong was found in what the filter shows" not in said
    assert "the input has errors" in said


@pytest.mark.parametrize("page", ["services", "ingress_routes"])
def test_an_empty_list_says_that_objects_could_not_be_read(page: str) -> None:
    assert "could be judged: the input has errors" in words(open_page(page, files={"broken.yaml": BROKEN}))


def test_a_comparison_of_engines_tells_of_rejected_policies() -> None:
    said = words(open_page("engine_migration", files={"broken.yaml": BROKEN}, old_engine="none", new_engine="cilium"))
    assert "Without 1 that could not be read" in said


def test_a_comparison_says_that_its_counts_are_of_the_whole_cluster_and_what_the_filter_hides() -> None:
    said = words(open_page("engine_migration", ns="monitoring", old_engine="azure-npm", new_engine="cilium"))
    assert "These counts are of the whole cluster" in said
    assert "The filter hides all" in said
    assert "is the same under both" not in said


def test_a_comparison_of_engines_says_what_their_documentation_says() -> None:
    said = words(open_page("engine_migration", old_engine="azure-npm", new_engine="cilium"))
    assert "Azure Network Policy Manager lets a pod reach its own node whatever policies say, not under Cilium" in said
    assert "egress to the node IP is blocked unless you permit it explicitly" in said
    assert "migrate-from-npm-to-cilium-network-policy.md" in said


@pytest.mark.parametrize("page", ["overview", "policy_flows"])
def test_the_matrix_says_whom_it_leaves_out(page: str) -> None:
    # The shop's agents on the node's network: azure-ip-masq-agent, cilium and node-exporter.
    assert "3 workloads use their node's network and are left out here" in words(open_page(page))


def test_a_link_to_a_namespace_that_is_not_there_is_told() -> None:
    said = words(open_page("policy_flows", ns="nosuch"))
    assert "The link names namespaces that are not in the input: nosuch" in said
    assert "The link names" not in words(open_page("policy_flows", ns="shop-web"))
