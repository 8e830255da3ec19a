"""Cilium's kinds: defaults, labels with their sources, and what Cilium calls not valid.

Expectations are from pkg/policy/api/rule_validation.go of cilium/cilium.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from lib.model.cilium_policies import (
    AnyEnd,
    CidrPeer,
    CiliumPolicy,
    EndpointsPeer,
    EntitiesPeer,
    Entity,
    GroupPeer,
    NamesPeer,
    ServicePeer,
)
from lib.model.domain_names import NamePattern
from lib.model.policies import AllPorts, Direction, NamedPort, NamespacesByLabel, NumberedPorts, OwnNamespace
from lib.model.sets import PortSet, Protocol
from tests.loaders.parse.build import faults, load, merged

CNP = """
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: rule, namespace: shop}
    spec: {endpointSelector: {}}
"""
CCNP = """
    apiVersion: cilium.io/v2
    kind: CiliumClusterwideNetworkPolicy
    metadata: {name: rule}
    spec: {endpointSelector: {}}
"""


def policy(spec: str, base: str = CNP) -> CiliumPolicy:
    """The policy that is read, without any Problem."""
    loaded = load(merged(base, f"spec: {{{spec}}}"))
    assert faults(loaded) == []
    (found,) = loaded.snapshot.cilium_policies
    return found


def test_a_rule_keeps_its_place_and_what_it_does() -> None:
    found = policy("ingress: [{fromEntities: [world]}, {}], ingressDeny: [{fromCIDR: [10.0.0.0/8]}]")
    assert [(r.label, r.denies, r.direction) for r in found.rules] == [
        ("spec.ingress[0]", False, Direction.INGRESS),
        ("spec.ingress[1]", False, Direction.INGRESS),
        ("spec.ingressDeny[0]", True, Direction.INGRESS),
    ]
    world, nobody, block = found.rules
    assert world.peers == (EntitiesPeer(frozenset({Entity.WORLD})),)
    assert isinstance(world.ports[0], AllPorts)
    assert nobody.peers == ()
    assert block.peers == (CidrPeer((ip_network("10.0.0.0/8"),)),)
    assert found.directions == {Direction.INGRESS}


def test_several_specs_are_told_apart() -> None:
    text = merged(
        CNP, "{spec: null, specs: [{endpointSelector: {}, egress: [{}]}, {endpointSelector: {}, ingress: [{}]}]}"
    )
    (found,) = load(text).snapshot.cilium_policies
    assert [spec.label for spec in found.specs] == ["specs[0]", "specs[1]"]
    assert [rule.label for rule in found.rules] == ["specs[0].egress[0]", "specs[1].ingress[0]"]


def test_selectors_name_namespaces_by_labels_of_their_own() -> None:
    peers = """ingress: [{fromEndpoints: [
        {matchLabels: {'k8s:app': a}},
        {matchLabels: {k8s:io.kubernetes.pod.namespace: other, app: b}},
        {matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: In, values: [x]}]},
        {matchLabels: {'reserved:host': ''}}
    ]}]"""
    own, named, labelled, host = policy(peers).rules[0].peers
    assert isinstance(own, EndpointsPeer)
    assert isinstance(named, EndpointsPeer)
    assert isinstance(labelled, EndpointsPeer)
    assert (str(own.selector.pods), own.selector.namespaces) == ("app=a", OwnNamespace("shop"))
    assert isinstance(named.selector.namespaces, NamespacesByLabel)
    assert str(named.selector.namespaces.selector) == "kubernetes.io/metadata.name=other"
    assert isinstance(labelled.selector.namespaces, NamespacesByLabel)
    assert str(labelled.selector.namespaces.selector) == "team=x"
    assert host == EntitiesPeer(frozenset({Entity.HOST}))


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("{port: '80', protocol: TCP}", [(Protocol.TCP, PortSet.of(80))]),
        ("{port: '80', endPort: 90, protocol: udp}", [(Protocol.UDP, PortSet.of(80, 90))]),
        ("{port: '0', protocol: SCTP}", [(Protocol.SCTP, PortSet.all())]),
        ("{port: '0x50', protocol: TCP}", []),
        ("{port: '0120', protocol: TCP}", [(Protocol.TCP, PortSet.of(80))]),
        ("{port: '80'}", [(p, PortSet.of(80)) for p in Protocol]),
        ("{port: '8', protocol: ICMP}", []),
    ],
)
def test_a_port_is_a_text(port: str, expected: object) -> None:
    ports = policy(f"egress: [{{toPorts: [{{ports: [{port}]}}]}}]").rules[0].ports
    assert [(p.protocol, p.ports) for p in ports if isinstance(p, NumberedPorts)] == expected


@pytest.mark.parametrize(
    ("port", "doubtful"),
    [
        ("{port: '0', endPort: 100}", True),
        ("{port: '00', endPort: 1, protocol: TCP}", True),
        ("{port: '0'}", False),
        ("{port: '0', endPort: 0}", False),
        ("{port: '0', endPort: 65535}", False),
        ("{port: '1', endPort: 100}", False),
    ],
)
def test_every_port_with_an_end_is_a_rule_of_which_nobody_knows(port: str, doubtful: bool) -> None:
    """Cilium's validation accepts it; pkg/policy/portrange.go makes a range of it, "0" alone means every port."""
    (rule,) = policy(f"egress: [{{toPorts: [{{ports: [{port}]}}]}}]").rules
    assert ("with an endPort" in rule.doubt) is doubtful


