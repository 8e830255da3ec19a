"""Nodes with host endpoints of Calico's, each rule of theirs as a sentence.

Expectations are from docs.tigera.io: "Host endpoint", "Protect hosts" and "Failsafe rules".
"""

from __future__ import annotations

import textwrap

import pytest
import yaml

from lib.model.sets import ConnectionSet, Protocol
from lib.policy import calico_port_names
from lib.policy.calico_port_names import NUMBERINGS_UP_TO
from lib.policy.ends import parse_end
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from lib.policy.points import End
from lib.policy.rules import Action
from tests.policy.build import engine_of, load, namespace, pod, rows_of
from tests.policy.test_calico_policies import of

PORT = 8080
"""No failsafe port."""


def node(name: str, address: str) -> str:
    addresses = f"[{{type: InternalIP, address: {address}}}]"
    return f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\nstatus: {{addresses: {addresses}}}\n"


def placed(name: str, where: str, host: bool = False, address: str = "") -> str:
    text = pod(name, host=host, app=name).replace("spec:\n", f"spec:\n  nodeName: {where}\n" if where else "spec:\n")
    return text + (f"status: {{phase: Running, podIPs: [{{ip: {address}}}]}}\n" if address else "")


CLUSTER = (
    namespace("shop"),
    node("one", "10.0.0.1"),
    node("two", "10.0.0.2"),
    placed("near", "one", address="10.244.1.5"),
    placed("far", "two", address="10.244.2.5"),
    placed("agent", "one", host=True),
    placed("other-agent", "two", host=True),
)
OUTSIDE = "203.0.113.7"
NEAR, FAR, AGENT, OTHER_AGENT = (f"shop/{name}" for name in ("near", "far", "agent", "other-agent"))
ONE, TWO = "node/one", "node/two"
GOVERNED = (ONE, AGENT)


def endpoint(interface: str = "'*'", profiles: str = "[]", name: str = "hep", where: str = "one") -> str:
    shown = f"node: {where}, interfaceName: {interface}, expectedIPs: [10.0.0.1], profiles: {profiles}"
    found = of("HostEndpoint", shown, name)
    return found.replace(f"{{name: {name}}}", f"{{name: {name}, labels: {{role: node, hep: {name}}}}}")


def with_ports(hep: str) -> str:
    """The host endpoint with a named port."""
    return hep.replace("profiles:", "ports: [{name: kubelet, port: 10250, protocol: TCP}], profiles:")


WILDCARD, NAMED = endpoint(), endpoint("eth0")
OPEN = endpoint(profiles="[projectcalico-default-allow]")


def gnp(spec: str, name: str = "nodes", selector: str = "role == 'node'") -> str:
    return of("GlobalNetworkPolicy", f'selector: "{selector}", {spec}', name)


ALLOWS_PORT = "types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [8080]}}]"
CLOSES = "types: [Ingress, Egress]"


def engine(*documents: str, engine_id: str = "calico") -> Engine:
    return engine_of(*CLUSTER, *documents, profile=profile(engine_id))


def ends_of(asked: Engine, src: str, dst: str) -> tuple[End, End]:
    return parse_end(src, asked.snapshot), parse_end(dst, asked.snapshot)


def verdict(asked: Engine, src: str, dst: str, port: int = PORT, protocol: Protocol = Protocol.TCP) -> str:
    """The verdict, which the explanation and, for workloads, the rows must share."""
    found = asked.explain(*ends_of(asked, src, dst), protocol, port)
    verdicts = {each.verdict for each in found.directions}
    expected = "denied" if "denied" in verdicts else "unknown" if "unknown" in verdicts else "allowed"
    assert found.verdict == expected, found
    if src.startswith("shop/") and dst.startswith("shop/"):
        rows = [r for r in rows_of(asked) if (r.src, r.dst) == (f"{src}[Pod]", f"{dst}[Pod]")]
        held = {r.verdict.value for r in rows if ConnectionSet.of(protocol, port) <= r.ports} or {"denied"}
        assert held == {found.verdict}, rows
    return found.verdict


