"""Rules by domain name under a table of names: what is surely meant, what stays possible, and why.

Expectations are from Documentation/security ("DNS based", "Obtaining DNS Data for use by toFQDNs") and pkg/policy/api
of cilium/cilium, and from types.go and NPEP-133 of kubernetes-sigs/network-policy-api.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest

from lib.flows import flow_rows, unknown_for_names
from lib.loaders.domain_names import read_names
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from lib.policy.explain import Explanation
from tests.policy.build import admin_policy, namespace, pod, snapshot_of_yaml
from tests.policy.cilium_rules import cnp
from tests.policy.test_cluster_policies import cnp as cluster_policy
from tests.policy.test_semantics import CLIENT, NODES, SERVER, on_node

SHOP = namespace("shop")
TO_DNS = "{toEndpoints: [{}], toPorts: [{ports: [{port: '53', protocol: ANY}], rules: {dns: [%s]}}]}"
ANY_NAME = TO_DNS % "{matchPattern: '*'}"
TABLE = """names:
  api.example.com: [203.0.113.7, '2001:db8::7']
  a.blob.example.com: [198.51.100.0/24]
  gone.example.com: []
"""
COMPLETE = TABLE + "complete: true\n"
REST = cluster_policy("egress: [{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}]", name="rest", priority=20)


def engine_of(*documents: str, names: str = "", engine_id: str = "kubernetes") -> Engine:
    snapshot = snapshot_of_yaml(SHOP, SERVER, *documents)
    if names:
        reading = read_names(names, "names.yaml")
        assert reading.problems == ()
        snapshot = replace(snapshot, domain_names=reading.table)
    return compile_engine(snapshot, profile(engine_id))


def explained(engine: Engine, dst: str, port: int = 443) -> Explanation:
    snapshot = engine.snapshot
    return engine.explain(parse_end("shop/server", snapshot), parse_end(dst, snapshot), Protocol.TCP, port)


def to(engine: Engine, *destinations: str, port: int = 443) -> list[str]:
    return [explained(engine, dst, port).verdict for dst in destinations]


def fqdn(*selectors: str, dns: str = ANY_NAME, more: str = "") -> str:
    ports = "toPorts: [{ports: [{port: '443', protocol: TCP}]}]"
    listed = ", ".join(selectors)
    return cnp(f"egress: [{{toFQDNs: [{listed}], {ports}}}{', ' if dns else ''}{dns}{more}]")


API, BLOB, OTHER, API6 = "203.0.113.7", "198.51.100.200", "192.0.2.1", "2001:db8::7"


class TestCilium:
    """ "ToFQDN allows whitelisting DNS names in place of IPs": the addresses of the table, where DNS is read."""

    @pytest.mark.parametrize(
        ("selector", "names", "expected"),
        [
            pytest.param("{matchName: api.example.com}", "", ["unknown"] * 4, id="without a table nobody knows"),
            pytest.param(
                "{matchName: api.example.com}", TABLE, ["allowed", "allowed", "denied", "denied"],
                id="a name in the table has its addresses and no others",
            ),
            pytest.param(
                "{matchName: API.example.com.}", TABLE, ["allowed", "allowed", "denied", "denied"],
                id="whatever its case and dot",
            ),
            pytest.param("{matchName: gone.example.com}", TABLE, ["denied"] * 4, id="perhaps none at all"),
            pytest.param("{matchName: new.example.com}", TABLE, ["unknown"] * 4, id="another name stays unknown"),
            pytest.param(
                "{matchName: new.example.com}", COMPLETE, ["denied"] * 4, id="unless the table says there is no other"
            ),
            pytest.param(
                "{matchPattern: '*.example.com'}", TABLE, ["allowed", "allowed", "unknown", "unknown"],
                id="a pattern means its names surely and all else perhaps",
            ),
            pytest.param(
                "{matchPattern: '*.example.com'}", COMPLETE, ["allowed", "allowed", "denied", "denied"],
                id="or nothing else where the table is complete",
            ),
            pytest.param(
                "{matchPattern: '*'}", COMPLETE, ["allowed", "allowed", "allowed", "denied"],
                id="the star alone means every name",
            ),
            pytest.param(
                "{matchPattern: '**.example.com'}", COMPLETE, ["allowed", "allowed", "unknown", "denied"],
                id="several levels hang on the version of Cilium",
            ),
        ],
    )  # fmt: skip
    def test_names_mean(self, selector: str, names: str, expected: list[str]) -> None:
        assert to(engine_of(fqdn(selector), names=names), API, API6, BLOB, OTHER) == expected

    def test_the_ports_of_the_rule_count(self) -> None:
        engine = engine_of(fqdn("{matchName: api.example.com}"), names=TABLE)
        assert to(engine, API, port=80) == ["denied"]

    def test_several_selectors_add_up(self) -> None:
        rule = fqdn("{matchName: api.example.com}", "{matchName: a.blob.example.com}")
        assert to(engine_of(rule, names=TABLE), API, BLOB, OTHER) == ["allowed", "allowed", "denied"]

    def test_pods_and_nodes_are_never_meant(self) -> None:
        """ "If the resolved IPs are IPs within the kubernetes cluster, the ToFQDN rule will not apply to that IP." """
        client = on_node(CLIENT, "node-2") + "status: {phase: Running, podIP: 10.1.0.7}\n"
        names = "names: {api.example.com: [10.0.0.0/8]}"
        rule = fqdn("{matchName: api.example.com}")
        engine = engine_of(NODES, client, rule, names=names, engine_id="cilium")
        assert to(engine, "shop/client", "10.9.0.2", "10.200.0.1") == ["denied", "denied", "allowed"]
        (note,) = [n for n in engine.notes if n.code == "names-inside-cluster"]
        assert note.message.startswith("names.yaml gives addresses of pods or nodes, which toFQDNs never means, to")
        assert note.message.endswith("api.example.com (names.yaml:1)")

    def test_the_explanation_says_where_the_table_has_the_addresses(self) -> None:
        engine = engine_of(fqdn("{matchName: api.example.com}"), names=TABLE)
        (effect,) = explained(engine, API).directions[0].effects
        assert "api.example.com, which names.yaml:2 resolves to 203.0.113.7, 2001:db8::7" in effect.text

    def test_of_a_pattern_it_says_by_which_names(self) -> None:
        engine = engine_of(fqdn("{matchPattern: '*.blob.example.com'}"), names=TABLE)
        (effect,) = explained(engine, BLOB).directions[0].effects
        said = "*.blob.example.com (a.blob.example.com, which names.yaml:3 resolves to 198.51.100.0/24)"
        assert said in effect.text


class TestCiliumReadsAnswers:
    """ "This interception is, itself, a separate policy rule governing DNS requests, and must be specified
    separately."
    """

    @pytest.mark.parametrize(
        ("dns", "expected"),
        [
            pytest.param("", "unknown", id="without a DNS rule"),
            pytest.param("{toEndpoints: [{}]}", "unknown", id="nor is any other way to DNS one"),
            pytest.param(ANY_NAME, "allowed", id="a rule for every name"),
            pytest.param(TO_DNS % "{matchName: API.example.com}", "allowed", id="or for this one"),
            pytest.param(TO_DNS % "{matchPattern: '*.example.com'}", "allowed", id="or by a pattern"),
            pytest.param(TO_DNS % "{matchPattern: '*.cluster.local'}", "unknown", id="not one for others"),
            pytest.param(TO_DNS % "{matchPattern: '**.com'}", "unknown", id="nor one that hangs on the version"),
            pytest.param(TO_DNS % "", "unknown", id="nor one without names"),
            pytest.param(
                TO_DNS.replace("toEndpoints: [{}]", "toEndpoints: []") % "{matchPattern: '*'}", "unknown",
                id="nor one to nobody",
            ),
        ],
    )  # fmt: skip
    def test_a_dns_rule_for_the_name_is_needed(self, dns: str, expected: str) -> None:
        engine = engine_of(fqdn("{matchName: api.example.com}", dns=dns), names=TABLE)
        assert to(engine, API) == [expected]
        # Whether it is learnt or not, the name has no other address.
        outside_the_table = explained(engine, OTHER, 443).verdict
        assert outside_the_table == "denied"

    @pytest.mark.parametrize(
        ("port", "expected"),
        [
            ("{port: '53', protocol: UDP}", "allowed"),
            ("{port: '53'}", "allowed"),
            ("{port: '53', protocol: TCP}", "unknown"),
            ("{port: '7777', protocol: UDP}", "unknown"),
            ("{port: dns, protocol: UDP}", "unknown"),
        ],
    )
    def test_it_must_hold_the_port_of_dns(self, port: str, expected: str) -> None:
        """Name servers answer over UDP at port 53 (RFC 1035, 4.2.1)."""
        dns = f"{{toEndpoints: [{{}}], toPorts: [{{ports: [{port}], rules: {{dns: [{{matchPattern: '*'}}]}}}}]}}"
        assert to(engine_of(fqdn("{matchName: api.example.com}", dns=dns), names=TABLE), API) == [expected]

    @pytest.mark.parametrize(
        ("denied", "expected"),
        [
            ("{toPorts: [{ports: [{port: '53', protocol: ANY}]}]}", "unknown"),
            ("{toEntities: [cluster]}", "unknown"),
            ("{toEndpoints: [{matchLabels: {k8s-app: kube-dns}}]}", "unknown"),
            ("{toPorts: [{ports: [{port: '53', protocol: TCP}]}]}", "allowed"),
            ("{toCIDR: [169.254.169.254/32]}", "allowed"),
        ],
    )
    @pytest.mark.parametrize("dns_pod", [True, False], ids=["DNS in the input", "DNS elsewhere"])
    def test_dns_must_not_be_denied(self, denied: str, expected: str, dns_pod: bool) -> None:
        """Cilium's deny rules win over all that allow: docs.cilium.io, "Deny Policies"."""
        dns = ANY_NAME.replace("[{}]", "[{matchLabels: {k8s-app: kube-dns}}]", 1)
        deny = cnp(f"egressDeny: [{denied}]", name="deny")
        pods = [pod("dns", **{"k8s-app": "kube-dns"})] if dns_pod else []
        for selects, found in (("server", expected), ("another", "allowed")):
            other = deny.replace("app: server", f"app: {selects}")
            rule = fqdn("{matchName: api.example.com}", dns=dns)
            assert to(engine_of(*pods, rule, other, names=TABLE), API) == [found]

    def test_another_policy_may_hold_it(self) -> None:
        rule = fqdn("{matchName: api.example.com}", dns="")
        assert to(engine_of(rule, cnp(f"egress: [{ANY_NAME}]", name="dns"), names=TABLE), API) == ["allowed"]

    def test_it_must_select_the_pod(self) -> None:
        rule = fqdn("{matchName: api.example.com}", dns="")
        for others in (
            cnp(f"egress: [{ANY_NAME}]", name="dns", selects="endpointSelector: {matchLabels: {app: client}}"),
            cnp(f"egress: [{ANY_NAME}]", name="dns", selects="endpointSelector: {matchLabels: {'container:a': b}}"),
        ):
            engine = engine_of(CLIENT, rule, others, names=TABLE)
            assert to(engine, API) == ["unknown"]
            reason = explained(engine, API).directions[0].reason
            assert "whether Cilium learns the addresses of api.example.com" in reason

    def test_pods_of_one_policy_are_told_apart(self) -> None:
        everybody = "endpointSelector: {}"
        rule = fqdn("{matchName: api.example.com}", dns="").replace("{matchLabels: {app: server}}", "{}")
        dns = cnp(f"egress: [{ANY_NAME}]", name="dns")
        assert everybody in rule
        engine = engine_of(CLIENT, rule, dns, names=TABLE)
        ends = [parse_end(f"shop/{name}", engine.snapshot) for name in ("server", "client")]
        api = parse_end(API, engine.snapshot)
        assert [engine.explain(end, api, Protocol.TCP, 443).verdict for end in ends] == ["allowed", "unknown"]

    def test_a_note_names_the_policy_that_lacks_one(self) -> None:
        for dns, expected in (("", ["shop/rule[CiliumNetworkPolicy]"]), (ANY_NAME, [])):
            engine = engine_of(fqdn("{matchName: api.example.com}", dns=dns))
            assert [str(n.subject) for n in engine.notes if n.code == "names-never-asked"] == expected


