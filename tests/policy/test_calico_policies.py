"""Calico's policies, each rule of theirs as a sentence.

Expectations are from docs.tigera.io ("Network policy", "Global network policy", "Tiered policy") and from felix and
libcalico-go of projectcalico/calico.
"""

from __future__ import annotations

import pytest

from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import profile
from lib.policy.projection import ARBITRARY_NAMESPACE
from tests.policy.build import engine_of, namespace, pod, policy, rows_of
from tests.policy.test_cluster_policies import DENY, anp, banp, cnp
from tests.policy.test_cluster_policies import PASS as PASS_ON
from tests.policy.test_semantics import ALL, NODES, SERVER, on_node, ports_between, with_address

SHOP, OTHER = namespace("shop", team="a"), namespace("other", team="b")
CLIENT = pod("client", app="client") + "status: {phase: Running, podIPs: [{ip: 10.244.1.5}]}\n"
CLIENT_ONLY = pod("client", app="client")
STRANGER = pod("client", namespace="other", app="client")


def of(kind: str, spec: str, name: str = "rule", scope: str = "", version: str = "projectcalico.org/v3") -> str:
    where = f", namespace: {scope}" if scope else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\nspec: {{{spec}}}\n"


def np(spec: str, name: str = "rule", order: str = "") -> str:
    """A NetworkPolicy of Calico's about the server."""
    order = f"order: {order}, " if order else ""
    return of("NetworkPolicy", f"{order}selector: app == 'server', {spec}", name, "shop")


def gnp(spec: str, name: str = "rule", order: str = "", tier: str = "") -> str:
    """A GlobalNetworkPolicy about the server."""
    order = f"order: {order}, " if order else ""
    tier = f"tier: {tier}, " if tier else ""
    return of("GlobalNetworkPolicy", f"{order}{tier}selector: app == 'server', {spec}", name)


def ingress(*rules: str) -> str:
    return f"types: [Ingress], ingress: [{', '.join(rules)}]"


ALLOW, DENIES, PASS, LOG = (f"{{action: {action}}}" for action in ("Allow", "Deny", "Pass", "Log"))


def engine(*documents: str) -> Engine:
    return engine_of(SHOP, OTHER, CLIENT, STRANGER, SERVER, *documents)


def into_server(*documents: str, client: str = "shop/client") -> object:
    return ports_between(engine(*documents), client, "shop/server")


def verdict(*documents: str, src: str = "shop/client[Pod]") -> str:
    asked = engine(*documents)
    ends = (parse_end(src, asked.snapshot), parse_end("shop/server[Pod]", asked.snapshot))
    return asked.explain(*ends, Protocol.TCP, 80).verdict


class TestOrder:
    """ "Policies with lower order are evaluated first"; without one, last; the first rule that matches decides."""

    @pytest.mark.parametrize(
        ("documents", "expected"),
        [
            pytest.param([np(ingress(ALLOW))], ALL, id="Allow is final"),
            pytest.param([np(ingress(DENIES, ALLOW))], {}, id="the first rule that matches decides"),
            pytest.param([np(ingress(LOG, ALLOW))], ALL, id="Log decides nothing"),
            pytest.param([np(ingress())], {}, id="what no rule decides is denied at the tier's end"),
            pytest.param([gnp(ingress(DENIES), order="20"), gnp(ingress(ALLOW), "b", "10")], ALL, id="lower first"),
            pytest.param([gnp(ingress(DENIES), order="20"), gnp(ingress(ALLOW), "b")], {}, id="without order last"),
            pytest.param([gnp(ingress(DENIES), "a"), gnp(ingress(ALLOW), "b")], {}, id="equals of one kind by name"),
            pytest.param([gnp("types: [Egress], egress: []")], ALL, id="the other direction stays open"),
        ],
    )
    def test_of_policies(self, documents: list[str], expected: object) -> None:
        assert into_server(*documents) == expected

    def test_kubernetes_policies_stand_at_order_1000(self) -> None:
        of_kubernetes = policy("podSelector: {matchLabels: {app: server}}\ningress: [{}]")
        assert into_server(of_kubernetes, gnp(ingress(DENIES), order="999")) == {}
        assert into_server(of_kubernetes, gnp(ingress(DENIES), order="1001")) == ALL
        assert verdict(of_kubernetes, gnp(ingress(DENIES), order="1000")) == "unknown"

    def test_of_equal_order_in_different_scopes_the_first_depends_on_calicos_version(self) -> None:
        assert verdict(gnp(ingress(DENIES), "deny"), np(ingress(ALLOW), "allow")) == "unknown"
        assert verdict(gnp(ingress(), "deny"), np(ingress(ALLOW), "allow")) == "allowed"