class TestWithoutPolicies:
    """ "If a host endpoint is created and network policy is not in place, the default is to deny traffic to/from that
    endpoint (except for traffic allowed by failsafe rules)."
    """

    @pytest.mark.parametrize("host", GOVERNED)
    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO, OTHER_AGENT])
    def test_a_wildcard_host_endpoint_closes_all_interfaces(self, host: str, peer: str) -> None:
        asked = engine(WILDCARD)
        assert verdict(asked, peer, host) == verdict(asked, host, peer) == "denied"

    @pytest.mark.parametrize("host", [TWO, OTHER_AGENT])
    def test_other_nodes_are_left_alone(self, host: str) -> None:
        asked = engine(WILDCARD)
        for peer in (OUTSIDE, FAR, NEAR):
            assert verdict(asked, peer, host) == verdict(asked, host, peer) == "allowed"

    def test_pods_are_left_alone(self) -> None:
        asked = engine(WILDCARD)
        for pair in ((NEAR, FAR), (FAR, NEAR), (OUTSIDE, NEAR), (NEAR, OUTSIDE)):
            assert verdict(asked, *pair) == "allowed"

    @pytest.mark.parametrize("host", GOVERNED)
    def test_the_profile_that_allows_all_leaves_it_open(self, host: str) -> None:
        """ "will have allow-all semantics instead of deny-all in the absence of policy"."""
        asked = engine(OPEN)
        assert verdict(asked, OUTSIDE, host) == verdict(asked, host, FAR) == "allowed"

    @pytest.mark.parametrize("host", GOVERNED)
    def test_a_named_host_endpoint_closes_only_its_interface(self, host: str) -> None:
        """ "blocks traffic only to/from the interface specified": which one that is the input does not show."""
        asked = engine(NAMED)
        assert verdict(asked, OUTSIDE, host) == verdict(asked, host, FAR) == "unknown"

    @pytest.mark.parametrize(("port", "protocol"), [(22, Protocol.TCP), (68, Protocol.UDP), (6443, Protocol.TCP)])
    def test_failsafe_ports_are_perhaps_open(self, port: int, protocol: Protocol) -> None:
        """ "default/configurable ports that are open on all host endpoints"."""
        assert verdict(engine(WILDCARD), OUTSIDE, ONE, port, protocol) == "unknown"

    def test_failsafe_ports_have_a_direction(self) -> None:
        asked = engine(WILDCARD)
        assert verdict(asked, ONE, OUTSIDE, 53, Protocol.UDP) == "unknown"
        assert verdict(asked, OUTSIDE, ONE, 53, Protocol.UDP) == "denied"
        assert verdict(asked, ONE, OUTSIDE, 22) == "denied"


class TestOwnPods:
    """ "Traffic from a host to its workload endpoints is always allowed, despite any policy in place."."""

    @pytest.mark.parametrize("host", GOVERNED)
    @pytest.mark.parametrize("hep", [WILDCARD, NAMED])
    def test_a_node_reaches_its_own_pods(self, host: str, hep: str) -> None:
        assert verdict(engine(hep, gnp(CLOSES)), host, NEAR) == "allowed"

    @pytest.mark.parametrize("host", GOVERNED)
    def test_what_its_own_pods_send_does_not_pass_the_interface(self, host: str) -> None:
        without = verdict(engine(), NEAR, host)
        assert verdict(engine(NAMED), NEAR, host) == without

    @pytest.mark.parametrize("host", GOVERNED)
    def test_whether_a_wildcard_counts_for_what_its_own_pods_send_is_open(self, host: str) -> None:
        assert verdict(engine(WILDCARD), NEAR, host) == "unknown"
        assert verdict(engine(WILDCARD, gnp(ALLOWS_PORT)), NEAR, host) == verdict(engine(), NEAR, host)


