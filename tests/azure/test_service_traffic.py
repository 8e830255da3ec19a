"""Whose address pods see, what a Service means on a node, and what changes of it do."""

from dataclasses import replace
from typing import Any

import pytest

from lib.azure.client_address import DEPENDS, seen_address, seen_in_words
from lib.azure.data_plane import DataPlane, detect_data_plane
from lib.azure.node_rules import node_rules_of, update_effects_of
from lib.azure.profile import cluster_profile
from lib.azure.source_ranges import sender_outside_ranges
from lib.facts.service_traffic import client_addresses, node_rules, update_effects
from lib.facts.sources import source
from lib.model.services import ServiceType, SessionAffinity, TrafficPolicy
from lib.model.snapshot import Snapshot
from tests.azure.make import balanced, http, local, said
from tests.routing.make import ref, service, workload

KUBE_PROXY = DataPlane("kube-proxy", "the DaemonSet kube-system/kube-proxy runs")
CILIUM = DataPlane("cilium", "the DaemonSet kube-system/cilium is its agent")
UNSEEN = DataPlane("", "the input shows neither")


@pytest.mark.parametrize(
    ("policy", "plane", "verdict"),
    [
        (TrafficPolicy.LOCAL, KUBE_PROXY, "client"),
        (TrafficPolicy.LOCAL, CILIUM, "client"),
        (TrafficPolicy.LOCAL, UNSEEN, "client"),
        (TrafficPolicy.CLUSTER, KUBE_PROXY, "node"),
        (TrafficPolicy.CLUSTER, CILIUM, DEPENDS),
        (TrafficPolicy.CLUSTER, UNSEEN, DEPENDS),
    ],
)
def test_with_cilium_the_cluster_policy_shows_the_client_only_on_the_receiving_node(policy, plane, verdict):
    """FACTS, section 2: kube-proxy shows the node; Cilium the client here, a remote node elsewhere (cilium 33574)."""
    found = seen_address(balanced(external_traffic_policy=policy), plane)
    assert found.verdict == verdict
    assert policy.value in found.reason and plane.evidence in found.reason
    assert seen_in_words(found)


def test_the_sources_words_on_traffic_policies_agree():
    assert "source SNATed to node IP" in said()["traffic_policies"]["externalTrafficPolicy_Cluster"]
    assert "client source IP kept" in said()["traffic_policies"]["externalTrafficPolicy_Local"]


def test_every_way_is_shown_where_they_differ():
    ways = seen_address(balanced(), CILIUM).lines
    assert len(ways) == 2
    assert "the node that received the packet sees the client's address" in ways[0]
    assert "another node sees" in ways[1] and "remote node" in ways[1]
    unseen = seen_address(balanced(), UNSEEN).lines
    assert len(unseen) == 3 and all(line.startswith("with ") for line in unseen)


def texts(found: Any, plane: DataPlane = KUBE_PROXY) -> dict[str, str]:
    return {rule.id: text for rule, text in node_rules_of(found, plane)}


@pytest.mark.parametrize(
    ("found", "plane", "expected"),
    [
        (service("a", None), KUBE_PROXY, {"cluster-ip", "choice", "internal-cluster"}),
        (
            service("a", None, session_affinity=SessionAffinity.CLIENT_IP),
            KUBE_PROXY,
            {"cluster-ip", "affinity", "internal-cluster"},
        ),
        (
            service("a", None, internal_traffic_policy=TrafficPolicy.LOCAL),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-local"},
        ),
        (service("a", None, headless=True), KUBE_PROXY, {"headless"}),
        (service("a", None, type="ExternalName"), KUBE_PROXY, set()),
        (service("a", None), CILIUM, {"cluster-ip", "choice-cilium", "internal-cluster", "cilium"}),
        (
            service("a", None, session_affinity=SessionAffinity.CLIENT_IP),
            CILIUM,
            {"cluster-ip", "affinity", "affinity-cilium", "internal-cluster", "cilium"},
        ),
        (
            service("a", None, traffic_distribution="PreferClose"),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-cluster", "same-zone"},
        ),
        (
            service("a", None, traffic_distribution="PreferSameNode"),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-cluster", "same-node"},
        ),
        (
            service("a", None, annotations={"service.kubernetes.io/topology-aware-hints": "auto"}),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-cluster", "zone-hints"},
        ),
        (
            service("a", None, annotations={"service.kubernetes.io/topology-mode": "Auto"}),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-cluster", "zone-hints"},
        ),
        (balanced(), KUBE_PROXY, {"cluster-ip", "choice", "internal-cluster", "node-port", "external-cluster"}),
        (
            local(),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-cluster", "node-port", "external-local", "health-check"},
        ),
        (
            balanced(ranges=("10.0.0.0/8",)),
            KUBE_PROXY,
            {"cluster-ip", "choice", "internal-cluster", "node-port", "external-cluster", "source-ranges"},
        ),
        (
            balanced(ranges=("10.0.0.0/8",)),
            CILIUM,
            {
                "cluster-ip",
                "choice-cilium",
                "internal-cluster",
                "node-port",
                "external-cluster",
                "source-ranges-cilium",
                "cilium",
            },
        ),
    ],
)
def test_what_a_service_means_on_a_node(found, plane, expected):
    assert set(texts(found, plane)) == expected