ANP_TIER, BANP_TIER = "adminnetworkpolicy", "baselineadminnetworkpolicy"


class TestTiers:
    """ "Tiers with lower order are evaluated first"; Pass goes to the next one."""

    PLATFORM = of("Tier", "order: 100", "platform")
    OPEN_END = of("Tier", "order: 100, defaultAction: Pass", "platform")

    def test_pass_goes_to_the_next_tier(self) -> None:
        assert into_server(self.PLATFORM, gnp(ingress(PASS), tier="platform"), np(ingress(DENIES), "b")) == {}
        assert into_server(self.PLATFORM, gnp(ingress(PASS), tier="platform"), np(ingress(ALLOW), "b")) == ALL
        assert into_server(self.PLATFORM, gnp(ingress(PASS), tier="platform")) == ALL

    @pytest.mark.parametrize(("name", "expected"), [("abc", {}), ("zzz", ALL)])
    def test_of_equal_orders_the_tier_whose_name_comes_first_is_asked_first(self, name: str, expected: object) -> None:
        """The default tier, of order 1,000,000, is called so even where NetworkPolicies alone stand in it."""
        tier = of("Tier", "order: 1000000", name)
        denying = gnp(ingress(DENIES), f"{name}.g", tier=name)
        assert into_server(tier, denying, policy("podSelector: {}\ningress: [{}]")) == expected

    def test_a_tier_that_selects_a_pod_and_decides_nothing_denies_unless_its_default_is_pass(self) -> None:
        rule = gnp(ingress("{action: Allow, protocol: UDP}"), tier="platform")
        assert into_server(self.PLATFORM, rule) == {"UDP": ALL["UDP"]}
        assert into_server(self.OPEN_END, rule) == ALL

    def test_a_tier_comes_before_the_default_one(self) -> None:
        assert into_server(self.PLATFORM, gnp(ingress(DENIES), tier="platform"), np(ingress(ALLOW), "b")) == {}

    @pytest.mark.parametrize(
        ("documents", "expected"),
        [
            pytest.param([anp(DENY, priority=10), gnp(ingress(ALLOW), "a", "50", ANP_TIER)], {}, id="ANP first"),
            pytest.param([anp(DENY, priority=60), gnp(ingress(ALLOW), "a", "50", ANP_TIER)], ALL, id="ANP behind"),
            pytest.param([anp(DENY, priority=60), gnp(ingress(PASS), "a", "50", ANP_TIER)], ALL, id="Pass skips it"),
            pytest.param([anp(PASS_ON, priority=10), gnp(ingress(DENIES), "a", "50", ANP_TIER)], ALL, id="it Passes"),
            pytest.param([banp(DENY), gnp(ingress(ALLOW), "a", "999", BANP_TIER)], ALL, id="BANP at 1000"),
            pytest.param([banp(DENY), gnp(ingress(ALLOW), "a", "1001", BANP_TIER)], {}, id="BANP before 1001"),
            pytest.param([cnp(DENY, priority=60), gnp(ingress(ALLOW), "a", "50", "kube-admin")], ALL, id="CNP behind"),
        ],
    )
    def test_policies_in_the_tiers_of_kubernetes_are_ordered_with_those_of_its_kinds(
        self, documents: list[str], expected: object
    ) -> None:
        assert into_server(*documents) == expected

    def test_of_equals_of_two_kinds_in_a_tier_the_first_is_not_known(self) -> None:
        assert verdict(anp(DENY, priority=10), gnp(ingress(ALLOW), order="10", tier=ANP_TIER)) == "unknown"

    def test_the_tier_of_the_newer_kind_has_another_name(self) -> None:
        tier = of("Tier", "order: 1000", "basic")
        assert into_server(tier, gnp(ingress(ALLOW), tier="basic"), cnp(DENY)) == ALL
        assert into_server(tier, gnp(ingress(ALLOW), tier="basic"), anp(DENY)) == {}

    def test_of_equal_orders_the_tier_comes_first_whose_name_does(self) -> None:
        # AdminNetworkPolicies are in a tier of order 1000 called adminnetworkpolicy.
        for name, expected in (("platform", {}), ("aaa", ALL)):
            tier = of("Tier", "order: 1000", name)
            assert into_server(tier, gnp(ingress(ALLOW), tier=name), anp(DENY)) == expected