class TestPolicies:
    """Policies "can apply to both workload and host endpoints using label selectors"."""

    @pytest.mark.parametrize("hep", [WILDCARD, OPEN, NAMED])
    @pytest.mark.parametrize("host", GOVERNED)
    def test_a_rule_opens_a_port(self, hep: str, host: str) -> None:
        asked = engine(hep, gnp(ALLOWS_PORT))
        assert verdict(asked, OUTSIDE, host) == verdict(asked, FAR, host) == "allowed"
        assert verdict(asked, OUTSIDE, host, 9090) == ("unknown" if hep == NAMED else "denied")

    def test_a_policy_about_one_direction_leaves_the_other_to_the_profile(self) -> None:
        assert verdict(engine(OPEN, gnp(ALLOWS_PORT)), ONE, OUTSIDE) == "allowed"
        assert verdict(engine(WILDCARD, gnp(ALLOWS_PORT)), ONE, OUTSIDE) == "denied"

    def test_a_policy_that_selects_other_labels_does_not_count(self) -> None:
        assert verdict(engine(OPEN, gnp(CLOSES, selector="role == 'pod'")), OUTSIDE, ONE) == "allowed"

    def test_a_policy_for_all_selects_host_endpoints_too(self) -> None:
        assert verdict(engine(OPEN, gnp(CLOSES, selector="all()")), OUTSIDE, ONE) == "denied"

    def test_a_network_policy_selects_no_host_endpoint(self) -> None:
        spec = "selector: all(), types: [Ingress]"
        assert verdict(engine(OPEN, of("NetworkPolicy", spec, "all", "shop")), OUTSIDE, ONE) == "allowed"

    def test_labels_of_profiles_count(self) -> None:
        applied = of("Profile", "labelsToApply: {zone: dmz}", "dmz")
        hep = endpoint(profiles="[dmz, projectcalico-default-allow]")
        assert verdict(engine(hep, applied, gnp(CLOSES, selector="zone == 'dmz'")), OUTSIDE, ONE) == "denied"

    def test_a_profile_that_is_not_in_the_input_leaves_it_open(self) -> None:
        assert verdict(engine(endpoint(profiles="[mine]")), OUTSIDE, ONE) == "unknown"

    @pytest.mark.parametrize("host", GOVERNED)
    @pytest.mark.parametrize(
        ("key", "named", "other"), [("ports", "allowed", "denied"), ("notPorts", "denied", "allowed")]
    )
    def test_a_named_port_is_the_one_that_the_host_endpoint_calls_so(
        self, host: str, key: str, named: str, other: str
    ) -> None:
        """ "ports: List of named ports that this workload exposes."."""
        rule = f"{{action: Allow, protocol: TCP, destination: {{{key}: [kubelet]}}}}"
        asked = engine(with_ports(WILDCARD), gnp(f"types: [Ingress], ingress: [{rule}]"))
        assert verdict(asked, OUTSIDE, host, 10250) == named
        assert verdict(asked, OUTSIDE, host) == other
        assert verdict(asked, OUTSIDE, host, 10250, Protocol.UDP) == "denied"

    def test_a_name_that_the_host_endpoint_gives_no_port_means_none(self) -> None:
        spec = "types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [kubelet]}}]"
        assert verdict(engine(WILDCARD, gnp(spec)), OUTSIDE, ONE, 10250) == "denied"

    def test_host_endpoints_of_one_node_that_name_ports_differently_leave_it_open(self) -> None:
        both = with_ports(endpoint(name="a")), endpoint(name="b")
        spec = "types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [kubelet]}}]"
        assert verdict(engine(*both, gnp(spec)), OUTSIDE, ONE, 10250) == "unknown"

    @pytest.mark.parametrize("host", GOVERNED)
    @pytest.mark.parametrize("selector", ["", "selector: role == 'node', "])
    @pytest.mark.parametrize(("key", "other"), [("ports", "denied"), ("notPorts", "allowed")])
    def test_what_pods_send_to_a_port_that_a_host_endpoint_names_is_open(
        self, host: str, selector: str, key: str, other: str
    ) -> None:
        """Whether what is sent to a node is for an address of its host endpoint is not looked at."""
        rule = f"{{action: Allow, protocol: TCP, destination: {{{selector}{key}: [kubelet]}}}}"
        pods = gnp(f"types: [Egress], egress: [{rule}]", "pods", "app == 'far'")
        asked = engine(with_ports(OPEN), pods)
        assert verdict(asked, FAR, host, 10250) == "unknown"
        assert verdict(asked, FAR, host) == other
        assert verdict(asked, FAR, NEAR, 10250) == ("denied" if key == "ports" or selector else "allowed")

    def test_host_endpoints_that_are_selected_differently_leave_it_open(self) -> None:
        both = endpoint("eth0", name="a"), endpoint("eth1", name="b")
        assert verdict(engine(*both, gnp(ALLOWS_PORT, selector="hep == 'a'")), OUTSIDE, ONE) == "unknown"

    def test_host_endpoints_that_are_selected_alike_are_one(self) -> None:
        both = endpoint("eth0", name="a"), endpoint("eth1", name="b")
        assert verdict(engine(*both, gnp(ALLOWS_PORT)), OUTSIDE, ONE) == "allowed"

    def test_a_pod_on_an_unknown_node_may_have_one(self) -> None:
        asked = engine(WILDCARD, placed("lost", "", host=True))
        assert verdict(asked, OUTSIDE, "shop/lost") == verdict(asked, "shop/lost", OUTSIDE) == "unknown"

    @pytest.mark.parametrize(
        ("engine_id", "expected"), [("calico", "denied"), ("kubernetes", "denied"), ("cilium", "allowed")]
    )
    def test_only_engines_with_the_kind_judge_it(self, engine_id: str, expected: str) -> None:
        assert verdict(engine(WILDCARD, engine_id=engine_id), OUTSIDE, ONE) == expected