class TestClusterPolicies:
    """types.go: "DomainNames provides a way to specify domain names as peers"; "a lower precedence egress deny"."""

    def engine(self, name: str, names: str = "", *more: str) -> Engine:
        accept = cluster_policy(f"egress: [{{action: Accept, to: [{{domainNames: ['{name}']}}]}}]")
        return engine_of(accept, REST, *more, names=names)

    @pytest.mark.parametrize(
        ("name", "names", "expected"),
        [
            ("api.example.com", "", ["unknown"] * 4),
            ("api.example.com", TABLE, ["allowed", "allowed", "denied", "denied"]),
            ("new.example.com", TABLE, ["unknown"] * 4),
            ("new.example.com", COMPLETE, ["denied"] * 4),
            # "'*', the wildcard specifier, matches one or more entire labels"
            ("*.example.com", TABLE, ["allowed", "allowed", "allowed", "unknown"]),
            ("*.example.com", COMPLETE, ["allowed", "allowed", "allowed", "denied"]),
            ("*.blob.example.com", COMPLETE, ["denied", "denied", "allowed", "denied"]),
        ],
    )
    def test_names_mean(self, name: str, names: str, expected: list[str]) -> None:
        assert to(self.engine(name, names), API, API6, BLOB, OTHER) == expected

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            ("", "unknown"),
            ("names: {api.example.com: [10.1.0.7]}", "allowed"),
            ("names: {api.example.com: [10.1.0.8]}", "denied"),
        ],
    )
    def test_pods_are_meant_by_their_addresses(self, names: str, expected: str) -> None:
        """NPEP-133: selecting pods by name "is analogous to selecting the Pod by its IP address"."""
        client = CLIENT + "status: {phase: Running, podIPs: [{ip: 10.1.0.7}]}\n"
        assert to(self.engine("api.example.com", names, client), "shop/client") == [expected]

    def test_admin_network_policies_too(self) -> None:
        accept = admin_policy("""
            egress:
            - {action: Allow, to: [{domainNames: [api.example.com]}]}
            - {action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}
        """)
        assert to(engine_of(accept, names=TABLE), API, OTHER) == ["allowed", "denied"]

    def test_the_explanation_says_where_the_table_has_the_addresses(self) -> None:
        (effect,) = explained(self.engine("api.example.com", TABLE), API).directions[0].effects
        assert "api.example.com, which names.yaml:2 resolves to 203.0.113.7, 2001:db8::7" in effect.text


