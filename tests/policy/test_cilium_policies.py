"""Cilium's policies, each rule of theirs as a sentence.

Expectations are from docs.cilium.io ("Layer 3 Policies", "Layer 4 Policies", "Deny Policies", "Policy Enforcement
Modes") and from pkg/policy/api of cilium/cilium.
"""

from __future__ import annotations

import pytest

from lib.policy.decide import Verdict
from lib.policy.engines import profile
from tests.policy.build import engine_of, pod, policy, rows_of
from tests.policy.cilium_rules import (
    OTHER,
    SHOP,
    STRANGER,
    ccnp,
    cnp,
    into_server,
    verdict,
)
from tests.policy.test_semantics import ALL, CLIENT, NODES, SERVER, TO_SERVER, on_node, ports_between

TCP_80 = "toPorts: [{ports: [{port: '80', protocol: TCP}]}]"


ON_80 = {"TCP": [[80, 80]]}


NOT_80 = {"TCP": [[1, 79], [81, 65535]], "UDP": ALL["UDP"], "SCTP": ALL["SCTP"]}


class TestDefaultDeny:
    """ "If any rule selects an Endpoint and the rule has an ingress section, the endpoint goes into default deny." """

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            pytest.param("ingress: [{}]", {}, id="an empty rule closes the direction and lets nobody in"),
            pytest.param("egress: [{}]", ALL, id="the other direction stays open"),
            pytest.param("ingress: [], egress: [{}]", ALL, id="an empty list says nothing of its direction"),
            pytest.param("ingressDeny: [{}]", {}, id="a deny rule closes the direction too"),
            pytest.param("ingressDeny: [{}], enableDefaultDeny: {ingress: false}", ALL, id="unless that is turned off"),
            pytest.param("egress: [{}], enableDefaultDeny: {ingress: true}", {}, id="or turned on"),
        ],
    )
    def test_a_direction_is_closed_by_a_rule_about_it(self, spec: str, expected: object) -> None:
        assert into_server(cnp(spec)) == expected

    def test_one_policy_that_closes_is_enough(self) -> None:
        off = cnp(f"ingress: [{{fromEndpoints: [{{}}], {TCP_80}}}], enableDefaultDeny: {{ingress: false}}", name="open")
        assert into_server(off) == ALL
        assert into_server(off, cnp("ingress: [{}]", name="shut")) == ON_80

    def test_a_policy_that_cilium_calls_not_valid_is_named(self) -> None:
        import yaml

        from tests.policy.build import load

        loaded = load(d for d in yaml.safe_load_all("\n---\n".join([CLIENT, SERVER, cnp("ingress: []")])) if d)
        assert [p.code for p in loaded.problems if p.severity.label == "error"] == ["no-rules"]
        assert [str(r.ref) for r in loaded.snapshot.rejected_policies] == ["shop/rule[CiliumNetworkPolicy]"]