HOST = on_node(pod("agent", host=True), "node-1")
ON_NODE = on_node(SERVER, "node-1")


class TestOwnNode:
    """ "Protect hosts": nodes reach their own pods; what pods send there "passes any egress policy" first."""

    @pytest.mark.parametrize(
        "rules",
        [ingress(), ingress(DENIES), "types: [Ingress], ingress: [{action: Deny, source: {nets: [0.0.0.0/0]}}]"],
    )
    def test_a_node_reaches_its_own_pods_whatever_policies_say(self, rules: str) -> None:
        assert self.between(gnp(rules), "shop/agent", "shop/server") == "allowed"

    @pytest.mark.parametrize("more", [[], [anp(DENY)]])
    def test_so_it_does_under_every_kind_that_calico_enforces(self, more: list[str]) -> None:
        documents = [policy("podSelector: {}", name="closed"), *more]
        assert self.between(*documents, "shop/agent", "shop/server", engine_id="calico") == "allowed"

    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            ("egress: []", "denied"),
            ("egress: [{action: Deny}]", "denied"),
            ("egress: [{action: Allow, protocol: UDP}]", "denied"),
            ("egress: [{action: Allow}]", "allowed"),
        ],
    )
    def test_a_pod_reaches_its_own_node_only_by_its_egress_policy(self, rules: str, expected: str) -> None:
        assert self.between(gnp(f"types: [Egress], {rules}"), "shop/server", "shop/agent") == expected

    def between(self, *documents: str, engine_id: str = "kubernetes") -> str:
        *policies, src, dst = documents
        asked = engine_of(SHOP, NODES, HOST, ON_NODE, *policies, profile=profile(engine_id))
        ends = (parse_end(f"{end}[Pod]", asked.snapshot) for end in (src, dst))
        answer = asked.explain(*ends, Protocol.TCP, 80).verdict
        rows = {(r.src, r.dst) for r in rows_of(asked) if 80 in r.ports[Protocol.TCP]}
        assert ((f"{src}[Pod]", f"{dst}[Pod]") in rows) == (answer == "allowed")
        return answer


class TestTypes:
    """ "types" says which directions a policy is about; without it the rules do."""

    def test_without_types_the_rules_that_are_there_say_it(self) -> None:
        assert into_server(np("egress: [{action: Allow}]")) == ALL
        assert into_server(np("ingress: [{action: Deny}]")) == {}

    @pytest.mark.parametrize("types", ["", ", types: []", ", types: null"])
    def test_a_stored_policy_without_types_is_about_both(self, types: str) -> None:
        spec = "selector: app == 'server', ingress: [{action: Allow}]" + types
        found = engine(of("GlobalNetworkPolicy", spec, version="crd.projectcalico.org/v1"))
        assert ports_between(found, "shop/server", "shop/client") == {}
        found = engine(of("GlobalNetworkPolicy", spec))
        assert ports_between(found, "shop/server", "shop/client") == ALL


class TestSelectors:
    """A namespaced policy's selectors mean its own namespace unless namespaceSelector says otherwise."""

    @pytest.mark.parametrize(
        ("source", "own", "other"),
        [
            ("{selector: all()}", ALL, {}),
            ("{selector: app == 'client'}", ALL, {}),
            ("{selector: \"app in {'client', 'x'} && has(app)\"}", ALL, {}),
            ("{selector: app != 'client'}", {}, {}),
            ("{selector: all(), namespaceSelector: team == 'b'}", {}, ALL),
            ("{namespaceSelector: all()}", ALL, ALL),
            ("{notSelector: app == 'client'}", {}, {}),
        ],
    )
    def test_of_a_rule(self, source: str, own: object, other: object) -> None:
        rule = np(ingress(f"{{action: Allow, source: {source}}}"))
        assert (into_server(rule), into_server(rule, client="other/client")) == (own, other)


