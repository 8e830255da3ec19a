"""Required destinations: complete as documented, filled in for one cluster, and written as rules of a firewall."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from lib.azure.destinations import (
    Choice,
    api_server_shown,
    destinations,
    examples_of,
    features_shown,
    means,
    region_of,
    region_shown,
)
from lib.azure.firewall import firewall_rules, to_arm, to_az
from lib.facts.egress_needs import (
    Client,
    NeedKind,
    cilium_needs,
    client_pod,
    client_pods,
    conditions,
    egress_needs,
    features,
    firewall_numbers,
)
from lib.facts.files import FactsError
from lib.facts.sources import source
from tests.azure.load import sample, snapshot_of

EVERYTHING = Choice(
    features=frozenset(f.id for f in features()),
    conditions=frozenset(conditions()),
    region="westeurope",
    dns_servers=("10.0.0.4",),
    api_server=("20.1.2.3",),
)


def test_every_row_has_a_port_a_source_and_known_words() -> None:
    known, conditional = {f.id for f in features()}, set(conditions())
    for need in egress_needs():
        assert need.feature in known and need.use
        assert need.condition == "" or need.condition in conditional
        assert source(need.source).title
        assert (need.port > 0) == (need.kind is not NeedKind.REFERENCE)
        assert all(client_pod(p).label for p in need.pods)
        assert not (need.pods and need.client in (Client.NODE, Client.NOT_STATED))
    assert {need.feature for need in egress_needs()} == known


def test_every_client_condition_and_number_says_where_it_is_stated() -> None:
    for pods in client_pods():
        assert pods.sources and all(source(key).title for key in pods.sources)
        assert pods.name or pods.labels
        assert any(pods.id in need.pods for need in egress_needs())
    assert {need.condition for need in egress_needs()} - {""} == set(conditions())
    assert all(source(key).title for key in (*firewall_numbers().sources, *cilium_needs()[1]))
    with pytest.raises(FactsError):
        client_pod("nobody")


def test_with_everything_chosen_no_row_is_left_out_but_the_references() -> None:
    documented = [need for need in egress_needs() if need.kind is not NeedKind.REFERENCE]
    assert [d.need for d in destinations(EVERYTHING)] == documented
    assert all(d.hosts and not d.missing for d in destinations(EVERYTHING))
    assert not any("<" in host for d in destinations(EVERYTHING) for host in d.hosts)


def test_without_a_choice_only_what_every_cluster_needs_is_listed() -> None:
    assert {d.need.feature for d in destinations(Choice())} == {"core"}
    assert not any(d.need.condition for d in destinations(Choice()))


def test_a_private_cluster_needs_no_way_to_its_api_server() -> None:
    public = {d.need.destination for d in destinations(Choice(private=False))}
    private = {d.need.destination for d in destinations(Choice(private=True))}
    assert public - private == {"*.hcp.<location>.azmk8s.io"}
    assert destinations(Choice()) == destinations(Choice(private=False))


def test_a_feature_brings_the_destinations_of_those_that_it_uses() -> None:
    assert {d.need.feature for d in destinations(Choice(features=frozenset({"app-routing"})))} == {
        "core",
        "key-vault-csi",
    }


def test_what_is_missing_is_said_and_nothing_is_invented_for_it() -> None:
    chosen = Choice(conditions=frozenset({"custom-dns", "pods-call-api-server-by-ip"}))
    missing = {d.need.destination: d.missing for d in destinations(chosen) if d.missing}
    assert missing == {
        "*.hcp.<location>.azmk8s.io": "the region",
        "CustomDNSIP": "the addresses of the DNS servers",
        "APIServerPublicIP": "the address of the API server",
    }
    rules = firewall_rules(destinations(chosen))
    assert {left.destination for left in rules.left_out} == set(missing)
    assert "<" not in to_arm(rules) and "<" not in to_az(rules)


@pytest.mark.parametrize(
    ("text", "region"), [("West Europe", "westeurope"), (" swedencentral ", "swedencentral"), ("<b>", ""), ("", "")]
)
def test_a_region_is_taken_only_if_it_can_be_one(text: str, region: str) -> None:
    assert region_of(text) == region


def test_the_shop_shows_its_region_and_its_api_server() -> None:
    assert region_shown(sample("shop")) == "westeurope"
    assert api_server_shown(sample("shop")) == ("203.0.113.5",)
    assert features_shown(sample("shop")) == ()


def test_features_are_shown_by_workloads_labels_of_pods_and_labels_of_nodes() -> None:
    text = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ama-logs, namespace: kube-system}
spec:
  selector: {matchLabels: {component: ama-logs-agent}}
  template:
    metadata: {labels: {component: ama-logs-agent, tier: node}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: shop, labels: {azure.workload.identity/use: "true"}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Node
metadata: {name: win0, labels: {kubernetes.io/os: windows}}
"""
    shown = {found.feature: found.evidence for found in features_shown(snapshot_of(text))}
    assert set(shown) == {"azure-monitor", "workload-identity", "windows-nodes"}
    assert "ama-logs" in shown["azure-monitor"] and "shop/app" in shown["workload-identity"]