class TestEndpoints:
    """The namespace of the policy goes without saying; other ones are named by label."""

    @pytest.mark.parametrize(
        ("peer", "own", "other"),
        [
            pytest.param("{}", ALL, {}, id="an empty selector means the policy's namespace"),
            pytest.param("{matchLabels: {app: client}}", ALL, {}, id="so do labels"),
            pytest.param("{matchLabels: {'k8s:app': client}}", ALL, {}, id="a label may name its source"),
            pytest.param("{matchLabels: {'any:app': nobody}}", {}, {}, id="and must still match"),
            pytest.param(
                "{matchLabels: {'k8s:io.kubernetes.pod.namespace': other}}", {}, ALL, id="a namespace by name"
            ),
            pytest.param("{matchLabels: {io.cilium.k8s.namespace.labels.team: b}}", {}, ALL, id="one by its labels"),
            pytest.param(
                "{matchExpressions: [{key: k8s:io.kubernetes.pod.namespace, operator: Exists}]}",
                ALL,
                ALL,
                id="all namespaces",
            ),
        ],
    )
    def test_from_endpoints(self, peer: str, own: object, other: object) -> None:
        rule = cnp(f"ingress: [{{fromEndpoints: [{peer}]}}]")
        assert (into_server(rule), into_server(rule, client="other/client")) == (own, other)

    def test_an_empty_list_of_endpoints_means_nobody(self) -> None:
        assert into_server(cnp("ingress: [{fromEndpoints: []}]")) == {}

    def test_in_a_clusterwide_policy_an_empty_selector_means_all_pods(self) -> None:
        rule = ccnp("ingress: [{fromEndpoints: [{}]}]")
        assert into_server(rule) == into_server(rule, client="other/client") == ALL

    def test_a_clusterwide_policy_selects_pods_of_every_namespace(self) -> None:
        rule = ccnp("ingress: [{}]", selects="endpointSelector: {}")
        engine = engine_of(SHOP, OTHER, CLIENT, STRANGER, rule)
        assert ports_between(engine, "shop/client", "other/client") == {}
        assert ports_between(engine, "other/client", "shop/client") == {}

    def test_a_service_account_is_a_label(self) -> None:
        client = CLIENT.replace("spec:\n", "spec:\n  serviceAccountName: robot\n")
        for name, expected in (("robot", ALL), ("other", {})):
            peer = f"{{matchLabels: {{io.cilium.k8s.policy.serviceaccount: {name}}}}}"
            engine = engine_of(SHOP, client, SERVER, cnp(f"ingress: [{{fromEndpoints: [{peer}]}}]"))
            assert ports_between(engine, "shop/client", "shop/server") == expected

    def test_a_host_network_pod_is_no_endpoint_by_its_labels(self) -> None:
        host = on_node(pod("client", host=True, app="client"), "node-1")
        rule = cnp("ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]")
        assert verdict(engine_of(SHOP, NODES, host, on_node(SERVER, "node-2"), rule), "client", "server") == "denied"


class TestDeny:
    """ "Deny policies take precedence over allow policies", those of Kubernetes' own kind included."""

    DENY = cnp(f"ingressDeny: [{{fromEndpoints: [{{matchLabels: {{app: client}}}}], {TCP_80}}}]", name="deny")

    def test_what_is_denied_no_policy_can_allow(self) -> None:
        allow = cnp("ingress: [{fromEndpoints: [{}]}]", name="allow")
        assert into_server(self.DENY, allow) == NOT_80
        assert into_server(self.DENY, policy(f"{TO_SERVER}\ningress: [{{}}]")) == NOT_80

    def test_a_network_policy_and_cilium_policies_add_to_each_other(self) -> None:
        of_kubernetes = policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 443}}]}}]")
        allow = cnp(f"ingress: [{{fromEndpoints: [{{}}], {TCP_80}}}]")
        assert into_server(of_kubernetes, allow) == {"TCP": [[80, 80], [443, 443]]}


