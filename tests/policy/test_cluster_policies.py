"""Cluster-wide policies, each rule of theirs as a sentence; expectations are the words of policy.networking.k8s.io.

"types.go" is ``apis/v1alpha2/clusternetworkpolicy_types.go`` of kubernetes-sigs/network-policy-api, and before it
``apis/v1alpha1/adminnetworkpolicy_types.go``.
"""

from __future__ import annotations

import textwrap

import pytest

from lib.model.policies import Verdict
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import profile
from tests.policy.build import engine_of, namespace, pod, policy
from tests.policy.test_semantics import ALL, CLIENT, NODES, SERVER, TO_SERVER, on_node, ports_between

SHOP = namespace("shop", team="a")
SUBJECT = "subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}}"
ANYBODY = "[{namespaces: {}}]"


def cnp(spec: str, name: str = "rule", tier: str = "Admin", priority: int = 10) -> str:
    """A ClusterNetworkPolicy about the server, from the rest of its spec."""
    return _of("v1alpha2", "ClusterNetworkPolicy", name, f"tier: {tier}\npriority: {priority}\n{SUBJECT}\n{spec}")


def anp(spec: str, name: str = "rule", priority: int = 10) -> str:
    """An AdminNetworkPolicy about the server."""
    return _of("v1alpha1", "AdminNetworkPolicy", name, f"priority: {priority}\n{SUBJECT}\n{spec}")


def banp(spec: str) -> str:
    """The BaselineAdminNetworkPolicy, about the server."""
    return _of("v1alpha1", "BaselineAdminNetworkPolicy", "default", f"{SUBJECT}\n{spec}")


def _of(version: str, kind: str, name: str, spec: str) -> str:
    body = textwrap.indent(textwrap.dedent(spec).strip(), "  ")
    return f"""
apiVersion: policy.networking.k8s.io/{version}
kind: {kind}
metadata: {{name: {name}}}
spec:
{body}
"""


def ingress(action: str, ports: str = "", peers: str = ANYBODY) -> str:
    return f"ingress: [{{action: {action}, from: {peers}{ports}}}]"


DENY, ACCEPT, ALLOW, PASS = (ingress(action) for action in ("Deny", "Accept", "Allow", "Pass"))
OPEN = policy(f"{TO_SERVER}\ningress: [{{}}]", name="open")
CLOSED = policy(f"{TO_SERVER}\ningress: []", name="closed")


def into_server(*documents: str) -> object:
    """What the client may send to the server."""
    return ports_between(engine_of(SHOP, CLIENT, SERVER, *documents), "shop/client", "shop/server")


def verdict(engine: Engine, port: int = 80) -> str:
    ends = {w.ref.name: w for w in engine.snapshot.workloads}
    return engine.explain(ends["client"], ends["server"], Protocol.TCP, port).verdict


class TestTiers:
    """types.go: "Rules in the Admin tier … are evaluated before … NetworkPolicies"; Baseline "after"."""

    @pytest.mark.parametrize(
        ("documents", "expected"),
        [
            pytest.param([cnp(DENY), OPEN], {}, id="Deny in the Admin tier is final"),
            pytest.param([cnp(ACCEPT), CLOSED], ALL, id="Accept in the Admin tier is final"),
            pytest.param([cnp(PASS), CLOSED], {}, id="Pass hands the traffic to the NetworkPolicies"),
            pytest.param([cnp(PASS), cnp(DENY, "b", priority=20), OPEN], ALL, id="Pass skips the rest of its tier"),
            pytest.param([cnp(DENY, tier="Baseline"), OPEN], ALL, id="a NetworkPolicy that permits ends it"),
            pytest.param([cnp(ACCEPT, tier="Baseline"), CLOSED], {}, id="a NetworkPolicy that isolates ends it"),
            pytest.param(
                [cnp(DENY, tier="Baseline")], {}, id="Baseline decides where no NetworkPolicy selects the pod"
            ),
            pytest.param(
                [cnp(PASS), cnp(DENY, "b", "Baseline")], {}, id="Pass reaches Baseline without NetworkPolicies"
            ),
            pytest.param([cnp(PASS, tier="Baseline")], ALL, id="what Baseline passes on is allowed"),
        ],
    )
    def test_of_cluster_network_policies(self, documents: list[str], expected: object) -> None:
        assert into_server(*documents) == expected

    @pytest.mark.parametrize(
        ("documents", "expected"),
        [
            pytest.param([anp(DENY), OPEN], {}, id="Deny"),
            pytest.param([anp(ALLOW), CLOSED], ALL, id="Allow"),
            pytest.param([anp(PASS), banp(DENY), OPEN], ALL, id="Pass to a NetworkPolicy"),
            pytest.param([anp(PASS), banp(DENY)], {}, id="Pass to the baseline"),
        ],
    )
    def test_of_admin_network_policies(self, documents: list[str], expected: object) -> None:
        assert into_server(*documents) == expected