class TestNotes:
    """What every result says beside the verdicts."""

    def codes(self, engine: Engine) -> dict[str, str]:
        return {n.code: n.message for n in engine.notes if n.code.startswith("names-")}

    def test_names_without_addresses_are_named(self) -> None:
        rule = fqdn("{matchName: api.example.com}", "{matchPattern: '*.org'}")
        assert "2 domain names" in self.codes(engine_of(rule))["names-without-addresses"]
        assert "(*.org)" in self.codes(engine_of(rule, names=TABLE))["names-without-addresses"]
        assert set(self.codes(engine_of(rule, names=COMPLETE))) == {"names-from-table"}

    def test_what_the_table_is_taken_for(self) -> None:
        rule = fqdn("{matchName: api.example.com}")
        said = self.codes(engine_of(rule, names=TABLE))["names-from-table"]
        assert said.startswith("names.yaml is taken at its word: the 1 of its names that policies mean")
        assert "complete" not in said
        assert "no other name has any address" in self.codes(engine_of(rule, names=COMPLETE))["names-from-table"]

    def test_nothing_is_said_where_no_policy_that_counts_has_a_name(self) -> None:
        rule = fqdn("{matchName: api.example.com}")
        assert self.codes(engine_of(names=TABLE)) == {}
        assert self.codes(engine_of(rule, names=TABLE, engine_id="calico")) == {}