class TestPorts:
    """Layer 4: an absent protocol means any, port 0 every port, names are compared without regard to case."""

    @pytest.mark.parametrize(
        ("port", "expected"),
        [
            pytest.param("{port: '80'}", {p: [[80, 80]] for p in ("TCP", "UDP", "SCTP")}, id="any protocol"),
            pytest.param("{port: '80', protocol: ANY}", {p: [[80, 80]] for p in ALL}, id="ANY says the same"),
            pytest.param("{port: '80', endPort: 90, protocol: UDP}", {"UDP": [[80, 90]]}, id="a range"),
            pytest.param("{port: '0', protocol: TCP}", {"TCP": [[1, 65535]]}, id="port 0 is every port"),
            pytest.param("{port: HTTP, protocol: TCP}", {"TCP": [[8080, 8080]]}, id="a name, whatever its case"),
            pytest.param("{port: dns, protocol: TCP}", {}, id="a name that the pod does not give"),
        ],
    )
    def test_a_port_means(self, port: str, expected: object) -> None:
        server = pod("server", app="server", ports="[{name: http, containerPort: 8080}]")
        rule = cnp(f"ingress: [{{toPorts: [{{ports: [{port}]}}]}}]")
        assert ports_between(engine_of(SHOP, CLIENT, server, rule), "shop/client", "shop/server") == expected

    def test_ports_without_peers_let_everybody_in(self) -> None:
        engine = engine_of(SHOP, CLIENT, SERVER, cnp(f"ingress: [{{{TCP_80}}}]"))
        assert verdict(engine, "client", "server") == verdict(engine, "203.0.113.9", "server") == "allowed"

    def test_icmp_alone_closes_the_direction_for_everything_else(self) -> None:
        assert into_server(cnp("ingress: [{icmps: [{fields: [{type: 8}]}]}]")) == {}

    def test_layer_7_rules_narrow_a_flow_that_is_allowed_and_the_rule_says_to_what(self) -> None:
        rules = "rules: {http: [{method: GET, path: /public}]}"
        engine = engine_of(SHOP, CLIENT, SERVER, cnp(f"ingress: [{{{TCP_80[:-2]}, {rules}}}]}}]"))
        assert verdict(engine, "client", "server") == "allowed"
        texts = [rule.text for p in engine.policies for rule in p.rules]
        assert texts == ["from anywhere on TCP 80, but only HTTP GET /public"]


class TestIcmp:
    """ "ICMP policy … can be specified at layer 4 independently": it says nothing of TCP, UDP and SCTP."""

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            pytest.param("ingress: [{icmps: [{fields: [{type: 8}]}]}]", {}, id="it closes the direction"),
            pytest.param("ingressDeny: [{icmps: [{fields: [{type: 8}]}]}]", {}, id="so does one that denies"),
            pytest.param(
                "ingressDeny: [{icmps: [{fields: [{type: 8}]}]}], ingress: [{fromEndpoints: [{}]}]", ALL,
                id="which takes no port away",
            ),
            pytest.param(
                "ingressDeny: [{icmps: [{fields: [{type: 8}]}]}], enableDefaultDeny: {ingress: false}", ALL,
                id="nor closes where that is turned off",
            ),
            pytest.param("egressDeny: [{icmps: [{fields: [{type: 8}]}]}]", ALL, id="the other direction stays open"),
            pytest.param(
                "ingress: [{fromEndpoints: [{}], icmps: [{fields: [{family: IPv6, type: 128}]}]}]", {},
                id="and a peer beside it is let in for ICMP only",
            ),
        ],
    )  # fmt: skip
    def test_a_rule_about_it(self, spec: str, expected: object) -> None:
        assert into_server(cnp(spec)) == expected

    def test_the_rule_says_so(self) -> None:
        engine = engine_of(SHOP, SERVER, cnp("ingress: [{icmps: [{fields: [{type: 8}, {family: IPv6, type: 128}]}]}]"))
        assert [r.text for p in engine.policies for r in p.rules] == ["from anywhere on ICMP 8, ICMPv6 128"]


class TestDenyPorts:
    """ "Deny policies … can be used to … restrict access" by port, range and name; docs.cilium.io, "Deny Policies"."""

    @pytest.mark.parametrize(
        ("port", "left"),
        [
            ("{port: '80', protocol: TCP}", [[1, 79], [81, 65535]]),
            ("{port: '80', endPort: 90, protocol: TCP}", [[1, 79], [91, 65535]]),
            ("{port: '80', endPort: 90}", [[1, 79], [91, 65535]]),
            ("{port: http, protocol: TCP}", [[1, 8079], [8081, 65535]]),
            ("{port: '0', protocol: TCP}", None),
        ],
    )
    def test_ports_are_denied(self, port: str, left: object) -> None:
        server = pod("server", app="server", ports="[{name: http, containerPort: 8080}]")
        rule = cnp(f"ingressDeny: [{{toPorts: [{{ports: [{port}]}}]}}], ingress: [{{fromEndpoints: [{{}}]}}]")
        found = ports_between(engine_of(SHOP, CLIENT, server, rule), "shop/client", "shop/server")
        assert isinstance(found, dict)
        assert found.get("TCP") == left

    def test_egress_is_denied_by_the_port_name_of_the_destination(self) -> None:
        client = pod("client", app="client", ports="[{name: web, containerPort: 8080}]")
        rule = cnp("egressDeny: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}], egress: [{toEndpoints: [{}]}]")
        found = ports_between(engine_of(SHOP, client, SERVER, rule), "shop/server", "shop/client")
        assert isinstance(found, dict)
        assert found["TCP"] == [[1, 8079], [8081, 65535]]