class TestAsPeers:
    """Calico "uses the expectedIPs field to resolve label selectors to IP addresses. If the expectedIPs field is
    omitted then security rules that use labels will fail to match this endpoint."
    """

    LETS_NODES_IN = "types: [Ingress], ingress: [{action: Allow, source: {selector: role == 'node'}}]"

    def _into_far(self, hep: str, *documents: str, src: str) -> str:
        return verdict(engine(hep, *documents, gnp(self.LETS_NODES_IN, "pods", "app == 'far'")), src, FAR)

    @pytest.mark.parametrize("src", GOVERNED)
    def test_a_rule_names_a_node_by_the_labels_of_its_host_endpoint(self, src: str) -> None:
        assert self._into_far(OPEN, src=src) == "allowed"
        assert self._into_far(OPEN, src=NEAR) == self._into_far(OPEN, src=OUTSIDE) == "denied"

    @pytest.mark.parametrize("src", GOVERNED)
    def test_without_expected_addresses_no_rule_does(self, src: str) -> None:
        assert self._into_far(OPEN.replace("expectedIPs: [10.0.0.1]", "expectedIPs: []"), src=src) == "denied"

    @pytest.mark.parametrize("src", GOVERNED)
    def test_of_a_node_with_other_addresses_it_is_open(self, src: str) -> None:
        assert self._into_far(OPEN.replace("10.0.0.1", "192.168.0.1"), src=src) == "unknown"

    @pytest.mark.parametrize("address", ["2001:db8::7", OUTSIDE])
    def test_only_packets_of_a_family_that_it_expects_may_have_its_address(self, address: str) -> None:
        """A rule about the node's own end: expectedIPs of IPv4 say nothing of what is of IPv6."""
        hep = OPEN.replace("10.0.0.1", "192.168.0.1")
        own = "types: [Ingress], ingress: [{action: Allow, destination: {selector: role == 'node'}}]"
        assert verdict(engine(hep, gnp(own)), address, ONE) == ("unknown" if "." in address else "denied")

    def test_a_host_endpoint_of_a_machine_that_is_no_node_counts_by_its_addresses(self) -> None:
        hep = OPEN.replace("10.0.0.1", "192.0.2.9").replace("node: one", "node: gateway")
        assert self._into_far(hep, src="192.0.2.9") == "allowed"
        assert self._into_far(hep, src="192.0.2.8") == "denied"

    @pytest.mark.parametrize("src", GOVERNED)
    def test_all_names_host_endpoints_too(self, src: str) -> None:
        rule = "types: [Ingress], ingress: [{action: Allow, source: {selector: all()}}]"
        far = gnp(rule, "pods", "app == 'far'")
        assert verdict(engine(OPEN, far), src, FAR) == "allowed"
        asked = engine(OPEN.replace("10.0.0.1", "192.168.0.1"), far)
        (answer,) = {d.reason for d in asked.explain(*ends_of(asked, src, FAR)).directions if d.verdict == "unknown"}
        assert "expectedIPs" in answer


