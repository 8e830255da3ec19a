"""What implementations of networking.k8s.io/v1 get wrong, each as a sentence; expectations are the API's own words.

"types.go" is ``k8s.io/api/networking/v1/types.go``, "the page" is kubernetes.io, "Network Policies".
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from lib.facts.engines import Known
from lib.model.sets import Family, Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import KUBERNETES, EngineProfile, profile
from tests.policy.build import engine_of, namespace, pod, policy, rows_of

ALL = {"TCP": [[1, 65535]], "UDP": [[1, 65535]], "SCTP": [[1, 65535]]}
CLIENT, SERVER = pod("client", app="client"), pod("server", app="server")
NAMESPACES = namespace("shop", team="a"), namespace("other", team="b")
TO_SERVER = "podSelector: {matchLabels: {app: server}}"


def ports_between(engine: Engine, src: str, dst: str) -> dict[str, list[list[int]]]:
    """The ports of the allowed row between two ends by ``namespace/name``; empty without a row."""
    found = {}
    for row in rows_of(engine):
        assert row.verdict.value == "allowed", row
        found[row.src.partition("[")[0], row.dst.partition("[")[0]] = row.ports.to_json()
    return found.get((src, dst), {})


def into_server(spec: str, *more: str, client: str = "shop/client", profile: EngineProfile = KUBERNETES) -> object:
    """What the client may send to the server under one policy that selects the server."""
    engine = engine_of(*NAMESPACES, CLIENT, SERVER, policy(f"{TO_SERVER}\n{spec}"), *more, profile=profile)
    return ports_between(engine, client, "shop/server")


class TestPolicyTypes:
    """types.go: "If this field is not specified, it will default based on the existence of ingress or egress rules"."""

    def test_missing_policy_types_isolate_for_ingress(self) -> None:
        assert into_server("") == {}

    @pytest.mark.parametrize("spec", ["egress: []", "egress: null", "ingress: []"])
    def test_missing_policy_types_without_an_egress_rule_leave_egress_open(self, spec: str) -> None:
        engine = engine_of(CLIENT, SERVER, policy("podSelector: {matchLabels: {app: client}}\n" + spec))
        assert ports_between(engine, "shop/client", "shop/server") == ALL

    def test_missing_policy_types_with_an_egress_rule_isolate_for_both(self) -> None:
        spec = "podSelector: {matchLabels: {app: client}}\negress: [{ports: [{port: 1}]}]"
        engine = engine_of(CLIENT, SERVER, policy(spec))
        assert ports_between(engine, "shop/client", "shop/server") == {"TCP": [[1, 1]]}
        assert ports_between(engine, "shop/server", "shop/client") == {}

    def test_a_policy_for_egress_alone_leaves_ingress_open(self) -> None:
        assert into_server("policyTypes: [Egress]") == ALL


class TestIsolation:
    """The page: "the two sorts of pod isolation"."""

    def test_policies_only_add(self) -> None:
        more = policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 81}}]}}]", name="second")
        assert into_server("ingress: [{ports: [{port: 80}]}]", more) == {"TCP": [[80, 81]]}

    def test_a_flow_needs_both_the_sources_egress_and_the_destinations_ingress(self) -> None:
        leaving = "podSelector: {matchLabels: {app: client}}\npolicyTypes: [Egress]\n"
        leaving += "egress: [{ports: [{port: 80, endPort: 90}]}]"
        more = policy(leaving, name="leaving")
        assert into_server("ingress: [{ports: [{port: 85, endPort: 95}]}]", more) == {"TCP": [[85, 90]]}

    def test_a_pod_of_another_namespace_is_never_selected(self) -> None:
        elsewhere = policy("podSelector: {}", namespace="other")
        engine = engine_of(*NAMESPACES, CLIENT, SERVER, elsewhere)
        assert ports_between(engine, "shop/client", "shop/server") == ALL

    def test_a_pod_cannot_block_itself(self) -> None:
        engine = engine_of(SERVER, policy("podSelector: {}\npolicyTypes: [Ingress, Egress]"))
        server = engine.snapshot.pods[0]
        answer = engine.explain(server, server, Protocol.TCP, 80)
        assert answer.verdict == "allowed"
        assert answer.directions[0].reason == "a pod cannot block traffic to itself"
        assert [r for r in rows_of(engine) if "External" not in r.src + r.dst] == []


class TestPeers:
    """types.go, NetworkPolicyPeer and NetworkPolicyIngressRule.From."""

    @pytest.mark.parametrize("rule", ["{}", "{from: []}", "{from: null}"])
    def test_missing_or_empty_peers_mean_everybody_outside_included(self, rule: str) -> None:
        spec = f"{TO_SERVER}\ningress: [{rule}]"
        engine = engine_of(CLIENT, SERVER, policy(spec))
        assert ports_between(engine, "shop/client", "shop/server") == ALL
        assert ports_between(engine, "0.0.0.0-255.255.255.255", "shop/server") == ALL

    @pytest.mark.parametrize("rules", ["ingress: []", "ingress: null", ""])
    def test_an_empty_list_of_rules_permits_nothing(self, rules: str) -> None:
        assert into_server(rules) == {}

    def test_an_empty_pod_selector_means_the_policys_own_namespace_only(self) -> None:
        stranger = pod("stranger", namespace="other")
        rule = "ingress: [{from: [{podSelector: {}}]}]"
        assert into_server(rule, stranger) == ALL
        assert into_server(rule, stranger, client="other/stranger") == {}

    def test_an_empty_namespace_selector_means_all_namespaces(self) -> None:
        stranger = pod("stranger", namespace="other")
        rule = "ingress: [{from: [{namespaceSelector: {}}]}]"
        assert into_server(rule, stranger) == ALL
        assert into_server(rule, stranger, client="other/stranger") == ALL

    def test_both_selectors_in_one_item_must_both_match(self) -> None:
        strangers = pod("friend", namespace="other", app="client"), pod("foe", namespace="other", app="else")
        rule = "ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}, "
        rule += "podSelector: {matchLabels: {app: client}}}]}]"
        assert into_server(rule, *strangers, client="other/friend") == ALL
        assert into_server(rule, *strangers, client="other/foe") == {}
        assert into_server(rule, *strangers, client="shop/client") == {}

    def test_two_items_are_alternatives(self) -> None:
        strangers = pod("friend", namespace="other", app="client"), pod("foe", namespace="other", app="else")
        rule = "ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}, "
        rule += "{podSelector: {matchLabels: {app: client}}}]}]"
        assert into_server(rule, *strangers, client="other/foe") == ALL
        assert into_server(rule, *strangers, client="shop/client") == ALL

    @pytest.mark.parametrize(
        ("expression", "matches"),
        [
            ("{key: app, operator: In, values: [client, x]}", True),
            ("{key: app, operator: In, values: [x]}", False),
            ("{key: app, operator: NotIn, values: [client]}", False),
            ("{key: absent, operator: NotIn, values: [client]}", True),
            ("{key: app, operator: Exists}", True),
            ("{key: absent, operator: Exists}", False),
            ("{key: app, operator: DoesNotExist}", False),
            ("{key: absent, operator: DoesNotExist}", True),
        ],
    )
    def test_not_in_and_does_not_exist_match_an_absent_key(self, expression: str, matches: bool) -> None:
        rule = f"ingress: [{{from: [{{podSelector: {{matchExpressions: [{expression}]}}}}]}}]"
        assert into_server(rule) == (ALL if matches else {})

    def test_expressions_and_labels_are_anded(self) -> None:
        rule = "ingress: [{from: [{podSelector: {matchLabels: {app: client}, matchExpressions: "
        assert into_server(rule + "[{key: tier, operator: Exists}]}}]}]") == {}
        assert into_server(rule + "[{key: tier, operator: DoesNotExist}]}}]}]") == ALL

    def test_the_name_label_of_a_namespace_is_there_without_being_written(self) -> None:
        rule = "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]"
        stranger = pod("stranger", namespace="other")
        assert into_server(rule, stranger, client="other/stranger") == ALL
        assert into_server(rule, stranger) == {}


class TestPorts:
    """types.go, NetworkPolicyPort."""

    @pytest.mark.parametrize("rule", ["{}", "{ports: []}", "{ports: null}"])
    def test_missing_or_empty_ports_mean_all_ports_of_all_protocols(self, rule: str) -> None:
        assert into_server(f"ingress: [{rule}]") == ALL

    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ("{}", {"TCP": [[1, 65535]]}),
            ("{protocol: UDP}", {"UDP": [[1, 65535]]}),
            ("{port: 80}", {"TCP": [[80, 80]]}),
            ("{port: 80, protocol: SCTP}", {"SCTP": [[80, 80]]}),
            ("{port: 80, endPort: 80}", {"TCP": [[80, 80]]}),
            ("{port: 1, endPort: 65535}", {"TCP": [[1, 65535]]}),
            ("{port: 65535}", {"TCP": [[65535, 65535]]}),
            ("{port: 65534}", {"TCP": [[65534, 65534]]}),
            ("{port: 1}", {"TCP": [[1, 1]]}),
            ("{port: 2, endPort: 65534}", {"TCP": [[2, 65534]]}),
        ],
    )
    def test_a_port_item_means(self, item: str, expected: object) -> None:
        assert into_server(f"ingress: [{{ports: [{item}]}}]") == expected

    def test_a_named_port_is_what_each_destination_declares(self) -> None:
        a = pod("a", ports="[{name: web, containerPort: 8080}]", app="server")
        b = pod("b", ports="[{name: web, containerPort: 9090}]", app="server")
        engine = engine_of(CLIENT, a, b, policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: web}}]}}]"))
        assert ports_between(engine, "shop/client", "shop/a") == {"TCP": [[8080, 8080]]}
        assert ports_between(engine, "shop/client", "shop/b") == {"TCP": [[9090, 9090]]}

    def test_a_named_port_of_an_egress_rule_resolves_on_the_destination_too(self) -> None:
        client = pod("client", ports="[{name: web, containerPort: 1}]", app="client")
        server = pod("server", ports="[{name: web, containerPort: 8080}]", app="server")
        spec = "podSelector: {matchLabels: {app: client}}\npolicyTypes: [Egress]\negress: [{ports: [{port: web}]}]"
        engine = engine_of(client, server, policy(spec))
        assert ports_between(engine, "shop/client", "shop/server") == {"TCP": [[8080, 8080]]}

    def test_a_named_port_that_the_destination_does_not_declare_is_no_traffic(self) -> None:
        assert into_server("ingress: [{ports: [{port: web}]}]") == {}

    def test_a_named_port_matches_name_and_protocol(self) -> None:
        both = "[{name: dns, containerPort: 53, protocol: UDP}, {name: dns, containerPort: 5353, protocol: TCP}]"
        udp = "[{name: dns, containerPort: 53, protocol: UDP}]"
        spec = f"{TO_SERVER}\ningress: [{{ports: [{{port: dns, protocol: TCP}}]}}]"
        for ports, expected in ((both, {"TCP": [[5353, 5353]]}), (udp, {})):
            # The API server wants names to differ inside one container; two containers may repeat one.
            first, _, second = ports.strip("[]").partition("}, ")
            server = pod("server", ports=f"[{first}{'}' if second else ''}]", app="server")
            if second:
                server += f"  - {{name: helper, image: example.org/a, ports: [{second}]}}\n"
                server = server.replace("containers: [{", "containers:\n  - {").replace("}]}]", "}]}")
            engine = engine_of(CLIENT, server, policy(spec))
            assert ports_between(engine, "shop/client", "shop/server") == expected

    def test_a_named_port_means_nothing_for_an_address_block(self) -> None:
        spec = "podSelector: {}\npolicyTypes: [Egress]\n"
        spec += "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: web}, {port: 53, protocol: UDP}]}]"
        engine = engine_of(CLIENT, policy(spec))
        assert ports_between(engine, "shop/client", "0.0.0.0-255.255.255.255") == {"UDP": [[53, 53]]}

    @pytest.mark.parametrize(("restart", "expected"), [("restartPolicy: Always, ", {"TCP": [[7, 7]]}), ("", {})])
    def test_only_a_sidecar_among_init_containers_resolves_a_named_port(self, restart: str, expected: object) -> None:
        helper = f"{{name: helper, image: example.org/b, {restart}ports: [{{name: web, containerPort: 7}}]}}"
        server = pod("server", app="server") + f"  initContainers: [{helper}]\n"
        engine = engine_of(CLIENT, server, policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: web}}]}}]"))
        assert ports_between(engine, "shop/client", "shop/server") == expected


def with_address(text: str, address: str, phase: str = "Running") -> str:
    """A pod with a status."""
    return text + f"status: {{phase: {phase}, podIP: {address}, podIPs: [{{ip: '{address}'}}]}}\n"


class TestAddresses:
    """types.go, IPBlock; the page: "These should be cluster-external IPs"."""

    BLOCK = "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]"

    def test_an_except_takes_addresses_out(self) -> None:
        engine = engine_of(SERVER, policy(f"{TO_SERVER}\n{self.BLOCK}"))
        assert ports_between(engine, "10.0.0.0-10.0.255.255", "shop/server") == ALL
        assert ports_between(engine, "10.2.0.0-10.255.255.255", "shop/server") == ALL
        ends = {row.src for row in rows_of(engine)}
        assert len([e for e in ends if e.endswith("[External]")]) == 2

    @pytest.mark.parametrize(
        ("block", "ranges"),
        [
            ("cidr: 10.0.0.4/30", ["10.0.0.4-10.0.0.7"]),
            ("cidr: 10.0.0.4/32", ["10.0.0.4-10.0.0.4"]),
            ("cidr: 10.0.0.0/29, except: [10.0.0.0/32, 10.0.0.7/32]", ["10.0.0.1-10.0.0.6"]),
            ("cidr: 10.0.0.0/30, except: [10.0.0.1/32]", ["10.0.0.0-10.0.0.0", "10.0.0.2-10.0.0.3"]),
            ("cidr: 0.0.0.0/32", ["0.0.0.0-0.0.0.0"]),
            ("cidr: 255.255.255.254/31", ["255.255.255.254-255.255.255.255"]),
            ("cidr: 0.0.0.0/0, except: [255.255.255.255/32]", ["0.0.0.0-255.255.255.254"]),
            ("cidr: 'fd00::4/126'", ["fd00::4-fd00::7"]),
            (
                "cidr: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127'",
                ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
            ),
        ],
    )
    def test_a_block_means_its_addresses_to_the_last(self, block: str, ranges: list[str]) -> None:
        engine = engine_of(SERVER, policy(f"{TO_SERVER}\ningress: [{{from: [{{ipBlock: {{{block}}}}}]}}]"))
        assert [r.src.partition("[")[0] for r in rows_of(engine) if r.dst == "shop/server[Pod]"] == ranges

    @pytest.mark.parametrize("pods", [True, False])
    @pytest.mark.parametrize("nodes", [True, False])
    def test_whether_a_block_matches_pods_and_whether_it_matches_nodes_are_two_answers(
        self, pods: bool, nodes: bool
    ) -> None:
        reading = replace(
            KUBERNETES.with_ip_blocks_matching_pods(pods), ip_block_matches_nodes=Known.YES if nodes else Known.NO
        )
        agent = on_node(pod("agent", host=True), "node-1")
        client, server = with_address(CLIENT, "10.9.0.77"), on_node(with_address(SERVER, "10.8.0.8"), "node-2")
        rule = policy(f"{TO_SERVER}\ningress: [{{from: [{{ipBlock: {{cidr: 10.9.0.0/16}}}}]}}]")
        engine = engine_of(NODES, agent, on_node(client, "node-2"), server, rule, profile=reading)
        assert (ports_between(engine, "shop/client", "shop/server") == ALL) is pods
        assert (ports_between(engine, "shop/agent", "shop/server") == ALL) is nodes

    def test_an_exemption_by_address_and_a_selector_do_not_exclude_each_other(self) -> None:
        spec = f"{TO_SERVER}\ningress: [{{from: [{{ipBlock: {{cidr: 10.0.0.0/8}}}}, {{podSelector: {{}}}}]}}]"
        client = with_address(CLIENT, "10.0.0.7")
        for matches in (True, False):
            reading = KUBERNETES.with_ip_blocks_matching_pods(matches)
            engine = engine_of(client, SERVER, policy(spec), profile=reading)
            assert ports_between(engine, "shop/client", "shop/server") == ALL

    def test_an_except_denies_nothing_that_another_rule_permits(self) -> None:
        more = policy(f"{TO_SERVER}\ningress: [{{from: [{{ipBlock: {{cidr: 10.1.2.0/24}}}}]}}]", name="more")
        engine = engine_of(SERVER, policy(f"{TO_SERVER}\n{self.BLOCK}"), more)
        assert ports_between(engine, "10.1.2.0-10.1.2.255", "shop/server") == ALL

    @pytest.mark.parametrize(
        ("engine_id", "verdict"),
        [("kubernetes", "denied"), ("cilium", "denied"), ("azure-npm", "allowed"), ("calico", "allowed")],
    )
    def test_whether_an_address_block_matches_a_pod_is_the_engines_answer(self, engine_id: str, verdict: str) -> None:
        client = with_address(CLIENT, "10.0.0.7")
        engine = engine_of(client, SERVER, policy(f"{TO_SERVER}\n{self.BLOCK}"), profile=profile(engine_id))
        workloads = {w.ref.name: w for w in engine.snapshot.workloads}
        assert engine.explain(workloads["client"], workloads["server"], Protocol.TCP, 80).verdict == verdict

    def test_a_block_over_known_pod_addresses_that_does_not_match_pods_is_warned_of(self) -> None:
        client = with_address(CLIENT, "10.0.0.7")
        engine = engine_of(client, SERVER, policy(f"{TO_SERVER}\n{self.BLOCK}"))
        assert [n.code for n in engine.notes if n.severity.label == "warning"] == ["ip-block-covers-pods"]

    def test_where_blocks_match_pods_a_pod_without_known_address_is_unknown(self) -> None:
        yes = KUBERNETES.with_ip_blocks_matching_pods(True)
        engine = engine_of(CLIENT, SERVER, policy(f"{TO_SERVER}\n{self.BLOCK}"), profile=yes)
        (row,) = (r for r in rows_of(engine) if r.src == "shop/client[Pod]" and r.dst == "shop/server[Pod]")
        assert (row.verdict.value, row.ports.to_json()) == ("unknown", ALL)
        assert "address" in row.reason

    def test_everything_of_one_family_does_not_cover_the_other(self) -> None:
        spec = "podSelector: {}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"
        engine = engine_of(CLIENT, policy(spec))
        assert ports_between(engine, "shop/client", "0.0.0.0-255.255.255.255") == ALL
        ends = {r.dst for r in rows_of(engine)}
        assert not [e for e in ends if e.startswith("::")]

    def test_the_outside_is_two_rows_where_no_policy_cuts_it(self) -> None:
        rows = [(r.src, r.dst) for r in rows_of(engine_of(CLIENT))]
        ipv4 = "0.0.0.0-255.255.255.255[External]"
        ipv6 = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]"
        me = "shop/client[Pod]"
        assert rows == [(me, ipv4), (me, ipv6), (ipv4, me), (ipv6, me)]


def dual(text: str, number: int) -> str:
    """A running pod with an address of each family."""
    return text + f"status: {{phase: Running, podIPs: [{{ip: 10.0.0.{number}}}, {{ip: 'fd00::{number}'}}]}}\n"


class TestDualStack:
    """A packet is of one family, and each side's policies judge the packet."""

    @staticmethod
    def ports(egress: str, ingress: str, verdict: str = "partial") -> object:
        leaving = policy(f"podSelector: {{matchLabels: {{app: client}}}}\npolicyTypes: [Egress]\negress: [{egress}]")
        arriving = policy(f"{TO_SERVER}\ningress: [{ingress}]", name="arriving")
        by_address = KUBERNETES.with_ip_blocks_matching_pods(True)
        engine = engine_of(dual(CLIENT, 1), dual(SERVER, 2), leaving, arriving, profile=by_address)
        between = [r for r in rows_of(engine) if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]")]
        assert [row.verdict.value for row in between] in ([], [verdict])
        found = between[0].ports.to_json() if between else {}
        workloads = {w.ref.name: w for w in engine.snapshot.workloads}
        answer = engine.explain(workloads["client"], workloads["server"])
        assert answer.verdict == (verdict if found else "denied")
        assert answer.connections.to_json() == (found if verdict == "allowed" else {})
        if not found:
            assert "denied" in {d.verdict for d in answer.directions}
        return found

    IPV4, IPV6 = "ipBlock: {cidr: 0.0.0.0/0}", "ipBlock: {cidr: '::/0'}"

    def test_what_one_side_permits_for_ipv4_and_the_other_for_ipv6_is_not_permitted(self) -> None:
        assert self.ports(f"{{to: [{{{self.IPV4}}}]}}", f"{{from: [{{{self.IPV6}}}]}}") == {}
        assert self.ports(f"{{to: [{{{self.IPV6}}}]}}", f"{{from: [{{{self.IPV4}}}]}}") == {}

    def test_one_family_that_both_sides_permit_is_permitted_in_part(self) -> None:
        assert self.ports(f"{{to: [{{{self.IPV4}}}]}}", f"{{from: [{{{self.IPV4}}}]}}") == ALL
        assert self.ports(f"{{to: [{{{self.IPV6}}}]}}", f"{{from: [{{{self.IPV4}}}, {{{self.IPV6}}}]}}") == ALL

    def test_both_families_that_both_sides_permit_are_permitted(self) -> None:
        both = f"[{{{self.IPV4}}}, {{{self.IPV6}}}]"
        assert self.ports(f"{{to: {both}}}", f"{{from: {both}}}", "allowed") == ALL
        assert self.ports(f"{{to: {both}}}", "{from: [{podSelector: {}}]}", "allowed") == ALL

    def test_a_selector_means_a_pod_for_both_families(self) -> None:
        assert self.ports(f"{{to: [{{{self.IPV6}}}]}}", "{from: [{podSelector: {}}]}") == ALL
        assert self.ports("{}", f"{{from: [{{{self.IPV4}}}]}}") == ALL

    def test_ports_meet_inside_a_family_only(self) -> None:
        def both(field: str, ipv4: int, ipv6: int) -> str:
            return (
                f"{{{field}: [{{{self.IPV4}}}], ports: [{{port: {ipv4}}}]}}, "
                f"{{{field}: [{{{self.IPV6}}}], ports: [{{port: {ipv6}}}]}}"
            )

        assert self.ports(both("to", 80, 81), both("from", 81, 80)) == {}
        assert self.ports(both("to", 80, 81), both("from", 80, 82)) == {"TCP": [[80, 80]]}

    def test_blocks_over_all_addresses_mean_a_pod_whose_address_is_not_known(self) -> None:
        spec = f"{TO_SERVER}\ningress: [{{from: [{{{self.IPV4}}}, {{{self.IPV6}}}]}}]"
        by_address = KUBERNETES.with_ip_blocks_matching_pods(True)
        engine = engine_of(CLIENT, SERVER, policy(spec), profile=by_address)
        assert ports_between(engine, "shop/client", "shop/server") == ALL


