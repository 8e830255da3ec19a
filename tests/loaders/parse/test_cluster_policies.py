"""AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy: defaults, and what their schemas refuse.

Expectations are from the validation rules on the types of kubernetes-sigs/network-policy-api.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from lib.model.cluster_policies import (
    ClusterAction,
    ClusterPolicy,
    DomainsPeer,
    NamedPortOfPods,
    NetworksPeer,
    NodePeer,
    PolicyTier,
    UnknownPeer,
)
from lib.model.policies import AllPorts, Direction, NumberedPorts, PodPeer
from lib.model.sets import PortSet, Protocol
from tests.loaders.parse.build import faults, load, merged

ANP = """
    apiVersion: policy.networking.k8s.io/v1alpha1
    kind: AdminNetworkPolicy
    metadata: {name: admin}
    spec: {priority: 10, subject: {namespaces: {}}}
"""
BANP = """
    apiVersion: policy.networking.k8s.io/v1alpha1
    kind: BaselineAdminNetworkPolicy
    metadata: {name: default}
    spec: {subject: {namespaces: {}}}
"""
CNP = """
    apiVersion: policy.networking.k8s.io/v1alpha2
    kind: ClusterNetworkPolicy
    metadata: {name: cluster}
    spec: {tier: Baseline, priority: 1000, subject: {pods: {namespaceSelector: {}, podSelector: {}}}}