class TestLayer7:
    """ "A layer 7 request is permitted if at least one of the rules matches": the flow is allowed, and the rule says
    to what it is narrowed.
    """

    @pytest.mark.parametrize(
        ("element", "said"),
        [
            ("rules: {http: [{method: GET, path: /public}]}", "HTTP GET /public"),
            (
                "rules: {http: [{host: foo.com, headers: ['X-A: b']}]}",
                "HTTP requests to the host foo.com with the header",
            ),
            ("rules: {kafka: [{role: produce, topic: a}]}", "Kafka requests with role produce, topic a"),
            ("rules: {l7proto: r2d2, l7: [{cmd: READ}]}", "r2d2 requests with cmd READ"),
            ("serverNames: [foo.com]", "TLS connections to foo.com"),
            (
                "terminatingTLS: {secret: {name: a}}, rules: {http: [{}]}",
                "HTTP requests; TLS connections that Cilium's",
            ),
            ("listener: {name: web, envoyConfig: {name: a}}", "through the Envoy listener web"),
        ],
    )
    def test_egress_is_allowed_and_narrowed(self, element: str, said: str) -> None:
        rule = cnp(f"egress: [{{toEndpoints: [{{}}], {TCP_80[:-2]}, {element}}}]}}]")
        engine = engine_of(SHOP, CLIENT, SERVER, rule)
        assert verdict(engine, "server", "client") == "allowed"
        (text,) = (r.text for p in engine.policies for r in p.rules)
        assert f", but only {said}" in text

    def test_dns_rules_narrow_the_queries(self) -> None:
        ports = (
            "toPorts: [{ports: [{port: '53', protocol: ANY}], rules: {dns: [{matchName: a.b}, {matchPattern: '*.c'}]}}]"
        )
        engine = engine_of(SHOP, CLIENT, SERVER, cnp(f"egress: [{{toEndpoints: [{{}}], {ports}}}]"))
        assert verdict(engine, "server", "client", 53) == "allowed"
        (text,) = (r.text for p in engine.policies for r in p.rules)
        assert text.endswith("but only DNS queries for a.b; DNS queries for *.c")

    @pytest.mark.parametrize(
        ("mode", "expected"), [("required", "allowed"), ("disabled", "allowed"), ("test-always-fail", "unknown")]
    )
    def test_authentication(self, mode: str, expected: str) -> None:
        rule = cnp(f"ingress: [{{fromEndpoints: [{{}}], authentication: {{mode: {mode}}}}}]")
        assert verdict(engine_of(SHOP, CLIENT, SERVER, rule), "client", "server") == expected