@pytest.mark.parametrize(
    ("host", "name", "meant"),
    [
        ("*.a.example", "x.a.example", True),
        ("*.a.example", "x.y.a.example", True),
        ("*.a.example", "a.example", False),
        ("*.a.example", "xa.example", False),
        ("a.example", "a.example", True),
        ("a.example", "x.a.example", False),
    ],
)
def test_a_star_stands_for_any_part_of_a_name(host: str, name: str, meant: bool) -> None:
    assert means(host, name) is meant
    assert all(means(host, example) for example in examples_of(host))


def test_the_template_holds_every_name_and_network_with_its_port_once_for_each_feature() -> None:
    found = destinations(EVERYTHING)
    (group,) = json.loads(to_arm(firewall_rules(found), ("10.224.0.0/16",)))["resources"]
    network, application = group["properties"]["ruleCollections"]
    written = {
        (fqdn, p["protocolType"].upper(), p["port"])
        for rule in application["rules"]
        for fqdn in rule["targetFqdns"]
        for p in rule["protocols"]
    }
    assert written == {
        (host, d.need.protocol, d.need.port) for d in found if d.need.kind is NeedKind.FQDN for host in d.hosts
    }
    assert {(rule["ipProtocols"][0], rule["destinationPorts"][0]) for rule in network["rules"]} == {
        ("UDP", "1194"),
        ("TCP", "9000"),
        ("UDP", "123"),
        ("UDP", "53"),
        ("TCP", "443"),
    }
    by_port = {rule["destinationPorts"][0]: rule for rule in network["rules"]}
    assert by_port["1194"]["destinationAddresses"] == ["AzureCloud.westeurope"]
    assert by_port["123"]["destinationFqdns"] == ["ntp.ubuntu.com"]
    assert by_port["53"]["destinationAddresses"] == ["10.0.0.4"]
    for collection in (network, application):
        names = [rule["name"] for rule in collection["rules"]]
        assert len(set(names)) == len(names)
        assert all(rule["sourceAddresses"] == ["10.224.0.0/16"] for rule in collection["rules"])
        assert collection["action"] == {"type": "Allow"}
    assert len({network["priority"], application["priority"]}) == 2


def test_commands_are_words_for_a_shell_and_set_the_priority_once_a_collection() -> None:
    hostile = Choice(
        conditions=frozenset({"custom-dns"}), region="westeurope", dns_servers=("$(touch /tmp/x)", "a'b;c")
    )
    text = to_az(firewall_rules(destinations(hostile)))
    commands = [shlex.split(line) for line in text.splitlines()]
    assert all(command[:3] == ["az", "network", "firewall"] for command in commands)
    assert any("$(touch /tmp/x)" in command for command in commands)
    assert "'$(touch /tmp/x)'" in text
    for kind in ("network-rule", "application-rule"):
        assert sum("--priority" in command for command in commands if command[3] == kind) == 1
    assert to_az(firewall_rules(())) == ""


def test_the_data_file_has_no_row_twice() -> None:
    path = Path(__file__).resolve().parents[2] / "lib" / "facts" / "egress_fqdns.csv"
    lines = path.read_text("utf-8").splitlines()
    assert len(set(lines)) == len(lines) == len(egress_needs()) + 1