class TestEndpoints:
    """Who is an endpoint at all."""

    @pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
    def test_an_ended_pod_is_neither_source_nor_destination(self, phase: str) -> None:
        engine = engine_of(with_address(CLIENT, "10.0.0.7", phase), SERVER)
        assert not [r for r in rows_of(engine) if "client" in r.src + r.dst]

    def test_a_pending_pod_without_address_is_no_endpoint_yet(self) -> None:
        engine = engine_of(CLIENT + "status: {phase: Pending}\n", SERVER)
        assert not [r for r in rows_of(engine) if "client" in r.src + r.dst]


NODES = """
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-2}
status: {addresses: [{type: InternalIP, address: 10.9.0.2}]}
"""


def on_node(text: str, node: str) -> str:
    """A pod that runs on a node."""
    return text.replace("spec:\n", f"spec:\n  nodeName: {node}\n")


class TestNodes:
    """types.go: "(OR if the traffic source is the pod's local node)"; the page on hostNetwork pods."""

    DENY = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]")

    def verdict(self, src: str, dst: str, *documents: str, engine_id: str = "kubernetes") -> str:
        engine = engine_of(NODES, *documents, profile=profile(engine_id))
        ends = {w.ref.name: w for w in engine.snapshot.workloads} | {n.name: n for n in engine.snapshot.nodes}
        return engine.explain(ends[src], ends[dst], Protocol.TCP, 80).verdict

    def test_a_host_network_pod_is_never_isolated(self) -> None:
        agent = pod("agent", host=True)
        assert self.verdict("server", "agent", agent, SERVER, policy("podSelector: {}")) == "allowed"

    def test_a_host_network_pod_is_no_peer_by_its_labels(self) -> None:
        agent = on_node(pod("agent", host=True, app="client"), "node-1")
        allow = policy("podSelector: {}\ningress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]")
        assert self.verdict("agent", "server", agent, on_node(SERVER, "node-2"), allow) == "denied"

    def test_a_host_network_pod_is_a_peer_by_its_nodes_address(self) -> None:
        agent = on_node(pod("agent", host=True), "node-1")
        allow = policy("podSelector: {}\ningress: [{from: [{ipBlock: {cidr: 10.9.0.1/32}}]}]")
        assert self.verdict("agent", "server", agent, on_node(SERVER, "node-2"), allow) == "allowed"

    @pytest.mark.parametrize("status", ["hostIP: 10.0.0.2", "hostIPs: [{ip: 10.0.0.2}]", "podIPs: [{ip: 10.0.0.2}]"])
    @pytest.mark.parametrize("block", ["10.0.0.2/32", "fd00::2/128"])
    def test_a_host_network_pod_may_use_each_address_of_its_node(self, status: str, block: str) -> None:
        """An older status shows one of them, and in hostIP alone."""
        node = """
            apiVersion: v1
            kind: Node
            metadata: {name: two}
            status: {addresses: [{type: InternalIP, address: 10.0.0.2}, {type: InternalIP, address: "fd00::2"}]}
            """
        agent = on_node(pod("agent", host=True), "two") + f"status: {{phase: Running, {status}}}\n"
        web = pod("web") + "status: {phase: Running, podIPs: [{ip: 10.244.0.9}, {ip: 'fd01::9'}]}\n"
        allowed = policy(f"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: '{block}'}}}}]}}]}}")
        engine = engine_of(namespace("shop"), node, agent, web, allowed)
        ends = tuple(parse_end(name, engine.snapshot) for name in ("shop/agent", "shop/web"))
        # Only packets of the block's family are permitted.
        assert engine.explain(*ends).verdict == "partial"
        own, other = (Family.IPV6, Family.IPV4) if ":" in block else (Family.IPV4, Family.IPV6)
        assert engine.explain(*ends, family=own).verdict == "allowed"
        # Whether the pod is on this node, whose traffic is exempt, the input does not show.
        assert engine.explain(*ends, family=other).verdict == "unknown"

    def test_a_node_always_reaches_its_own_pods(self) -> None:
        server = on_node(SERVER, "node-1")
        assert self.verdict("node-1", "server", server, self.DENY) == "allowed"
        assert self.verdict("node-2", "server", server, self.DENY) == "denied"

    def test_a_host_network_pod_always_reaches_the_pods_of_its_node(self) -> None:
        agent, server = on_node(pod("agent", host=True), "node-1"), on_node(SERVER, "node-1")
        assert self.verdict("agent", "server", agent, server, self.DENY) == "allowed"
        assert ports_between(engine_of(NODES, agent, server, self.DENY), "shop/agent", "shop/server") == ALL

    def test_whose_node_is_not_known_is_unknown(self) -> None:
        agent = pod("agent", host=True)
        assert self.verdict("agent", "server", agent, SERVER, self.DENY) == "unknown"
        rows = rows_of(engine_of(agent, SERVER, self.DENY))
        (row,) = (r for r in rows if r.src == "shop/agent[Pod]" and r.dst == "shop/server[Pod]")
        assert (row.verdict.value, row.host) == ("unknown", True)
        assert "node" in row.reason

    @pytest.mark.parametrize(
        ("engine_id", "verdict"),
        [("kubernetes", "allowed"), ("azure-npm", "allowed"), ("cilium", "denied"), ("calico", "denied")],
    )
    def test_whether_a_pod_always_reaches_its_own_node_is_the_engines_answer(
        self, engine_id: str, verdict: str
    ) -> None:
        server = on_node(SERVER, "node-1")
        assert self.verdict("server", "node-1", server, self.DENY, engine_id=engine_id) == verdict

    @pytest.mark.parametrize(("engine_id", "verdict"), [("kubernetes", "allowed"), ("cilium", "denied")])
    def test_whether_an_address_block_matches_a_node_is_the_engines_answer(self, engine_id: str, verdict: str) -> None:
        spec = "podSelector: {}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 10.9.0.0/24}}]}]"
        server = on_node(SERVER, "node-1")
        assert self.verdict("server", "node-2", server, policy(spec), engine_id=engine_id) == verdict

    def test_no_engine_enforces_nothing(self) -> None:
        assert self.verdict("client", "server", CLIENT, SERVER, self.DENY, engine_id="none") == "allowed"

    def test_only_pods_of_one_node_make_a_partial_row(self) -> None:
        owner = "ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: app, uid: u, controller: true}]"
        pods = [on_node(pod(f"app-{i}").replace("labels:", f"{owner}, labels:"), f"node-{i}") for i in (1, 2)]
        engine = engine_of(NODES, on_node(pod("agent", host=True), "node-1"), *pods, self.DENY)
        (row,) = (r for r in rows_of(engine) if r.src == "shop/agent[Pod]" and r.dst == "shop/app[DaemonSet]")
        assert (row.verdict.value, row.pods, row.host) == ("partial", "1/2", True)