def test_a_port_name_is_compared_in_lower_case() -> None:
    (rule,) = policy("egress: [{toPorts: [{ports: [{port: HTTP, protocol: TCP}]}]}]").rules
    assert rule.peers == (AnyEnd(),)
    (port,) = rule.ports
    assert isinstance(port, NamedPort)
    assert (port.name, port.protocol) == ("http", Protocol.TCP)


def test_what_a_rule_refers_to() -> None:
    group, service = policy(
        """egress: [
            {toCIDRSet: [{cidrGroupRef: partners, except: [10.0.0.0/8]}]},
            {toServices: [{k8sService: {serviceName: db, namespace: data}}]}
        ]"""
    ).rules
    assert group.peers == (GroupPeer("partners", None, (ip_network("10.0.0.0/8"),)),)
    assert service.peers == (ServicePeer("db", "data"),)


@pytest.mark.parametrize(
    ("rules", "narrowing"),
    [
        ("http: [{method: GET, path: /a}, {path: /b}]", "HTTP GET /a; HTTP /b"),
        # "If omitted or empty, all methods are allowed", and likewise of path, host and headers.
        ("http: [{}]", "HTTP requests"),
        ("http: [{host: foo.com, method: PUT}]", "HTTP PUT to the host foo.com"),
        ("http: [{headers: ['X-Token: hush']}]", "HTTP requests with the header X-Token of a certain value"),
        (
            "http: [{headers: ['X-Token hush', X-A]}]",
            "HTTP requests with the header X-Token of a certain value and with the header X-A",
        ),
        # "If none of the optional fields is present, then the header value is not matched, only presence of the
        # header is enough."
        ("http: [{headerMatches: [{name: X-A}]}]", "HTTP requests with the header X-A"),
        (
            "http: [{path: /a, headerMatches: [{name: X-A, value: hush}]}]",
            "HTTP /a with the header X-A of a certain value",
        ),
        (
            "http: [{headerMatches: [{name: X-A, secret: {name: hush}}]}]",
            "HTTP requests with the header X-A of a certain value",
        ),
        # "Otherwise the overall rule is still considered as matching, but the mismatches are logged"
        (
            "http: [{headerMatches: [{name: X-A, value: hush, mismatch: LOG}]}]",
            "HTTP requests with or without the header X-A of a certain value, a mismatch being logged (LOG)",
        ),
        ("kafka: [{topic: a}]", "Kafka requests with topic a"),
        # "All fields are optional, if all fields are empty or missing, the rule will match all Kafka messages."
        ("kafka: [{}]", "Kafka requests"),
        ("kafka: [{role: produce, topic: a}]", "Kafka requests with role produce, topic a"),
        (
            "kafka: [{apiKey: fetch, apiVersion: '1', clientID: c}]",
            "Kafka requests with API key fetch, API version 1, client ID c",
        ),
        ("dns: [{matchName: a.b}, {matchPattern: '*.c.d'}]", "DNS queries for a.b; DNS queries for *.c.d"),
        ("l7proto: r2d2, l7: [{cmd: READ, file: a}]", "r2d2 requests with cmd READ; file a"),
        ("l7proto: r2d2", "r2d2 requests"),
    ],
)
def test_layer_7_narrows_and_values_of_headers_are_not_repeated(rules: str, narrowing: str) -> None:
    ports = f"toPorts: [{{ports: [{{port: '80', protocol: TCP}}], rules: {{{rules}}}}}]"
    found = policy(f"egress: [{{{ports}}}]").rules[0].narrowing
    assert found == narrowing
    assert "hush" not in found