class TestNets:
    """nets and notNets are compared with the packet's address, whoever has it."""

    NETS = ingress("{action: Deny, source: {nets: [10.244.0.0/16]}}", ALLOW)
    SET = of("GlobalNetworkSet", "nets: [10.244.0.0/16]", "pods, labels: {of: pods}")

    def test_nets_mean_pods_too(self) -> None:
        assert verdict(gnp(self.NETS)) == "denied"
        assert verdict(gnp(ingress("{action: Allow, source: {notNets: [10.244.0.0/16]}}"))) == "denied"
        assert verdict(self.SET, gnp(ingress("{action: Deny, source: {selector: of == 'pods'}}", ALLOW))) == "denied"

    @pytest.mark.parametrize(("version", "expected"), [(4, {}), (6, ALL)])
    def test_a_rule_of_one_ip_version_leaves_the_other_denied(self, version: int, expected: object) -> None:
        client, server = with_address(CLIENT_ONLY, "fd00::1"), with_address(SERVER, "fd00::2")
        rule = np(ingress(f"{{action: Allow, ipVersion: {version}}}"))
        assert ports_between(engine_of(SHOP, client, server, rule), "shop/client", "shop/server") == expected

    def test_beside_a_selector_a_not_selector_narrows_what_is_selected(self) -> None:
        # rule_scanner.go: "use them to filter down the positive selector"; alone it excludes addresses.
        both = "{action: Allow, source: {selector: all(), notSelector: of == 'pods'}}"
        alone = "{action: Allow, source: {notSelector: of == 'pods'}}"
        assert [verdict(self.SET, gnp(ingress(rule))) for rule in (both, alone)] == ["allowed", "denied"]

    @pytest.mark.parametrize(("selector", "expected"), [("of == 'pods'", "denied"), ("has(of) || has(app)", "allowed")])
    def test_a_named_port_counts_at_pods_that_are_selected_themselves(self, selector: str, expected: str) -> None:
        # rule_scanner.go: "if there's a selector for the relevant direction, we filter the named port by the selector"
        named = pod("server", app="server", ports="[{name: web, containerPort: 80}]")
        named += "status: {phase: Running, podIPs: [{ip: 10.244.1.6}]}\n"
        to = f'{{selector: "{selector}", ports: [web]}}'
        rule = of(
            "GlobalNetworkPolicy", f"types: [Egress], egress: [{{action: Allow, protocol: TCP, destination: {to}}}]"
        )
        asked = engine_of(SHOP, CLIENT, named, self.SET, rule)
        ends = (parse_end(f"shop/{name}[Pod]", asked.snapshot) for name in ("client", "server"))
        assert asked.explain(*ends, Protocol.TCP, 80).verdict == expected

    def test_lists_of_one_family_leave_the_other_to_the_next_rule(self) -> None:
        outside = "2001:db8::1"
        denies = ingress("{action: Deny, source: {notNets: [10.0.0.0/8]}}", ALLOW)
        allows = ingress("{action: Allow, source: {notNets: [10.0.0.0/8]}}")
        assert [verdict(gnp(rules), src=outside) for rules in (denies, allows)] == ["allowed", "denied"]
        assert [verdict(gnp(rules), src="192.0.2.1") for rules in (denies, allows)] == ["denied", "allowed"]


class TestPorts:
    """Ports stand at the end that has them; protocol and notProtocol narrow a rule."""

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ("{action: Allow, protocol: TCP, destination: {ports: [80, '90:91']}}", {"TCP": [[80, 80], [90, 91]]}),
            ("{action: Allow, protocol: UDP, destination: {notPorts: ['2:65535']}}", {"UDP": [[1, 1]]}),
            ("{action: Allow, notProtocol: TCP}", {"UDP": ALL["UDP"], "SCTP": ALL["SCTP"]}),
            ("{action: Allow, protocol: ICMP}", {}),
        ],
    )
    def test_a_rule_allows(self, rule: str, expected: object) -> None:
        assert into_server(np(ingress(rule))) == expected


@pytest.mark.parametrize(("key", "expected"), [("ports", [[80, 80]]), ("notPorts", [[1, 79], [81, 65535]])])
def test_a_named_port_is_the_number_that_the_destination_gives_it(key: str, expected: object) -> None:
    named = pod("server", app="server", ports="[{name: web, containerPort: 80}]")
    rule = np(ingress(f"{{action: Allow, protocol: TCP, destination: {{{key}: [web]}}}}"))
    assert ports_between(engine_of(SHOP, CLIENT, named, rule), "shop/client", "shop/server") == {"TCP": expected}


@pytest.mark.parametrize(("key", "expected"), [("ports", "denied"), ("notPorts", "allowed")])
def test_a_pod_on_its_nodes_network_is_no_endpoint_with_named_ports(key: str, expected: str) -> None:
    agent = on_node(pod("agent", host=True, ports="[{name: web, containerPort: 80}]"), "node-1")
    rule = f"types: [Egress], egress: [{{action: Allow, protocol: TCP, destination: {{{key}: [web]}}}}]"
    asked = engine_of(SHOP, NODES, on_node(SERVER, "node-2"), agent, gnp(rule))
    ends = (parse_end(f"shop/{name}[Pod]", asked.snapshot) for name in ("server", "agent"))
    assert asked.explain(*ends, Protocol.TCP, 80).verdict == expected