def test_flows_that_hang_on_names_are_counted() -> None:
    rule = fqdn("{matchName: api.example.com}", dns="")
    others = cnp("egress: [{toGroups: [{aws: {securityGroupsIds: [sg-1]}}]}]", name="groups",
                 selects="endpointSelector: {matchLabels: {app: client}}")  # fmt: skip
    for names, expected in (("", 2), (TABLE, 0)):
        engine = engine_of(CLIENT, rule, others, names=names)
        rows = list(flow_rows(engine))
        assert sum(row.verdict.value == "unknown" for row in rows) > expected
        assert unknown_for_names(engine, rows) == expected


def test_a_table_changes_nothing_where_no_rule_has_a_name() -> None:
    rule = cnp("egress: [{toCIDR: [203.0.113.0/24]}]")
    plain, named = (list(flow_rows(engine_of(rule, names=names))) for names in ("", COMPLETE))
    assert plain == named


def test_a_host_network_pod_is_no_subject_of_a_rule_with_names() -> None:
    host = pod("host", host=True, app="server")
    engine = engine_of(host, fqdn("{matchName: api.example.com}"), names=TABLE)
    src, dst = parse_end("shop/host", engine.snapshot), parse_end(OTHER, engine.snapshot)
    assert engine.explain(src, dst, Protocol.TCP, 443).verdict == "allowed"


def test_a_large_table_and_many_rules_are_compiled_in_bounded_time() -> None:
    """Rules times names are never gone through: what a pattern means is worked out once."""
    names = "complete: true\nnames:\n" + "".join(
        f"  n{i}.example.com: [10.{i // 256}.{i % 256}.1]\n" for i in range(5_000)
    )
    rules = ", ".join(["{toFQDNs: [{matchPattern: '*.example.com'}, {matchPattern: '*'}]}"] * 2_000)
    rule = cnp(f"egress: [{ANY_NAME}, {rules}]")
    begun = perf_counter()
    engine = engine_of(rule, names=names)
    assert to(engine, "10.0.7.1", "10.0.7.2") == ["allowed", "denied"]
    assert perf_counter() - begun < 60
    assert max(len(r.text) for p in engine.policies for r in p.rules) < 1_000
