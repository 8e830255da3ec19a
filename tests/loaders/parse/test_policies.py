"""NetworkPolicy: the API's nil, empty and absent distinctions, and what its validation refuses.

Expectations are from networking/v1/types.go and pkg/apis/networking/validation of Kubernetes.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from lib.loaders.assemble import assemble
from lib.loaders.documents import DocumentStore, RawObject
from lib.loaders.manifests import ReadResult
from lib.loaders.yaml_resolver import PlainLetter
from lib.model.labels import EVERYTHING, LabelSelector, Operator, Requirement
from lib.model.policies import (
    AllPorts,
    AnyPeer,
    Direction,
    IpBlockPeer,
    NamedPort,
    NamespacesByLabel,
    NetworkPolicy,
    NumberedPorts,
    OwnNamespace,
    PodPeer,
)
from lib.model.problem import Severity
from lib.model.refs import Source
from lib.model.sets import PortSet, Protocol
from tests.loaders.parse.build import faults, load, merged

BASE = """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec: {podSelector: {}}
"""
BOTH = {Direction.INGRESS, Direction.EGRESS}


def policy(spec: str) -> NetworkPolicy:
    loaded = load(merged(BASE, f"spec: {spec}"))
    assert [p for p in loaded.problems if p.severity is Severity.ERROR] == []
    (found,) = loaded.snapshot.network_policies
    return found


@pytest.mark.parametrize(
    ("spec", "directions"),
    [
        pytest.param("{}", {Direction.INGRESS}, id="missing means ingress"),
        pytest.param("{policyTypes: []}", {Direction.INGRESS}, id="empty means ingress"),
        pytest.param("{policyTypes: null}", {Direction.INGRESS}, id="null means ingress"),
        pytest.param("{egress: []}", {Direction.INGRESS}, id="empty egress rules do not isolate egress"),
        pytest.param("{egress: [{}]}", BOTH, id="an egress rule adds egress"),
        pytest.param("{ingress: [{}]}", {Direction.INGRESS}, id="an ingress rule adds nothing"),
        pytest.param("{policyTypes: [Egress]}", {Direction.EGRESS}, id="stated egress is egress alone"),
        pytest.param("{policyTypes: [Ingress, Egress]}", BOTH, id="both stated"),
        pytest.param("{policyTypes: [Ingress, Ingress]}", {Direction.INGRESS}, id="the same twice is once"),
        pytest.param("{policyTypes: [Ingress], egress: [{}]}", {Direction.INGRESS}, id="stated wins over rules"),
    ],
)
def test_policy_types_default_as_the_api_says(spec: str, directions: set[Direction]) -> None:
    assert policy(spec).directions == directions


def test_a_policy_without_spec_selects_every_pod_and_permits_no_ingress() -> None:
    loaded = load("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}")
    (found,) = loaded.snapshot.network_policies
    assert (found.pod_selector, found.directions, found.rules) == (EVERYTHING, {Direction.INGRESS}, ())
    assert found.namespace == "default"


def test_rules_of_a_direction_that_is_not_listed_are_left_out_with_a_warning() -> None:
    loaded = load(merged(BASE, "spec: {policyTypes: [Ingress], egress: [{}]}"))
    assert loaded.snapshot.network_policies[0].rules == ()
    assert faults(loaded) == [("warning", "rules-without-policy-type", "spec.egress")]


@pytest.mark.parametrize(
    "rule", ["{}", "{from: []}", "{from: null}", "null"], ids=["empty rule", "empty from", "null from", "null rule"]
)
def test_a_missing_or_empty_peer_list_means_every_peer_and_every_port(rule: str) -> None:
    (found,) = policy(f"{{ingress: [{rule}]}}").rules
    assert (found.peers, found.ports) == ((AnyPeer(),), (AllPorts(),))


def test_no_rules_permit_nothing() -> None:
    assert policy("{ingress: []}").rules == ()


def test_a_pod_selector_peer_stays_in_the_policys_namespace() -> None:
    (rule,) = policy("{ingress: [{from: [{podSelector: {}}]}]}").rules
    (peer,) = rule.peers
    assert isinstance(peer, PodPeer)
    assert (peer.namespaces, peer.pods) == (OwnNamespace("shop"), EVERYTHING)
    assert peer.source.path_text == "spec.ingress[0].from[0]"


def test_an_empty_namespace_selector_means_all_namespaces() -> None:
    (rule,) = policy("{ingress: [{from: [{namespaceSelector: {}}]}]}").rules
    assert isinstance(rule.peers[0], PodPeer)
    assert rule.peers[0].namespaces == NamespacesByLabel(EVERYTHING)


def test_both_selectors_in_one_element_are_one_peer_and_in_two_are_two() -> None:
    together = policy("{ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]}").rules[0]
    apart = policy("{ingress: [{from: [{namespaceSelector: {}}, {podSelector: {matchLabels: {a: b}}}]}]}").rules[0]
    assert len(together.peers) == 1
    assert isinstance(together.peers[0], PodPeer)
    assert together.peers[0].pods == LabelSelector.from_labels({"a": "b"})
    assert len(apart.peers) == 2


def test_match_expressions_and_labels_are_all_required() -> None:
    found = policy(
        "{podSelector: {matchLabels: {a: b}, matchExpressions: ["
        "{key: c, operator: NotIn, values: [d, e]}, {key: f, operator: DoesNotExist}]}}"
    )
    assert set(found.pod_selector.requirements) == {
        Requirement("a", Operator.IN, frozenset({"b"})),
        Requirement("c", Operator.NOT_IN, frozenset({"d", "e"})),
        Requirement("f", Operator.DOES_NOT_EXIST),
    }


@pytest.mark.parametrize(
    ("port", "protocol", "ports"),
    [
        pytest.param("{port: 80}", Protocol.TCP, PortSet.of(80), id="protocol defaults to TCP"),
        pytest.param("{protocol: UDP, port: 53}", Protocol.UDP, PortSet.of(53), id="a stated protocol"),
        pytest.param("{protocol: SCTP}", Protocol.SCTP, PortSet.all(), id="no port is all of the protocol's"),
        pytest.param("{protocol: UDP, port: null}", Protocol.UDP, PortSet.all(), id="null port is all"),
        pytest.param("{}", Protocol.TCP, PortSet.all(), id="an empty item is all of TCP"),
        pytest.param("{port: 80, endPort: 90}", Protocol.TCP, PortSet.of(80, 90), id="a range has both ends"),
        pytest.param("{port: 80, endPort: 80}", Protocol.TCP, PortSet.of(80), id="a range may be one port"),
        pytest.param("{port: 1, endPort: 65535}", Protocol.TCP, PortSet.all(), id="the widest range"),
    ],
)
def test_port_items_read_as_the_api_says(port: str, protocol: Protocol, ports: PortSet) -> None:
    (found,) = policy(f"{{ingress: [{{ports: [{port}]}}]}}").rules[0].ports
    assert isinstance(found, NumberedPorts)
    assert (found.protocol, found.ports) == (protocol, ports)


def test_a_named_port_keeps_its_name_and_protocol() -> None:
    (found,) = policy("{ingress: [{ports: [{port: dns, protocol: UDP}]}]}").rules[0].ports
    assert isinstance(found, NamedPort)
    assert (found.name, found.protocol) == ("dns", Protocol.UDP)


def test_ip_blocks_of_both_families_keep_their_exceptions() -> None:
    (rule,) = policy(
        "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: '2001:db8::/32'}}]}]}"
    ).rules
    first, second = rule.peers
    assert isinstance(first, IpBlockPeer)
    assert isinstance(second, IpBlockPeer)
    assert (first.cidr, first.excepts) == (ip_network("10.0.0.0/8"), (ip_network("10.1.0.0/16"),))
    assert second.cidr == ip_network("2001:db8::/32")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("10.0.0.5/8", "10.0.0.0/8", id="host bits are masked"),
        pytest.param("010.0.0.0/8", "10.0.0.0/8", id="leading zeros are decimal"),
        pytest.param("2001:db8::1/32", "2001:db8::/32", id="host bits in IPv6"),
    ],
)
def test_a_cidr_that_only_newer_servers_refuse_counts_with_a_warning(written: str, meant: str) -> None:
    loaded = load(merged(BASE, f"spec: {{ingress: [{{from: [{{ipBlock: {{cidr: '{written}'}}}}]}}]}}"))
    (peer,) = loaded.snapshot.network_policies[0].rules[0].peers
    assert isinstance(peer, IpBlockPeer)
    assert peer.cidr == ip_network(meant)
    assert faults(loaded) == [("warning", "cidr-not-canonical", "spec.ingress[0].from[0].ipBlock.cidr")]


INGRESS = "spec: {{ingress: [{}]}}"
REFUSED = [
    ("empty peer", "{from: [{}]}", "empty-peer", "from[0]"),
    ("null peer", "{from: [null]}", "empty-peer", "from[0]"),
    ("null pod selector is no peer", "{from: [{podSelector: null}]}", "empty-peer", "from[0]"),
    (
        "ipBlock with a selector",
        "{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}",
        "peer-ipblock-with-selector",
        "from[0].ipBlock",
    ),
    ("no cidr", "{from: [{ipBlock: {}}]}", "missing-cidr", "from[0].ipBlock"),
    ("an address is no cidr", "{from: [{ipBlock: {cidr: 10.0.0.0}}]}", "invalid-cidr", "from[0].ipBlock.cidr"),
    ("a mask is no length", "{from: [{ipBlock: {cidr: 10.0.0.0/255.0.0.0}}]}", "invalid-cidr", "from[0].ipBlock.cidr"),
    ("length too large", "{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}", "invalid-cidr", "from[0].ipBlock.cidr"),
    ("octet too large", "{from: [{ipBlock: {cidr: 10.0.0.256/32}}]}", "invalid-cidr", "from[0].ipBlock.cidr"),
    ("blank before the cidr", "{from: [{ipBlock: {cidr: ' 10.0.0.0/8'}}]}", "invalid-cidr", "from[0].ipBlock.cidr"),
    ("zone in the cidr", "{from: [{ipBlock: {cidr: 'fe80::1%eth0/64'}}]}", "invalid-cidr", "from[0].ipBlock.cidr"),
    (
        "except outside the cidr",
        "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}",
        "except-outside-cidr",
        "from[0].ipBlock.except[0]",
    ),
    (
        "except as large as the cidr",
        "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}",
        "except-outside-cidr",
        "from[0].ipBlock.except[0]",
    ),
    (
        "except of the other family",
        "{from: [{ipBlock: {cidr: 0.0.0.0/0, except: ['2001:db8::/32']}}]}",
        "except-outside-cidr",
        "from[0].ipBlock.except[0]",
    ),
    ("endPort without port", "{ports: [{endPort: 90}]}", "end-port-without-port", "ports[0].endPort"),
    ("endPort with a name", "{ports: [{port: http, endPort: 90}]}", "end-port-with-name", "ports[0].endPort"),
    ("endPort below port", "{ports: [{port: 80, endPort: 79}]}", "end-port-below-port", "ports[0].endPort"),
    ("endPort too large", "{ports: [{port: 80, endPort: 65536}]}", "out-of-range", "ports[0].endPort"),
    ("port zero", "{ports: [{port: 0}]}", "out-of-range", "ports[0].port"),
    ("port too large", "{ports: [{port: 65536}]}", "out-of-range", "ports[0].port"),
    ("a number in quotes is a name without letter", "{ports: [{port: '80'}]}", "invalid-port-name", "ports[0].port"),
    ("upper case in a port name", "{ports: [{port: HTTP}]}", "invalid-port-name", "ports[0].port"),
    ("a port name of 16", "{ports: [{port: abcdefghijklmnop}]}", "invalid-port-name", "ports[0].port"),
    ("two hyphens in a port name", "{ports: [{port: a--b}]}", "invalid-port-name", "ports[0].port"),
    ("boolean port", "{ports: [{port: true}]}", "wrong-type", "ports[0].port"),
    ("fractional port", "{ports: [{port: 80.5}]}", "wrong-type", "ports[0].port"),
    ("protocol in lower case", "{ports: [{protocol: tcp}]}", "unsupported-value", "ports[0].protocol"),
    ("unknown protocol", "{ports: [{protocol: ICMP}]}", "unsupported-value", "ports[0].protocol"),
    ("empty protocol", "{ports: [{protocol: ''}]}", "unsupported-value", "ports[0].protocol"),
    ("misspelt peer list", "{form: []}", "unknown-field", "form"),
    ("the other direction's field", "{to: [{podSelector: {}}]}", "unknown-field", "to"),
    ("misspelt selector", "{from: [{podselector: {}}]}", "unknown-field", "from[0].podselector"),
    (
        "unquoted boolean as label",
        "{from: [{podSelector: {matchLabels: {a: true}}}]}",
        "wrong-type",
        "from[0].podSelector.matchLabels.a",
    ),
    (
        "number as label",
        "{from: [{podSelector: {matchLabels: {a: 1}}}]}",
        "wrong-type",
        "from[0].podSelector.matchLabels.a",
    ),
    ("a mapping for a list", "{from: {podSelector: {}}}", "wrong-type", "from"),
    ("a text for a mapping", "{from: [podSelector]}", "wrong-type", "from[0]"),
    (
        "In without values",
        "{from: [{podSelector: {matchExpressions: [{key: a, operator: In}]}}]}",
        "selector-values",
        "from[0].podSelector.matchExpressions[0].values",
    ),
    (
        "Exists with values",
        "{from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]}",
        "selector-values",
        "from[0].podSelector.matchExpressions[0].values",
    ),
    (
        "operator in lower case",
        "{from: [{podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}}]}",
        "invalid-operator",
        "from[0].podSelector.matchExpressions[0].operator",
    ),
    (
        "label value with a blank",
        "{from: [{podSelector: {matchExpressions: [{key: a, operator: In, values: [b c]}]}}]}",
        "invalid-label-value",
        "from[0].podSelector.matchExpressions[0].values[0]",
    ),
    (
        "expression without key",
        "{from: [{podSelector: {matchExpressions: [{operator: Exists}]}}]}",
        "invalid-label-key",
        "from[0].podSelector.matchExpressions[0].key",
    ),
]


@pytest.mark.parametrize(("rule", "code", "path"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_what_the_server_refuses_rejects_the_policy_at_its_place(rule: str, code: str, path: str) -> None:
    loaded = load(merged(BASE, INGRESS.format(rule)))
    assert ("error", code, f"spec.ingress[0].{path}") in faults(loaded)
    assert loaded.snapshot.network_policies == ()
    (rejected,) = loaded.snapshot.rejected_policies
    assert (str(rejected.ref), rejected.namespace) == ("shop/web[NetworkPolicy]", "shop")
    assert all(p.remedy and p.message and p.subject == rejected.ref for p in loaded.problems)


def test_every_fault_of_a_policy_is_reported_not_only_the_first() -> None:
    spec = "spec: {policyTypes: [ingress], ingress: [{ports: [{port: 0}, {port: 65536}], from: [{}]}]}"
    assert faults(load(merged(BASE, spec))) == [
        ("error", "invalid-policy-types", "spec.policyTypes[0]"),
        ("error", "empty-peer", "spec.ingress[0].from[0]"),
        ("error", "out-of-range", "spec.ingress[0].ports[0].port"),
        ("error", "out-of-range", "spec.ingress[0].ports[1].port"),
    ]


@pytest.mark.parametrize(
    ("changes", "selector", "directions"),
    [
        pytest.param(
            "spec: {podSelector: {matchLabels: {a: b}}, policyTypes: [Egress], ingress: [{from: [{}]}]}",
            LabelSelector.from_labels({"a": "b"}),
            {Direction.EGRESS},
            id="selector and types could be read",
        ),
        pytest.param(
            "spec: {podSelector: {matchLabels: {a: true}}, policyTypes: [Ingress]}",
            EVERYTHING,
            {Direction.INGRESS},
            id="an unreadable selector may be any pod",
        ),
        pytest.param(
            "spec: {podSelector: {matchLabels: {a: b}}, policyTypes: [egress]}",
            LabelSelector.from_labels({"a": "b"}),
            BOTH,
            id="unreadable types may be both",
        ),
        pytest.param("spec: {podSelector: null, podselector: {}}", EVERYTHING, BOTH, id="a misspelt selector"),
        pytest.param("{spec: null, spek: {}}", EVERYTHING, BOTH, id="a misspelt spec"),
        pytest.param(
            "spec: {podSelector: {matchLabels: {a: b}}, ingres: []}",
            LabelSelector.from_labels({"a": "b"}),
            BOTH,
            id="a misspelt rule list",
        ),
    ],
)
def test_a_rejected_policy_says_what_it_might_have_governed(
    changes: str, selector: LabelSelector, directions: set[Direction]
) -> None:
    (rejected,) = load(merged(BASE, changes)).snapshot.rejected_policies
    assert (rejected.pod_selector, rejected.directions) == (selector, directions)


def test_a_rejected_policy_whose_namespace_is_unreadable_may_stand_in_any() -> None:
    (rejected,) = load(merged(BASE, "metadata: {namespace: 7}\nspec: {}")).snapshot.rejected_policies
    assert rejected.namespace == ""


def test_a_misspelling_is_met_with_the_right_name() -> None:
    (problem,) = load(merged(BASE, "spec: {ingres: []}")).problems
    assert "Did you mean ingress?" in problem.remedy


@pytest.mark.parametrize(
    ("version", "code"),
    [("extensions/v1beta1", "removed-api-version"), ("networking.k8s.io/v2", "unsupported-api-version")],
)
def test_a_version_that_no_server_has_rejects_the_policy(version: str, code: str) -> None:
    loaded = load(merged(BASE, f"apiVersion: {version}"))
    assert faults(loaded) == [("error", code, "apiVersion")]
    assert len(loaded.snapshot.rejected_policies) == 1


def test_an_unknown_field_in_a_live_policy_rejects_it_too() -> None:
    loaded = load(merged(BASE, "metadata: {uid: u, resourceVersion: '7'}\nspec: {newField: 1}"))
    assert faults(loaded) == [("error", "unknown-field", "spec.newField")]
    assert "newer version" in loaded.problems[0].remedy


def test_an_empty_status_as_kubectl_create_writes_it_is_no_fault() -> None:
    assert load(merged(BASE, "{status: {}, metadata: {creationTimestamp: null}}")).problems == ()


def test_a_name_that_only_the_server_refuses_keeps_the_policy() -> None:
    loaded = load(merged(BASE, "metadata: {name: allow_web}"))
    assert faults(loaded) == [("warning", "invalid-name", "metadata.name")]
    assert len(loaded.snapshot.network_policies) == 1


def test_a_long_bad_value_is_shortened_and_its_control_characters_escaped() -> None:
    text = merged(BASE, INGRESS.format('{ports: [{protocol: "' + "\\e[31m" + "x" * 5000 + '"}]}'))
    (problem,) = load(text).problems
    assert len(problem.message) < 300
    assert problem.message.isprintable()


def test_an_unquoted_letter_is_the_letter_with_a_warning() -> None:
    name, value = PlainLetter("y"), PlainLetter("n")
    spec = {"podSelector": {"matchLabels": {"ns": value}}, "ingress": []}
    obj = {"metadata": {"name": "a", "namespace": name}, "spec": spec}
    raw = RawObject(obj, Source("a.yaml", 1), "networking.k8s.io/v1", "NetworkPolicy")
    loaded = assemble(ReadResult((raw,), (), DocumentStore(), (), "", ()), title="")
    (found,) = loaded.snapshot.network_policies
    assert (found.namespace, str(found.pod_selector)) == ("y", "ns=n")
    assert faults(loaded) == [
        ("warning", "unquoted-letter", "metadata.namespace"),
        ("warning", "unquoted-letter", "spec.podSelector.matchLabels.ns"),
    ]