"""
KINDS = {"admin": ANP, "baseline": BANP, "cluster": CNP}


def policy(base: str, spec: str) -> ClusterPolicy:
    """The policy that is read, without any Problem."""
    loaded = load(merged(base, f"spec: {{{spec}}}"))
    assert faults(loaded) == []
    assert loaded.snapshot.rejected_policies == ()
    (found,) = loaded.snapshot.cluster_policies
    return found


@pytest.mark.parametrize(
    ("base", "tier", "priority"),
    [(ANP, PolicyTier.ADMIN, 10), (BANP, PolicyTier.BASELINE, 1001), (CNP, PolicyTier.BASELINE, 1000)],
)
def test_each_kind_has_its_tier_and_without_rules_it_says_nothing(base: str, tier: PolicyTier, priority: int) -> None:
    found = policy(base, "ingress: []")
    assert (found.tier, found.priority, found.rules) == (tier, priority, ())


def test_a_rule_keeps_its_place_action_peers_and_ports() -> None:
    found = policy(
        ANP,
        """egress: [
            {name: first, action: Pass, to: [{nodes: {matchLabels: {zone: a}}}, {networks: [10.0.0.0/8, 'fd00::/8']}]},
            {action: Deny, to: [{namespaces: {}}], ports: [
                {portNumber: {port: 53, protocol: UDP}}, {portRange: {start: 80, end: 90}}, {namedPort: web}]},
            {action: Allow, to: [{domainNames: ['*.example.com', example.org.]}]}
        ]""",
    )
    first, second, third = found.rules_for(Direction.EGRESS)
    assert (first.label, first.name, first.action, first.ports) == (
        "spec.egress[0]",
        "first",
        ClusterAction.PASS,
        (AllPorts(),),
    )
    nodes, networks = first.peers
    assert isinstance(nodes, NodePeer)
    assert isinstance(networks, NetworksPeer)
    assert networks.networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert isinstance(second.peers[0], PodPeer)
    number, span, name = second.ports
    assert isinstance(number, NumberedPorts)
    assert isinstance(span, NumberedPorts)
    assert isinstance(name, NamedPortOfPods)
    assert (number.protocol, number.ports) == (Protocol.UDP, PortSet.of(53))
    assert (span.protocol, span.ports) == (Protocol.TCP, PortSet.of(80, 90))
    assert isinstance(third.peers[0], DomainsPeer)
    assert third.source.path == ("spec", "egress", 2)


def test_the_protocols_of_a_cluster_network_policy() -> None:
    found = policy(
        CNP,
        """ingress: [{action: Accept, from: [{namespaces: {}}], protocols: [
            {tcp: {destinationPort: {number: 80}}}, {sctp: {destinationPort: {range: {start: 1, end: 9}}}},
            {destinationNamedPort: web}]}]""",
    )
    tcp, sctp, name = found.rules[0].ports
    assert isinstance(tcp, NumberedPorts)
    assert isinstance(sctp, NumberedPorts)
    assert isinstance(name, NamedPortOfPods)
    assert (tcp.protocol, tcp.ports, sctp.protocol, sctp.ports) == (
        Protocol.TCP,
        PortSet.of(80),
        Protocol.SCTP,
        PortSet.of(1, 9),
    )


RULE = "ingress: [{action: Deny, from: [{namespaces: {}}]}]"


@pytest.mark.parametrize(
    ("kind", "spec", "code", "path"),
    [
        ("admin", "priority: 1001", "out-of-range", "spec.priority"),
        ("admin", "priority: null", "missing-priority", "spec"),
        ("admin", "subject: null", "missing-subject", "spec"),
        ("admin", "subject: {namespaces: null}", "not-exactly-one", "spec.subject"),
        ("admin", "subject: {pods: {namespaceSelector: {}, podSelector: {}}}", "not-exactly-one", "spec.subject"),
        ("admin", "tier: Admin", "unknown-field", "spec.tier"),
        ("admin", RULE.replace("Deny", "Accept"), "unsupported-value", "spec.ingress[0].action"),
        ("cluster", RULE.replace("Deny", "Allow"), "unsupported-value", "spec.ingress[0].action"),
        ("baseline", RULE.replace("Deny", "Pass"), "unsupported-value", "spec.ingress[0].action"),
        ("baseline", "priority: 5", "unknown-field", "spec.priority"),
        ("cluster", "tier: Middle", "unsupported-value", "spec.tier"),
        ("cluster", "tier: null", "missing-tier", "spec"),
        ("admin", "ingress: [{action: Deny}]", "missing-peers", "spec.ingress[0]"),
        ("admin", "ingress: [{from: [{namespaces: {}}]}]", "unsupported-value", "spec.ingress[0]"),
        ("admin", RULE.replace("{namespaces: {}}", "{}"), "not-exactly-one", "spec.ingress[0].from[0]"),
        ("admin", RULE.replace("namespaces: {}", "networks: [10.0.0.0/8]"), "unknown-field", None),
        (
            "admin",
            "egress: [{action: Deny, to: [{domainNames: [a.example]}]}]",
            "domain-names-not-allowed",
            "spec.egress[0].to",
        ),
        (
            "admin",
            "egress: [{action: Allow, to: [{domainNames: ['a*.example']}]}]",
            "invalid-domain-name",
            "spec.egress[0].to[0].domainNames[0]",
        ),
        ("admin", "egress: [{action: Allow, to: [{networks: []}]}]", "too-few-items", None),
        ("admin", "egress: [{action: Allow, to: [{networks: [10.0.0.0/33]}]}]", "invalid-cidr", None),
        ("cluster", "egress: [{action: Deny, to: [{networks: [010.0.0.0/8]}]}]", "invalid-cidr", None),
        ("cluster", "egress: [{action: Deny, to: [{networks: [10.0.0.0/08]}]}]", "invalid-cidr", None),
        ("cluster", "egress: [{action: Deny, to: [{networks: ['::ffff:10.0.0.0/104']}]}]", "invalid-cidr", None),
        (
            "admin",
            "egress: [{action: Deny, to: [{networks: [10.0.0.0/8, 10.0.0.0/8]}]}]",
            "duplicate-items",
            "spec.egress[0].to[0].networks",
        ),
        (
            "admin",
            "egress: [{action: Deny, to: [{nodes: {}}], ports: [{namedPort: web}]}]",
            "named-port-without-pods",
            "spec.egress[0].ports",
        ),
        (
            "admin",
            "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portRange: {start: 9, end: 9}}]}]",
            "port-range-not-rising",
            "spec.ingress[0].ports[0].portRange.end",
        ),
        (
            "admin",
            "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 1}, namedPort: a}]}]",
            "not-exactly-one",
            "spec.ingress[0].ports[0]",
        ),
        (
            "cluster",
            "ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {}}]}]",
            "missing-port",
            "spec.ingress[0].protocols[0].tcp",
        ),
        ("cluster", "ingress: [{action: Deny, from: [{namespaces: {}}], protocols: []}]", "too-few-items", None),
    ],
)
def test_what_the_schema_refuses_is_named_and_the_policy_counts_as_rejected(
    kind: str, spec: str, code: str, path: str | None
) -> None:
    loaded = load(merged(KINDS[kind], f"spec: {{{spec}}}"))
    found = [(c, p) for severity, c, p in faults(loaded) if severity == "error"]
    assert code in [c for c, _ in found]
    assert path is None or (code, path) in found
    assert loaded.snapshot.cluster_policies == ()
    (rejected,) = loaded.snapshot.rejected_policies
    assert rejected.namespace == ""


@pytest.mark.parametrize(
    ("kind", "pods", "missing"),
    [
        ("admin", "podSelector: {}", ["namespaceSelector"]),
        ("admin", "namespaceSelector: {}", ["podSelector"]),
        ("baseline", "", ["namespaceSelector", "podSelector"]),
        ("cluster", "podSelector: {}", []),
        ("cluster", "namespaceSelector: {}", ["podSelector"]),
    ],
)
def test_pods_without_a_selector_that_the_schema_requires_are_all_and_told(
    kind: str, pods: str, missing: list[str]
) -> None:
    """v1alpha1 requires both, v1alpha2 calls namespaceSelector optional; clients written in Go always send them."""
    rule = f"ingress: [{{action: Deny, from: [{{pods: {{{pods}}}}}]}}]"
    loaded = load(merged(KINDS[kind], f"spec: {{{rule}}}"))
    assert [f for f in faults(loaded) if f[1] == "missing-selector"] == [
        ("warning", "missing-selector", "spec.ingress[0].from[0].pods")
    ] * bool(missing)
    assert all(" and ".join(missing) in problem.message for problem in loaded.problems)
    (found,) = loaded.snapshot.cluster_policies
    (peer,) = found.rules[0].peers
    assert isinstance(peer, PodPeer)
    assert peer.pods.is_everything


def test_host_bits_are_masked_and_told() -> None:
    loaded = load(merged(CNP, "spec: {egress: [{action: Deny, to: [{networks: [10.1.2.3/8]}]}]}"))
    assert [f[:2] for f in faults(loaded)] == [("warning", "cidr-not-canonical")]
    (found,) = loaded.snapshot.cluster_policies
    assert found.rules[0].peers[0] == NetworksPeer((ip_network("10.0.0.0/8"),), found.rules[0].peers[0].source)


def test_there_are_at_most_a_hundred_rules_in_the_old_api_and_twenty_five_in_the_new() -> None:
    for base, most in ((ANP, 100), (CNP, 25)):
        rules = ", ".join(["{action: Deny, from: [{namespaces: {}}]}"] * (most + 1))
        loaded = load(merged(base, f"spec: {{ingress: [{rules}]}}"))
        assert ("error", "too-many-items", "spec.ingress") in faults(loaded)
        fewer = rules.removesuffix(", {action: Deny, from: [{namespaces: {}}]}")
        assert len(policy(base, f"ingress: [{fewer}]").rules) == most


def test_the_baseline_of_the_old_api_has_one_name() -> None:
    assert [f[1] for f in faults(load(merged(BANP, "metadata: {name: other}")))] == ["baseline-not-default"]


def test_a_version_that_the_kind_does_not_have_is_refused() -> None:
    for base, version in ((ANP, "v1alpha2"), (CNP, "v1alpha1")):
        loaded = load(merged(base, f"apiVersion: policy.networking.k8s.io/{version}"))
        assert "unsupported-api-version" in [code for _, code, _ in faults(loaded)]


def test_two_policies_of_one_name_that_say_different_things_are_an_error() -> None:
    other = merged(ANP, "spec: {priority: 11}")
    assert [f[:2] for f in faults(load(f"{merged(ANP, '{}')}\n---\n{other}"))] == [("error", "conflicting-objects")]


def test_a_peer_of_a_later_api_in_a_live_object_is_kept_to_fail_closed() -> None:
    rule = "egress: [{action: Deny, to: [{clouds: {}}]}]"
    loaded = load(merged(ANP, f"{{metadata: {{uid: u, resourceVersion: '7'}}, spec: {{{rule}}}}}"))
    assert [f[:2] for f in faults(loaded)] == [("warning", "unknown-peer")]
    (found,) = loaded.snapshot.cluster_policies
    assert isinstance(found.rules[0].peers[0], UnknownPeer)