def test_numbers_of_the_service_stand_in_the_sentences():
    found = texts(
        balanced(http(), http(443, 30443), session_affinity=SessionAffinity.CLIENT_IP, session_affinity_timeout_s=77)
    )
    assert "77 s" in found["affinity"] and "30080, 30443" in found["node-port"]
    assert not any("{" in text for text in found.values())


def test_every_rule_of_the_data_can_be_said_of_some_service():
    services = [
        service("a", None),
        service("a", None, headless=True),
        service("a", None, session_affinity=SessionAffinity.CLIENT_IP, traffic_distribution="PreferClose"),
        service("a", None, internal_traffic_policy=TrafficPolicy.LOCAL),
        service("a", None, annotations={"service.kubernetes.io/topology-mode": "Auto"}),
        service("a", None, traffic_distribution="PreferSameNode"),
        balanced(ranges=("10.0.0.0/8",)),
        local(),
    ]
    seen = {rule.id for found in services for plane in (KUBE_PROXY, CILIUM) for rule, _ in node_rules_of(found, plane)}
    assert seen == {rule.id for rule in node_rules()}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"delete-own", "to-internal", "pin-public", "ports"}),
        ({"azure-pip-name": "a"}, {"delete-kept", "to-internal", "pin-public", "ports"}),
        ({"azure-pip-prefix-id": "/subscriptions/s"}, {"delete-own", "to-internal", "pin-public", "ports"}),
        ({"azure-load-balancer-internal": "true"}, {"to-public", "pin-internal", "unpin-internal", "ports"}),
    ],
)
def test_what_changes_do_depends_on_whose_the_address_is(values, expected):
    assert {effect.id for effect in update_effects_of(balanced(values=values))} == expected


def test_changes_of_other_services_do_nothing_to_a_load_balancer():
    assert update_effects_of(replace(balanced(), type=ServiceType.CLUSTER_IP)) == ()


@pytest.mark.parametrize("found", [*client_addresses(), *node_rules(), *update_effects()], ids=str)
def test_every_fact_about_traffic_has_a_source(found):
    assert source(found.source).title


def test_where_the_data_plane_is_not_known_the_sentence_says_that_it_hangs_on_that():
    assert "depends on the data plane, which is not known" in seen_in_words(seen_address(balanced(), UNSEEN))
    assert "depends on the node" in seen_in_words(seen_address(balanced(), CILIUM))
    assert "the client's address" in seen_in_words(seen_address(local(), UNSEEN))


def test_where_the_data_plane_is_not_known_both_answers_on_source_ranges_are_told():
    found = texts(balanced(ranges=("10.0.0.0/8",)), UNSEEN)
    assert "kube-proxy" in found["source-ranges"] and "the sources differ" in found["source-ranges-cilium"]


@pytest.mark.parametrize(
    ("plane", "in_cluster", "drops"),
    [
        (KUBE_PROXY, False, True),
        (KUBE_PROXY, True, True),
        (CILIUM, False, True),
        (CILIUM, True, None),
        (UNSEEN, False, True),
        (UNSEEN, True, None),
    ],
)
def test_nodes_drop_senders_outside_the_list_and_of_pods_under_cilium_the_sources_differ(plane, in_cluster, drops):
    """AKS's configure-load-balancer-standard.md; Cilium's kubeproxy-free.rst, "LoadBalancer Source Ranges Checks"."""
    found = sender_outside_ranges(plane, in_cluster)
    assert found.drops is drops
    assert ("which of them runs" in found.why) is (plane is UNSEEN)


def test_the_data_plane_is_seen_by_its_agents_and_is_not_known_where_both_run():
    """Cilium replaces kube-proxy only where it is told to, so that the agents alone do not tell who does it."""
    proxy = replace(workload("kube-proxy", kind="DaemonSet"), ref=ref("DaemonSet", "kube-proxy", "kube-system"))
    cilium = replace(workload("cilium", kind="DaemonSet"), ref=ref("DaemonSet", "cilium", "kube-system"))
    assert detect_data_plane(Snapshot(workloads=(cilium,))).name == "cilium"
    assert detect_data_plane(Snapshot(workloads=(proxy,))).name == "kube-proxy"
    both = detect_data_plane(Snapshot(workloads=(cilium, proxy)))
    assert both.name == "" and "kube-system/cilium" in both.evidence and "kube-system/kube-proxy" in both.evidence
    assert detect_data_plane(Snapshot()).name == ""


@pytest.mark.parametrize("agents", [(), ("cilium",), ("kube-proxy",), ("cilium", "kube-proxy")], ids=str)
def test_the_profile_and_the_pages_about_services_answer_alike_who_carries_them_out(agents):
    sets = (replace(workload(a, kind="DaemonSet"), ref=ref("DaemonSet", a, "kube-system")) for a in agents)
    snapshot = Snapshot(workloads=tuple(sets))
    assert cluster_profile(snapshot).services_plane == detect_data_plane(snapshot)
