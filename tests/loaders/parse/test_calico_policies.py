"""Calico's policies and network sets: what its validator takes, and what it refuses.

Expectations are from validator.go of Calico's libcalico-go and its tests, and from "Network policy" of docs.tigera.io.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
import yaml

from lib.model.calico_policies import CalicoPorts
from lib.model.sets import PortSet
from tests.loaders.parse.build import faults, load


def policy(spec: Any, name: str = "p") -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "projectcalico.org/v3",
            "kind": "GlobalNetworkPolicy",
            "metadata": {"name": name},
            "spec": spec,
        }
    )


def ingress(rule: str) -> str:
    return policy({"ingress": [yaml.safe_load(rule)]})


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("{}", "missing-action"),
        ("{action: allow}", "unsupported-value"),
        ("{action: Accept}", "unsupported-value"),
        ("{action: Allow, protocol: HTTP}", "unsupported-value"),
        ("{action: Allow, protocol: 0}", "unsupported-value"),
        ("{action: Allow, protocol: 256}", "unsupported-value"),
        ("{action: Allow, ipVersion: 0}", "unsupported-value"),
        ("{action: Allow, source: {nets: [10.0.0.0/33]}}", "invalid-cidr"),
        ("{action: Allow, source: {nets: [10.0.0]}}", "invalid-cidr"),
        ("{action: Allow, source: {nets: [010.0.0.0/8]}}", "invalid-cidr"),
        ("{action: Allow, source: {nets: [10.0.0.01]}}", "invalid-cidr"),
        ("{action: Allow, source: {notNets: [garbage]}}", "invalid-cidr"),
        ("{action: Allow, source: {nets: [10.0.0.0/8, 'fd00::/8']}}", "nets-of-both-families"),
        ("{action: Allow, ipVersion: 6, source: {nets: [10.0.0.0/8]}}", "nets-of-other-family"),
        ("{action: Allow, destination: {ports: [80]}}", "ports-without-protocol"),
        ("{action: Allow, protocol: ICMP, destination: {ports: [80]}}", "ports-without-protocol"),
        ("{action: Allow, protocol: TCP, destination: {ports: [0]}}", "invalid-port"),
        ("{action: Allow, protocol: TCP, destination: {notPorts: ['0:456']}}", "invalid-port"),
        ("{action: Allow, protocol: TCP, destination: {ports: [65536]}}", "invalid-port"),
        ("{action: Allow, protocol: TCP, destination: {ports: ['90:80']}}", "invalid-port"),
        ("{action: Allow, protocol: TCP, destination: {ports: ['a b']}}", "invalid-port"),
        ("{action: Allow, icmp: {type: 8}}", "icmp-without-protocol"),
        ("{action: Allow, protocol: ICMP, icmp: {type: 255}}", "out-of-range"),
        ("{action: Allow, protocol: ICMP, icmp: {code: 1}}", "icmp-code-without-type"),
        ('{action: Allow, source: {selector: "thing=hello &"}}', "invalid-selector"),
        ('{action: Allow, source: {namespaceSelector: "has()"}}', "invalid-selector"),
        ("{action: Allow, source: {selector: app == a}}", "invalid-selector"),
        ("{action: Allow, from: []}", "unknown-field"),
    ],
)
def test_what_the_validator_refuses_is_named_and_the_policy_counts_as_rejected(rule: str, code: str) -> None:
    loaded = load(ingress(rule))
    assert code in [found for severity, found, _ in faults(loaded) if severity == "error"]
    assert loaded.snapshot.calico_policies == ()
    assert [str(rejected.ref) for rejected in loaded.snapshot.rejected_policies] == ["p[GlobalNetworkPolicy]"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.1", "10.0.0.1/32"),
        ("11.0.0.0/8", "11.0.0.0/8"),
        ("dead:beef::", "dead:beef::/128"),
        ("dead:beef::/96", "dead:beef::/96"),
    ],
)
def test_an_address_is_a_block_of_its_own_in_network_sets_and_rules(written: str, meant: str) -> None:
    """ "should accept GlobalNetworkSetSpec with CIDRs and IPs" """
    nets = {"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkSet", "metadata": {"name": "s"}}
    loaded = load(yaml.safe_dump({**nets, "spec": {"nets": [written]}}))
    assert faults(loaded) == []
    assert [found.nets for found in loaded.snapshot.network_sets] == [(ip_network(meant),)]
    rule = load(ingress(f"{{action: Allow, source: {{nets: ['{written}']}}}}"))
    assert faults(rule) == []
    (found,) = rule.snapshot.calico_policies
    assert found.rules[0].from_.nets == (ip_network(meant),)


def test_ports_are_numbers_ranges_of_them_or_names() -> None:
    loaded = load(ingress("{action: Allow, protocol: TCP, destination: {ports: [1, '80:90', 65535, web]}}"))
    assert faults(loaded) == []
    (found,) = loaded.snapshot.calico_policies
    numbers = PortSet.of(1) | PortSet.of(80, 90) | PortSet.of(65535)
    assert found.rules[0].to.ports == CalicoPorts(numbers, frozenset({"web"}))