@pytest.mark.parametrize(
    ("beside", "narrowing"),
    [
        ("serverNames: [a.b, c.d]", "TLS connections to a.b, c.d"),
        ("terminatingTLS: {secret: {name: hush}}", "TLS connections that Cilium's proxy ends"),
        ("originatingTLS: {secret: {name: hush}}", "what Cilium's proxy sends on over TLS"),
        (
            "listener: {name: web, envoyConfig: {name: a}}",
            "through the Envoy listener web, which may refuse more",
        ),
    ],
)
def test_what_stands_beside_layer_7_is_told(beside: str, narrowing: str) -> None:
    ports = f"toPorts: [{{ports: [{{port: '443', protocol: TCP}}], {beside}}}]"
    assert policy(f"egress: [{{{ports}}}]").rules[0].narrowing == narrowing


@pytest.mark.parametrize(
    ("mode", "narrowing", "doubtful"),
    [("disabled", "", False), ("required", "with mutual authentication only", False), ("test-always-fail", "", True)],
)
def test_authentication_narrows_too(mode: str, narrowing: str, doubtful: bool) -> None:
    (rule,) = policy(f"ingress: [{{fromEntities: [all], authentication: {{mode: {mode}}}}}]").rules
    assert (rule.narrowing, bool(rule.doubt)) == (narrowing, doubtful)


@pytest.mark.parametrize(
    ("field", "icmp"),
    [
        ("{type: 8}", "ICMP 8"),
        ("{family: IPv4, type: EchoRequest}", "ICMP EchoRequest"),
        ("{family: IPv6, type: 128}", "ICMPv6 128"),
        ("{type: 0}", "ICMP 0"),
    ],
)
def test_messages_of_icmp_are_told(field: str, icmp: str) -> None:
    (rule,) = policy(f"egressDeny: [{{icmps: [{{fields: [{field}]}}]}}]").rules
    assert (rule.icmp, rule.ports, rule.peers, rule.denies) == (icmp, (), (AnyEnd(),), True)


def test_names_are_told_from_patterns_and_so_are_the_names_that_pods_may_ask_for() -> None:
    (rule, asking) = policy(
        """egress: [
            {toFQDNs: [{matchName: API.example.com.}, {matchPattern: '*.Blob.example.com'}]},
            {toPorts: [{ports: [{port: '53', protocol: ANY}], rules: {dns: [{matchName: a.b}, {matchPattern: '*'}]}}]}
        ]"""
    ).rules
    assert rule.peers == (
        NamesPeer(NamePattern.exactly("api.example.com")),
        NamesPeer(NamePattern.of_cilium("*.blob.example.com")),
    )
    assert (rule.asks, asking.asks) == ((), (NamePattern.exactly("a.b"), NamePattern.of_cilium("*")))