class TestWorkloads:
    """One row for a workload, whatever its pods."""

    def test_pods_that_differ_make_partial_rows_and_the_rest_is_allowed(self) -> None:
        owner = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]"
        pods = [pod(f"db-{i}", app="db", index=str(i)).replace("labels:", f"{owner}, labels:") for i in range(3)]
        spec = "podSelector: {matchLabels: {app: db}}\ningress: [{ports: [{port: 1}]}]"
        first = "podSelector: {matchLabels: {index: '0'}}\ningress: [{ports: [{port: 1, endPort: 2}]}]"
        engine = engine_of(CLIENT, *pods, policy(spec), policy(first, name="first"))
        rows = [r for r in rows_of(engine) if r.src == "shop/client[Pod]" and r.dst == "shop/db[StatefulSet]"]
        assert [(r.verdict.value, r.ports.to_json(), r.pods) for r in rows] == [
            ("allowed", {"TCP": [[1, 1]]}, ""),
            ("partial", {"TCP": [[2, 2]]}, "1/3"),
        ]

    def test_the_address_of_a_pod_is_that_pod(self) -> None:
        client, server = with_address(CLIENT, "10.0.0.7"), with_address(SERVER, "10.0.0.8")
        engine = engine_of(client, server, policy(f"{TO_SERVER}\ningress: [{{from: [{{podSelector: {{}}}}]}}]"))
        ends = ip_address("10.0.0.7"), ip_address("10.0.0.8")
        assert engine.explain(*ends, Protocol.TCP, 80).verdict == "allowed"