class TestWhatNobodyKnows:
    """Parts that hang on Cilium's version or settings make answers unknown, never wrong."""

    def test_requirements_on_other_rules_are_unknown_where_they_would_deny(self) -> None:
        required = "ingress: [{fromEndpoints: [{}], fromRequires: [{matchLabels: {app: other}}]}]"
        engine = engine_of(SHOP, CLIENT, SERVER, cnp(required))
        (row,) = [r for r in rows_of(engine) if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]")]
        assert row.verdict.value == "unknown"
        assert "fromRequires" in row.reason

    @pytest.mark.parametrize(
        ("expression", "stranger", "outside"),
        [
            ("{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: [shop]}", "allowed", "unknown"),
            ("{key: io.cilium.k8s.namespace.labels.team, operator: DoesNotExist}", "denied", "unknown"),
            ("{key: 'reserved:host', operator: DoesNotExist}", "allowed", "unknown"),
            ("{key: 'k8s:io.kubernetes.pod.namespace', operator: In, values: [other]}", "allowed", "denied"),
        ],
    )
    def test_ends_in_no_namespace_may_fulfil_what_is_said_in_the_negative(
        self, expression: str, stranger: str, outside: str
    ) -> None:
        rule = cnp(f"ingress: [{{fromEndpoints: [{{matchExpressions: [{expression}]}}]}}]")
        engine = engine_of(SHOP, OTHER, pod("stranger", namespace="other"), SERVER, rule)
        assert (verdict(engine, "stranger", "server"), verdict(engine, "8.8.8.8", "server")) == (stranger, outside)

    def test_a_pod_has_no_reserved_label(self) -> None:
        subject = "endpointSelector: {matchExpressions: [{key: 'reserved:ingress', operator: Exists}]}"
        assert into_server(ccnp("ingress: [{}]", selects=subject)) == ALL

    def test_two_sources_of_one_key_must_both_hold(self) -> None:
        peer = "{matchLabels: {'k8s:app': nobody, 'any:app': client}}"
        assert into_server(cnp(f"ingress: [{{fromEndpoints: [{peer}]}}]")) == {}

    def test_an_empty_list_selects_nobody_whatever_stands_beside_it(self) -> None:
        rule = cnp("ingress: [{fromEndpoints: [], fromCIDR: [8.8.8.8/32]}]")
        assert verdict(engine_of(SHOP, SERVER, rule), "8.8.8.8", "server") == "denied"

    def test_labels_of_another_source_are_unknown(self) -> None:
        rule = cnp("ingress: [{fromEndpoints: [{matchLabels: {'container:image': a}}]}]")
        assert verdict(engine_of(SHOP, CLIENT, SERVER, rule), "client", "server") == Verdict.UNKNOWN.value


@pytest.mark.parametrize(
    ("engine_id", "expected"), [("kubernetes", {}), ("cilium", {}), ("calico", ALL), ("azure-npm", ALL), ("none", ALL)]
)
def test_only_cilium_enforces_them(engine_id: str, expected: object) -> None:
    engine = engine_of(SHOP, CLIENT, SERVER, cnp("ingress: [{}]"), profile=profile(engine_id))
    found = {
        (r.src, r.dst): r.ports.to_json() for r in rows_of(engine) if r.src.startswith("shop") and "::" not in r.dst
    }
    assert found.get(("shop/client[Pod]", "shop/server[Pod]"), {}) == expected


def test_several_specs_in_one_object_are_policies_of_their_own() -> None:
    two = cnp("ingress: [{}]").replace("spec: {", "specs: [{").rstrip() + ", {endpointSelector: {}, egress: [{}]}]\n"
    engine = engine_of(SHOP, CLIENT, SERVER, two)
    assert ports_between(engine, "shop/server", "shop/client") == {}
    assert {rule for p in engine.policies for rule in p.directions} == set(engine.reachability().isolated)


def test_redirected_traffic_is_told() -> None:
    redirect = """
        apiVersion: cilium.io/v2
        kind: CiliumLocalRedirectPolicy
        metadata: {name: dns, namespace: kube-system}
        spec:
          redirectFrontend: {serviceMatcher: {serviceName: kube-dns, namespace: kube-system}}
          redirectBackend:
            localEndpointSelector: {matchLabels: {k8s-app: node-local-dns}}
            toPorts: [{port: '53', protocol: UDP}]
    """
    (note,) = [n for n in engine_of(SHOP, redirect).notes if n.code == "traffic-redirected"]
    assert "Service kube-system/kube-dns" in note.message
    assert "pods with k8s-app=node-local-dns in namespace kube-system on UDP 53" in note.message