@pytest.mark.parametrize(
    ("spec", "code", "path"),
    [
        ("endpointSelector: null, ingress: [{}]", "missing-subject", "spec"),
        ("nodeSelector: {}, ingress: [{}]", "not-exactly-one", "spec.nodeSelector"),
        ("endpointSelector: null, nodeSelector: {}, ingress: [{}]", "nodes-in-namespace", "spec.nodeSelector"),
        ("ingress: []", "no-rules", "spec"),
        ("ingres: [{}]", "unknown-field", "spec.ingres"),
        ("ingress: [{fromEntities: [moon]}]", "unsupported-value", "spec.ingress[0].fromEntities[0]"),
        (
            "ingress: [{fromEntities: [world], fromCIDR: [10.0.0.0/8]}]",
            "combined-peers",
            "spec.ingress[0].fromCIDR",
        ),
        ("ingress: [{icmps: [{}], toPorts: [{ports: [{port: '1'}]}]}]", "combined-peers", "spec.ingress[0].icmps"),
        ("ingress: [{toPorts: [{ports: [{port: 80}]}]}]", "wrong-type", "spec.ingress[0].toPorts[0].ports[0].port"),
        ("ingress: [{toPorts: [{ports: [{}]}]}]", "missing-port", "spec.ingress[0].toPorts[0].ports[0]"),
        (
            "ingress: [{toPorts: [{ports: [{port: '70000'}]}]}]",
            "invalid-port",
            "spec.ingress[0].toPorts[0].ports[0].port",
        ),
        (
            "ingress: [{toPorts: [{ports: [{port: '1', protocol: GRE}]}]}]",
            "unsupported-value",
            "spec.ingress[0].toPorts[0].ports[0].protocol",
        ),
        ("ingress: [{fromCIDR: [10.0.0.0/33]}]", "invalid-cidr", "spec.ingress[0].fromCIDR[0]"),
        (
            "egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]",
            "except-outside",
            "spec.egress[0].toCIDRSet[0].except[0]",
        ),
        (
            "egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: a}]}]",
            "not-exactly-one",
            "spec.egress[0].toCIDRSet[0]",
        ),
        ("egressDeny: [{toFQDNs: [{matchName: a.b}]}]", "unknown-field", "spec.egressDeny[0].toFQDNs"),
        ("egress: [{toFQDNs: [{}]}]", "missing-name", "spec.egress[0].toFQDNs[0]"),
        # The schema takes one of the two, and these characters: ^([-a-zA-Z0-9_]+[.]?)+$, with * in a pattern.
        ("egress: [{toFQDNs: [{matchName: a.b, matchPattern: c.d}]}]", "not-exactly-one", "spec.egress[0].toFQDNs[0]"),
        (
            "egress: [{toFQDNs: [{matchName: '*.a.b'}]}]",
            "invalid-domain-name",
            "spec.egress[0].toFQDNs[0].matchName",
        ),
        (
            "egress: [{toFQDNs: [{matchPattern: 'a[bc].d'}]}]",
            "invalid-domain-name",
            "spec.egress[0].toFQDNs[0].matchPattern",
        ),
        (
            "egress: [{toPorts: [{ports: [{port: '53', protocol: ANY}], rules: {dns: [{matchName: 'a b'}]}}]}]",
            "invalid-domain-name",
            "spec.egress[0].toPorts[0].rules.dns[0].matchName",
        ),
        (
            "egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{verb: GET}]}}]}]",
            "unknown-field",
            "spec.egress[0].toPorts[0].rules.http[0].verb",
        ),
        ("ingress: [{icmps: [{fields: [{family: IPv4}]}]}]", "missing-icmp-type", "spec.ingress[0].icmps[0].fields[0]"),
        (
            "ingress: [{icmps: [{fields: [{type: 256}]}]}]",
            "out-of-range",
            "spec.ingress[0].icmps[0].fields[0].type",
        ),
        (
            "ingress: [{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchName: a}]}}]}]",
            "dns-on-ingress",
            "spec.ingress[0].toPorts[0].rules.dns",
        ),
        (
            "ingress: [{toPorts: [{ports: [{port: '80'}], rules: {http: [{}]}}]}]",
            "layer-7-needs-tcp",
            "spec.ingress[0].toPorts[0].ports[0]",
        ),
        (
            "ingress: [{toPorts: [{ports: [{port: '0', protocol: TCP}], rules: {http: [{}]}}]}]",
            "layer-7-on-every-port",
            "spec.ingress[0].toPorts[0].ports[0].port",
        ),
        (
            "ingress: [{toPorts: [{ports: [{port: '80'}], listener: {}}]}]",
            "listener-on-ingress",
            "spec.ingress[0].toPorts[0].listener",
        ),
        (
            "egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], serverNames: [a.b], rules: {http: [{}]}}]}]",
            "server-names-beside-layer-7",
            "spec.egress[0].toPorts[0].serverNames",
        ),
        ("egress: [{toPorts: [{rules: {dns: [{}]}}]}]", "dns-without-port", "spec.egress[0].toPorts[0]"),
        # "Port must be specified" (pkg/policy/api/rule_validation.go of cilium/cilium).
        (
            "egress: [{toPorts: [{ports: [{port: '', protocol: TCP}]}]}]",
            "missing-port",
            "spec.egress[0].toPorts[0].ports[0]",
        ),
        (
            "ingressDeny: [{toPorts: [{ports: [{port: '', endPort: 90}]}]}]",
            "missing-port",
            "spec.ingressDeny[0].toPorts[0].ports[0]",
        ),
        (
            "egress: [{toPorts: [{ports: [{port: '53', endPort: 54}], rules: {dns: [{}]}}]}]",
            "dns-with-range",
            "spec.egress[0].toPorts[0].ports[0].endPort",
        ),
        (
            "egress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {l7: [{}]}}]}]",
            "l7-without-protocol",
            "spec.egress[0].toPorts[0].rules.l7",
        ),
        (
            "ingress: [{icmps: [{fields: [{family: IPv5}]}]}]",
            "unsupported-value",
            "spec.ingress[0].icmps[0].fields[0].family",
        ),
    ],
)
def test_what_cilium_calls_not_valid_is_rejected(spec: str, code: str, path: str) -> None:
    loaded = load(merged(CNP, f"spec: {{{spec}}}"))
    assert ("error", code, path) in faults(loaded)
    assert loaded.snapshot.cilium_policies == ()
    assert [r.namespace for r in loaded.snapshot.rejected_policies] == ["shop"]