def test_the_explanation_names_the_host_endpoint_and_the_policy_with_their_lines() -> None:
    asked = engine(WILDCARD)
    found = asked.explain(*ends_of(asked, OUTSIDE, ONE), Protocol.TCP, PORT)
    isolating = [e for d in found.directions for e in d.effects if e.effect == "isolates"]
    (hep,) = asked.snapshot.host_endpoints
    assert [(e.policy, e.source) for e in isolating] == [(hep.ref, hep.source)]


def test_a_host_endpoint_that_cannot_be_read_is_named_where_it_could_change_the_answer() -> None:
    """Which node it is of is not known for certain; a host endpoint closes its node but for failsafe ports."""
    broken = NAMED.replace("10.0.0.1]", "10.0.0.999]")
    documents = (d for text in (*CLUSTER, broken) for d in yaml.safe_load_all(textwrap.dedent(text)) if d)
    loaded = load(documents)
    assert [p.severity.label for p in loaded.problems] == ["error"]
    assert loaded.snapshot.rejected_policies == ()
    for engine_id, named in (("kubernetes", True), ("calico", True), ("cilium", False)):
        asked = compile_engine(loaded.snapshot, profile(engine_id))
        for subject, expected in ((ONE, named), (AGENT, named), (TWO, named), (FAR, False)):
            ends = (parse_end(end, asked.snapshot) for end in (subject, OUTSIDE))
            reason = asked.explain(*ends, Protocol.TCP, PORT).directions[0].reason
            assert ("computed without the rejected object hep[HostEndpoint]" in reason) is expected, (
                engine_id,
                subject,
            )
    rows = [row for row in rows_of(compile_engine(loaded.snapshot)) if "rejected object hep" in row.reason]
    assert {str(row.src_ref or row.dst_ref) for row in rows} >= {"shop/agent[Pod]"}


def test_with_policies_for_forwarded_traffic_it_is_named_for_pods_too() -> None:
    broken = NAMED.replace("10.0.0.1]", "10.0.0.999]")
    forward = gnp("applyOnForward: true, types: [Ingress]")
    documents = (d for text in (*CLUSTER, broken, forward) for d in yaml.safe_load_all(textwrap.dedent(text)) if d)
    asked = compile_engine(load(documents).snapshot)
    ends = (parse_end(end, asked.snapshot) for end in (FAR, OUTSIDE))
    assert "rejected object hep[HostEndpoint]" in asked.explain(*ends, Protocol.TCP, PORT).directions[0].reason


def numbered_nodes(count: int) -> tuple[str, ...]:
    """As many Nodes, each with a host endpoint that gives the name x a number of its own."""
    found = []
    for i in range(count):
        address = f"10.3.{i // 250}.{i % 250 + 1}"
        found.append(
            f"apiVersion: v1\nkind: Node\nmetadata: {{name: n{i}}}\n"
            f"status: {{addresses: [{{type: InternalIP, address: {address}}}]}}\n"
        )
        ports = f"[{{name: x, port: {2000 + i}, protocol: TCP}}]"
        shown = f"node: n{i}, interfaceName: '*', expectedIPs: [{address}], ports: {ports}"
        hep = of("HostEndpoint", f"{shown}, profiles: [projectcalico-default-allow]", f"h{i}")
        found.append(hep.replace(f"{{name: h{i}}}", f"{{name: h{i}, labels: {{role: node}}}}"))
    return tuple(found)