@pytest.mark.parametrize(("target", "expected"), [("90", {"TCP": [[90, 90]]}), ("web", {"TCP": [[80, 80]]})])
def test_a_service_as_destination_means_its_pods_on_their_ports(target: str, expected: object) -> None:
    # "Endpoint addresses and ports to allow will be automatically detected from the service."
    named = pod("server", app="server", ports="[{name: web, containerPort: 80}]")
    ports = f"ports: [{{port: 443, targetPort: {target}}}]"
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: backend, namespace: shop}\n"
    service += f"spec: {{selector: {{app: server}}, {ports}}}\n"
    to = "{services: {name: backend, namespace: shop}}"
    rule = of("NetworkPolicy", f"types: [Egress], egress: [{{action: Allow, destination: {to}}}]", scope="shop")
    found = engine_of(SHOP, CLIENT, named, pod("other", app="other"), service, rule)
    assert ports_between(found, "shop/client", "shop/server") == expected
    assert ports_between(found, "shop/client", "shop/other") == {}


def test_a_service_whose_pods_use_their_nodes_network_means_addresses_of_nodes() -> None:
    # "Endpoint addresses and ports to allow will be automatically detected from the service": here a node's address.
    agent = on_node(pod("agent", host=True, app="agent"), "node-1")
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: backend, namespace: shop}\n"
    service += "spec: {selector: {app: agent}, ports: [{port: 80}]}\n"
    to = "{services: {name: backend, namespace: shop}}"
    rule = of("NetworkPolicy", f"types: [Egress], egress: [{{action: Allow, destination: {to}}}]", scope="shop")
    asked = engine_of(SHOP, NODES, on_node(SERVER, "node-2"), agent, service, rule)
    ends = (parse_end(f"shop/{name}[Pod]", asked.snapshot) for name in ("server", "agent"))
    found = asked.explain(*ends, Protocol.TCP, 80)
    assert found.verdict == "unknown"
    assert "which nodes' addresses the Service shop/backend" in str(found)


def test_a_staged_policy_is_shown_and_not_enforced() -> None:
    assert into_server(of("StagedGlobalNetworkPolicy", "selector: all(), types: [Ingress]")) == ALL


@pytest.mark.parametrize(("engine_id", "expected"), [("calico", "denied"), ("cilium", "allowed"), ("none", "allowed")])
def test_only_calico_enforces_them(engine_id: str, expected: str) -> None:
    found = engine_of(SHOP, CLIENT, SERVER, np(ingress(DENIES)), profile=profile(engine_id))
    ends = {w.ref.name: w for w in found.snapshot.workloads}
    assert found.explain(ends["client"], ends["server"], Protocol.TCP, 80).verdict == expected


def test_policies_about_what_nodes_forward_are_told_to_be_left_open() -> None:
    host = of("HostEndpoint", "node: node-1, interfaceName: '*'", "node-1")
    forward = of("GlobalNetworkPolicy", "selector: all(), applyOnForward: true, types: [Ingress]")
    assert not [n for n in engine(host).notes if n.code == "forwarding-judged-in-part"]
    assert [n.code for n in engine(host, forward).notes if n.code == "forwarding-judged-in-part"]


WITH_LABELS = "namespaceSelector: {matchLabels: {env: prod}}"


@pytest.mark.parametrize(
    "selecting",
    [
        anp(DENY).replace("namespaceSelector: {}", WITH_LABELS),
        gnp(ingress("{action: Deny, source: {namespaceSelector: env == 'prod'}}")),
    ],
)
def test_labels_of_namespaces_that_were_not_supplied_are_told_for_every_kind(selecting: str) -> None:
    notes = engine_of(CLIENT, SERVER, selecting).notes
    assert [n.code for n in notes if n.code == "namespace-labels-not-supplied"] == ["namespace-labels-not-supplied"]


def test_a_policy_of_one_namespace_leaves_pods_of_namespaces_yet_to_come_alone() -> None:
    compiled = engine(of("NetworkPolicy", f"types: [Ingress, Egress], egress: [{DENIES}]", scope="shop"))
    newcomer = compiled.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]
    assert compiled.doubts == ()
    for cell in compiled.reachability().row(newcomer):
        assert cell.allowed == cell.possible
    assert not any(p.subjects >> newcomer & 1 for p in compiled.policies)