class TestOrder:
    """types.go: "The lower the value, the higher the precedence"; rules "in the order they are defined"."""

    def test_the_lower_priority_number_is_asked_first(self) -> None:
        assert into_server(cnp(DENY, "b", priority=20), cnp(ACCEPT, "a", priority=10)) == ALL
        assert into_server(cnp(DENY, "b", priority=5), cnp(ACCEPT, "a", priority=10)) == {}

    def test_the_first_rule_that_matches_decides(self) -> None:
        two = (
            "ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}, "
        )
        assert into_server(cnp(f"{two}{{action: Accept, from: [{{namespaces: {{}}}}]}}]")) == {
            "TCP": [[1, 79], [81, 65535]],
            "UDP": ALL["UDP"],
            "SCTP": ALL["SCTP"],
        }

    def test_of_equal_priorities_nobody_knows_who_is_asked_first(self) -> None:
        engine = engine_of(SHOP, CLIENT, SERVER, cnp(DENY, "a"), cnp(ACCEPT, "b"))
        assert verdict(engine) == "unknown"
        assert verdict(engine_of(SHOP, CLIENT, SERVER, cnp(DENY, "a"), cnp(DENY, "b"))) == "denied"


def test_a_policy_without_rules_isolates_nobody() -> None:
    assert into_server(cnp("")) == ALL
    assert into_server(anp("ingress: []\negress: []")) == ALL


def test_what_no_rule_matches_stays_open() -> None:
    only = ingress("Accept", ", protocols: [{tcp: {destinationPort: {number: 80}}}]")
    assert into_server(cnp(only)) == ALL


def test_accepted_egress_does_not_open_the_destinations_ingress() -> None:
    client = SUBJECT.replace("server", "client")
    out = _of("v1alpha2", "ClusterNetworkPolicy", "out", f"tier: Admin\npriority: 1\n{client}\negress: ")
    out = out.rstrip().removesuffix("egress:") + "egress: [{action: Accept, to: [{namespaces: {}}]}]\n"
    assert into_server(out) == ALL
    assert into_server(out, CLOSED) == {}


class TestPeers:
    """types.go on host-network pods, nodes, networks and domain names."""

    def egress(self, action: str, peer: str) -> str:
        return cnp(f"egress: [{{action: {action}, to: [{peer}]}}]")

    def test_a_host_network_pod_is_no_subject(self) -> None:
        host = pod("server", host=True, app="server")
        assert verdict(engine_of(SHOP, CLIENT, host, cnp(DENY))) == "allowed"

    def test_a_host_network_pod_is_no_peer_by_its_labels(self) -> None:
        host = on_node(pod("client", host=True, app="client"), "node-1")
        assert verdict(engine_of(SHOP, NODES, host, on_node(SERVER, "node-2"), cnp(DENY))) == "allowed"

    def test_nodes_mean_host_network_pods_by_the_labels_of_their_node(self) -> None:
        nodes = NODES.replace("{name: node-1}", "{name: node-1, labels: {zone: a}}")
        host = on_node(pod("host", host=True), "node-1")
        other = on_node(pod("other", host=True), "node-2")
        rule = self.egress("Deny", "{nodes: {matchLabels: {zone: a}}}")
        engine = engine_of(SHOP, nodes, SERVER, host, other, rule)
        ends = {w.ref.name: w for w in engine.snapshot.workloads} | {n.name: n for n in engine.snapshot.nodes}
        answers = {
            name: engine.explain(ends["server"], end, Protocol.TCP, 80).verdict
            for name, end in ends.items()
            if name != "server"
        }
        assert answers == {"host": "denied", "node-1": "denied", "other": "allowed", "node-2": "allowed"}

    def test_networks_mean_pods_too(self) -> None:
        client = CLIENT + "status: {phase: Running, podIPs: [{ip: 10.1.0.7}]}\n"
        engine = engine_of(SHOP, client, SERVER, self.egress("Deny", "{networks: [10.1.0.0/24]}"))
        ends = {w.ref.name: w for w in engine.snapshot.workloads}
        assert engine.explain(ends["server"], ends["client"], Protocol.TCP, 80).verdict == "denied"

    def test_of_domain_names_nobody_knows_the_addresses(self) -> None:
        names = self.egress("Accept", "{domainNames: ['*.example.com']}")
        deny = cnp("egress: [{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}]", name="rest", priority=20)
        engine = engine_of(SHOP, SERVER, names, deny)
        (server,) = engine.snapshot.workloads
        answer = engine.explain(server, parse_end("203.0.113.9", engine.snapshot), Protocol.TCP, 443)
        assert answer.verdict == "unknown"
        assert "*.example.com" in answer.directions[0].reason

    @pytest.mark.parametrize(("action", "expected"), [("Accept", ALL), ("Deny", {}), ("Pass", {})])
    def test_a_rule_with_a_peer_of_a_later_api_fails_closed(self, action: str, expected: object) -> None:
        live = cnp(ingress(action, peers="[{clouds: {}}]")).replace(
            "metadata: {name: rule}", "metadata: {name: rule, uid: u, resourceVersion: '1'}"
        )
        assert into_server(live) == expected