@pytest.mark.parametrize("port", ["²", "9" * 5_000, "٣", "-1"])
def test_dns_rules_beside_what_is_no_port_are_rejected_with_the_port(port: str) -> None:
    """``int`` takes neither all that Python calls a digit nor any number of digits."""
    ports = f"[{{port: '{port}', endPort: 90}}]"
    loaded = load(merged(CNP, f"spec: {{egress: [{{toPorts: [{{ports: {ports}, rules: {{dns: [{{}}]}}}}]}}]}}"))
    assert "spec.egress[0].toPorts[0].ports[0].port" in {path for severity, _, path in faults(loaded)}
    assert loaded.snapshot.cilium_policies == ()


OF_NODES = "endpointSelector: null, nodeSelector: {}"


@pytest.mark.parametrize(
    "rules",
    [
        "egress: [{toEntities: [world], toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}]",
        "ingress: [{fromEntities: [all], authentication: {mode: required}}]",
        "egress: [{toPorts: [{ports: [{port: '443', protocol: TCP}], serverNames: [example.com]}]}]",
    ],
)
def test_a_policy_of_nodes_may_narrow_to_dns_queries_and_by_what_is_no_layer_7_rule(rules: str) -> None:
    """docs.cilium.io, "Host Policies": "They can also have layer 7 DNS rules, but no other kinds of layer 7 rules."."""
    assert policy(f"{OF_NODES}, {rules}", CCNP).rules


def test_a_policy_of_nodes_has_no_other_layer_7_rules() -> None:
    rules = "ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]}]"
    loaded = load(merged(CCNP, f"spec: {{{OF_NODES}, {rules}}}"))
    assert ("error", "layer-7-for-nodes", "spec.ingress[0].toPorts[0].rules.http") in faults(loaded)


def test_a_clusterwide_policy_may_be_about_nodes() -> None:
    found = policy("endpointSelector: null, nodeSelector: {matchLabels: {zone: a}}, ingress: [{}]", CCNP)
    assert [(spec.subject, spec.subject_text) for spec in found.specs] == [(None, "nodes with zone=a")]


def test_a_group_holds_prefixes_and_addresses() -> None:
    loaded = load("""
        apiVersion: cilium.io/v2alpha1
        kind: CiliumCIDRGroup
        metadata: {name: partners, labels: {team: a}}
        spec: {externalCIDRs: [203.0.113.0/24, 'fd00::1']}
    """)
    (group,) = loaded.snapshot.cidr_groups
    assert group.networks == (ip_network("203.0.113.0/24"), ip_network("fd00::1/128"))