def named_rules(direction: str, count: int) -> str:
    """As many rules with a named port, each about a source or destination port more."""
    rules = (
        f"{{action: Allow, protocol: TCP, source: {{nets: [192.0.2.{i}/32]}}, destination: {{ports: [x, {1000 + i}]}}}}"
        if direction == "ingress"
        else f"{{action: Allow, protocol: TCP, destination: {{ports: [x, {1000 + i}]}}}}"
        for i in range(count)
    )
    return f"types: [{direction.title()}], {direction}: [{', '.join(rules)}]"


class TestManyNumberings:
    """A name to which host endpoints give many numbers: rules must not become one for each of them."""

    @pytest.mark.parametrize(("count", "far"), [(NUMBERINGS_UP_TO, "denied"), (NUMBERINGS_UP_TO + 1, "unknown")])
    def test_beyond_the_bound_which_node_gives_which_number_is_left_open(self, count: int, far: str) -> None:
        towards = engine(*numbered_nodes(count), gnp(named_rules("egress", 1), "pods", "app == 'far'"))
        assert verdict(towards, FAR, "node/n3", 2003) == "unknown"
        assert verdict(towards, FAR, "node/n3", 2004) == far
        assert verdict(towards, FAR, "node/n3", 1999) == "denied"
        assert verdict(towards, FAR, "node/n3", 1000) == "allowed"
        own = engine(*numbered_nodes(count), gnp(named_rules("ingress", 1)))
        assert verdict(own, "192.0.2.0", "node/n3", 2003) == ("allowed" if far == "denied" else "unknown")
        assert verdict(own, "192.0.2.0", "node/n3", 2004) == far
        assert verdict(own, "192.0.2.1", "node/n3", 2003) == "denied"

    @pytest.mark.parametrize(("direction", "selector"), [("ingress", "role == 'node'"), ("egress", "app == 'far'")])
    def test_as_many_compiled_rules_come_of_twice_as_many_host_endpoints(self, direction: str, selector: str) -> None:
        found = []
        for count in (100, 200):
            policies = engine(*numbered_nodes(count), gnp(named_rules(direction, 5), "p", selector)).policies
            found.append(sum(len(policy.rules) for policy in policies if policy.ref.name == "p"))
        assert found[0] == found[1] <= 30

    def test_so_is_the_looking(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was looked at before the bound is exact, what comes after is left open."""
        monkeypatch.setattr(calico_port_names, "LOOKS_UP_TO", 10)
        few = engine(*numbered_nodes(8), gnp(named_rules("egress", 1), "pods", "app == 'far'"))
        many = engine(*numbered_nodes(12), gnp(named_rules("egress", 1), "pods", "app == 'far'"))
        assert (verdict(few, FAR, "node/n3", 2004), verdict(many, FAR, "node/n3", 2004)) == ("denied", "unknown")


@pytest.mark.parametrize("before_dnat", [True, False])
def test_rules_that_only_log_are_told_and_stand_among_no_rules_that_decide(before_dnat: bool) -> None:
    """ "Log … processing continues with the next rule" ("Global network policy", docs.tigera.io)."""
    spec = "applyOnForward: true, types: [Ingress], ingress: [{action: Log}]"
    asked = engine(endpoint(), gnp(f"preDNAT: {str(before_dnat).lower()}, {spec}"))
    assert not [r for policy in asked.policies for r in policy.rules if r.action is Action.LOG]
    stages = {stage.name for stage in asked.stages for policy in stage.policies if policy.told}
    assert any("forward" in name for name in stages)
    assert len(stages) > 1