class TestPorts:
    """types.go: "If unset …, the rule applies to all protocols and ports"; named ports of the destination pod."""

    def test_a_named_port_means_what_each_destination_declares_whatever_the_protocol(self) -> None:
        server = pod("server", app="server", ports="[{name: web, containerPort: 53, protocol: UDP}]")
        rule = ingress("Deny", ", protocols: [{destinationNamedPort: web}]")
        found = ports_between(engine_of(SHOP, CLIENT, server, cnp(rule)), "shop/client", "shop/server")
        assert found == {"TCP": ALL["TCP"], "UDP": [[1, 52], [54, 65535]], "SCTP": ALL["SCTP"]}

    def test_a_range_means_both_its_ends(self) -> None:
        rule = ingress("Deny", ", protocols: [{tcp: {destinationPort: {range: {start: 80, end: 90}}}}]")
        assert into_server(cnp(rule))["TCP"] == [[1, 79], [91, 65535]]  # type: ignore[index]

    def test_a_port_of_the_older_kinds_is_tcp_unless_it_says_otherwise(self) -> None:
        assert into_server(anp(ingress("Deny", ", ports: [{portNumber: {protocol: UDP, port: 53}}]"))) == {
            "TCP": ALL["TCP"],
            "UDP": [[1, 52], [54, 65535]],
            "SCTP": ALL["SCTP"],
        }


@pytest.mark.parametrize(
    ("engine_id", "expected"),
    [("kubernetes", "denied"), ("azure-npm", "allowed"), ("cilium", "allowed"), ("none", "allowed")],
)
def test_an_engine_that_does_not_know_the_kind_ignores_it(engine_id: str, expected: str) -> None:
    engine = engine_of(SHOP, CLIENT, SERVER, cnp(DENY), profile=profile(engine_id))
    assert verdict(engine) == expected
    noted = [n for n in engine.notes if n.code == "policies-ignored"]
    assert bool(noted) == (engine_id in ("azure-npm", "cilium"))


def test_the_explanation_names_the_rule_that_decided_and_what_it_did() -> None:
    engine = engine_of(SHOP, CLIENT, SERVER, cnp(PASS, "first", priority=1), OPEN, cnp(DENY, "last", "Baseline"))
    ends = {w.ref.name: w for w in engine.snapshot.workloads}
    answer = engine.explain(ends["client"], ends["server"], Protocol.TCP, 80)
    into = answer.directions[1].effects
    assert [(str(e.policy), e.effect, e.rule) for e in into] == [
        ("first[ClusterNetworkPolicy]", "passes", "spec.ingress[0]"),
        ("shop/open[NetworkPolicy]", "permits", "spec.ingress[0]"),
    ]


DENY_IPV4 = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: deny-v4}
spec:
  priority: 10
  subject: {namespaces: {}}
  egress: [{action: Deny, to: [{networks: ["0.0.0.0/0"]}]}]
"""
WORKLOADS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: a}
spec: {selector: {matchLabels: {app: %s}}, template: {metadata: {labels: {app: %s}}, spec: {containers: [{name: c}]}}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: s, namespace: a}
spec: {clusterIP: %s, ports: [{port: 80}]}
"""


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        pytest.param("", Verdict.UNKNOWN, id="of-a-cluster-that-shows-no-address-nobody-knows"),
        pytest.param(SERVICE % "10.0.0.1", Verdict.DENIED, id="in-a-cluster-of-ipv4-every-pod-has-one-of-all-of-ipv4"),
        pytest.param(SERVICE % "fd00::1", Verdict.ALLOWED, id="in-a-cluster-of-ipv6-no-pod-has-one-of-ipv4"),
    ],
)
def test_networks_of_one_family_mean_pods_of_that_family(seen: str, verdict: Verdict) -> None:
    # "Networks allows selecting peers via CIDR blocks": a packet to a pod goes to an address of one family.
    workloads = (WORKLOADS.replace("%s", name) for name in ("one", "two"))
    engine = engine_of(DENY_IPV4, *workloads, *filter(None, [seen]))
    one, two = engine.snapshot.workloads
    assert engine.explain(one, two, Protocol.TCP, 80).verdict == verdict.value
