"""What Cilium's own ConfigMap says changes verdicts, each setting as a sentence.

Expectations are from docs.cilium.io: "Policy Enforcement Modes", "Selecting nodes with CIDR / ipBlock" and the list of
the agent's options.
"""

from __future__ import annotations

import pytest

from lib.facts.engine_settings import engine_settings
from lib.flows.load_balancers import arrivals
from lib.model.sets import Family, Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import detect_engine, profile
from tests.policy.build import engine_of, pod, policy, snapshot_of_yaml
from tests.policy.switch_cases import balanced
from tests.policy.test_cilium_policies import SHOP, ccnp, cnp
from tests.policy.test_engines import daemon_set
from tests.policy.test_semantics import NODES, on_node

WEB, API = (on_node(pod(name, role=name), "node-1") for name in ("web", "api"))
AGENTS = [on_node(pod(f"agent-{i}", host=True), f"node-{i}") for i in (1, 2)]
TO_NODES = (
    "podSelector: {matchLabels: {role: web}}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"
)
CLOSED = "podSelector: {matchLabels: {role: api}}\npolicyTypes: [Ingress]"


def cilium_config(**data: str) -> str:
    told = ", ".join(f'{key.replace("_", "-")}: "{value}"' for key, value in data.items())
    return f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: cilium-config, namespace: kube-system}}
data: {{{told}}}
"""


def cluster(*documents: str, engine_id: str = "cilium", **data: str) -> Engine:
    return engine_of(SHOP, NODES, WEB, API, *AGENTS, *documents, cilium_config(**data), profile=profile(engine_id))


def verdict(engine: Engine, src: str, dst: str, protocol: Protocol = Protocol.TCP) -> str:
    names = {w.ref.name: w for w in engine.snapshot.workloads} | {n.name: n for n in engine.snapshot.nodes}
    ends = (names.get(name) or parse_end(name, engine.snapshot) for name in (src, dst))
    return engine.explain(*ends, protocol, 80).verdict


@pytest.mark.parametrize(
    ("mode", "selected", "free"),
    [("default", "denied", "allowed"), ("always", "denied", "denied"), ("never", "allowed", "allowed")],
)
def test_enable_policy_says_whom_policies_close(mode: str, selected: str, free: str) -> None:
    engine = cluster(policy(CLOSED), enable_policy=mode)
    assert verdict(engine, "web", "api") == selected
    assert verdict(engine, "api", "web") == free


@pytest.mark.parametrize(
    "ends", [("node-1", "node-2"), ("node-1", "1.1.1.1"), ("1.1.1.1", "node-1"), ("agent-1", "1.1.1.1")]
)
def test_whether_always_closes_nodes_with_the_host_firewall_nobody_says(ends: tuple[str, str]) -> None:
    """ "Policy enforcement is enabled on all endpoints": the host is one where the host firewall is on."""
    assert verdict(cluster(enable_policy="always", enable_host_firewall="true"), *ends) == "unknown"
    assert verdict(cluster(enable_policy="always", enable_host_firewall="false"), *ends) == "allowed"
    assert verdict(cluster(enable_policy="default", enable_host_firewall="true"), *ends) == "allowed"


def test_what_a_policy_of_nodes_allows_is_allowed_whatever_always_means_for_them() -> None:
    opens = ccnp("egress: [{toEntities: [world]}]", selects="nodeSelector: {}")
    engine = cluster(opens, enable_policy="always", enable_host_firewall="true")
    assert verdict(engine, "node-1", "1.1.1.1") == "allowed"
    assert verdict(engine, "1.1.1.1", "node-1") == "unknown"


def test_always_is_a_reason_with_its_place_and_what_a_policy_allows_is_allowed() -> None:
    opens = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]\ningress: [{}]\negress: [{}]")
    engine = cluster(enable_policy="always")
    names = {w.ref.name: w for w in engine.snapshot.workloads}
    found = engine.explain(names["web"], names["api"], Protocol.TCP, 80)
    effects = [e for d in found.directions for e in d.effects if e.effect == "isolates"]
    assert {str(e.policy) for e in effects} == {"kube-system/cilium-config[ConfigMap]"}
    assert {e.source.path for e in effects} == {("data", "enable-policy")}
    assert verdict(cluster(opens, enable_policy="always"), "web", "api") == "allowed"


def test_never_is_a_reason_that_names_the_setting() -> None:
    engine = cluster(policy(CLOSED), enable_policy="never")
    names = {w.ref.name: w for w in engine.snapshot.workloads}
    found = engine.explain(names["web"], names["api"], Protocol.TCP, 80)
    assert all("kube-system/cilium-config has enable-policy: never" in d.reason for d in found.directions)


def test_audit_mode_drops_nothing() -> None:
    assert verdict(cluster(policy(CLOSED), policy_audit_mode="true"), "web", "api") == "allowed"
    assert verdict(cluster(policy(CLOSED), policy_audit_mode="false"), "web", "api") == "denied"


@pytest.mark.parametrize(
    ("mode", "own", "other"), [("", "denied", "denied"), ("nodes", "unknown", "allowed"), ("other", "denied", "denied")]
)
@pytest.mark.parametrize("end", ["node", "agent"])
@pytest.mark.parametrize("kind", ["NetworkPolicy", "CiliumNetworkPolicy"])
def test_cidr_match_mode_nodes_makes_blocks_mean_all_nodes_but_perhaps_the_pods_own(
    kind: str, end: str, mode: str, own: str, other: str
) -> None:
    rule = policy(TO_NODES)
    if kind == "CiliumNetworkPolicy":
        rule = cnp("egress: [{toCIDR: [10.0.0.0/8]}]", selects="endpointSelector: {matchLabels: {role: web}}")
    engine = cluster(rule, policy_cidr_match_mode=mode)
    assert verdict(engine, "web", f"{end}-1") == own
    assert verdict(engine, "web", f"{end}-2") == other


@pytest.mark.parametrize(("told", "expected"), [("true", "denied"), ("false", "allowed"), ("maybe", "unknown")])
def test_the_host_firewall_says_whether_policies_count_for_nodes(told: str, expected: str) -> None:
    engine = cluster(ccnp("ingress: [{}]", selects="nodeSelector: {}"), enable_host_firewall=told)
    assert verdict(engine, "198.51.100.7", "node-1") == expected
    notes = [n.code for n in engine.notes if n.code.startswith("host-firewall")]
    assert notes == {"true": [], "false": ["host-firewall-off"], "maybe": ["host-firewall-unknown"]}[told]


@pytest.mark.parametrize(("told", "expected"), [("true", "allowed"), ("false", "unknown")])
def test_sctp_is_judged_where_it_is_turned_on(told: str, expected: str) -> None:
    opens = policy(f"{CLOSED}\ningress: [{{ports: [{{port: 80, protocol: SCTP}}]}}]")
    assert verdict(cluster(opens, enable_sctp=told), "web", "api", Protocol.SCTP) == expected


@pytest.mark.parametrize(("told", "expected"), [("auto", "allowed"), ("always", "allowed"), ("policy", "denied")])
def test_allow_localhost_says_whether_a_node_reaches_its_pods(told: str, expected: str) -> None:
    engine = cluster(policy(CLOSED), allow_localhost=told)
    assert verdict(engine, "node-1", "api") == expected
    assert verdict(engine, "node-2", "api") == "denied"


def test_where_a_node_may_not_reach_its_pods_the_host_entity_lets_it_in() -> None:
    lets = cnp("ingress: [{fromEntities: [host]}]", selects="endpointSelector: {matchLabels: {role: api}}")
    engine = cluster(lets, allow_localhost="policy")
    assert (verdict(engine, "node-1", "api"), verdict(engine, "node-2", "api")) == ("allowed", "denied")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("enable_k8s_networkpolicy", "NetworkPolicy"),
        ("enable_cilium_network_policy", "CiliumNetworkPolicy"),
        ("enable_cilium_clusterwide_network_policy", "CiliumClusterwideNetworkPolicy"),
    ],
)
def test_a_kind_that_is_turned_off_does_not_count_and_the_others_do(key: str, kind: str) -> None:
    selects = "endpointSelector: {matchLabels: {role: api}}"
    written = {
        "NetworkPolicy": policy(CLOSED),
        "CiliumNetworkPolicy": cnp("ingress: [{}]", selects=selects),
        "CiliumClusterwideNetworkPolicy": ccnp("ingress: [{}]", selects=selects),
    }
    for name, text in written.items():
        assert verdict(cluster(text, **{key: "false"}), "web", "api") == ("allowed" if name == kind else "denied"), name
        assert verdict(cluster(text, **{key: "true"}), "web", "api") == "denied", name


def test_settings_are_of_the_engine_whose_config_map_it_is() -> None:
    engine = cluster(policy(CLOSED), engine_id="calico", enable_policy="never")
    assert verdict(engine, "web", "api") == "denied"


def test_where_nodes_may_have_settings_of_their_own_the_config_map_settles_nothing() -> None:
    own = "apiVersion: cilium.io/v2\nkind: CiliumNodeConfig\nmetadata: {name: a, namespace: kube-system}\nspec: {}"
    engine = cluster(own, enable_policy="always")
    assert verdict(engine, "web", "api") == "allowed"
    assert "node-settings-not-read" in [n.code for n in engine.notes]


def test_a_config_map_of_another_namespace_says_nothing() -> None:
    other = cilium_config(enable_policy="always").replace("kube-system", "shop")
    engine = engine_of(SHOP, NODES, WEB, API, other, profile=profile("cilium"))
    assert verdict(engine, "web", "api") == "allowed"


@pytest.mark.parametrize(("key", "value"), [("enable_policy", "never"), ("policy_audit_mode", "true")])
def test_an_engine_that_is_told_to_enforce_nothing_is_none_with_its_place(key: str, value: str) -> None:
    found = detect_engine(snapshot_of_yaml(daemon_set("cilium"), cilium_config(**{key: value})))
    assert found.name == "none"
    assert value in found.evidence and found.source is not None
    assert found.source.path == ("data", key.replace("_", "-"))


def test_the_apis_own_words_say_that_the_cluster_is_told_otherwise() -> None:
    """The default reading is the API's: a note tells what the cluster's own engine does otherwise."""
    engine = cluster(daemon_set("cilium"), engine_id="kubernetes", enable_policy="always")
    (note,) = [n for n in engine.notes if n.code == "engine-settings"]
    assert "enable-policy: always" in note.message and note.source is not None
    assert "cilium" in note.remedy


def test_labels_that_count_otherwise_are_told() -> None:
    assert "identity-labels-set" in [n.code for n in cluster(labels="k8s:app !foo").notes]
    assert "identity-labels-set" not in [n.code for n in cluster(labels="").notes]


@pytest.mark.parametrize("setting", engine_settings(), ids=lambda s: f"{s.key}-{s.values[0]}-{s.switch}")
def test_every_setting_changes_the_profile(setting) -> None:
    engine = cluster(**{setting.key.replace("-", "_"): setting.values[0]})
    assert engine.profile != profile("cilium")
    assert setting.values[0] in engine.profile.bases[setting.switch].words


@pytest.mark.parametrize(
    ("setting", "seen_as"),
    [
        ({"kube_proxy_replacement": "true"}, "node or client"),
        ({"kube_proxy_replacement": "false"}, "node"),
        ({"bpf_lb_mode": "snat"}, "node or client"),
        ({"bpf_lb_mode": "dsr"}, "node or client"),
    ],
)
def test_as_from_whom_policies_see_what_came_through_a_load_balancer(setting: dict[str, str], seen_as: str) -> None:
    """With kube-proxy what came through any node is translated; Cilium itself leaves the client on its own node."""
    (found,) = arrivals(engine_of(*balanced("Cluster", ""), cilium_config(**setting), profile=profile("cilium")))
    assert found.seen_as == seen_as


DUAL_NODES = """
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: 'fd00:9::1'}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-2}
status: {addresses: [{type: InternalIP, address: 10.0.0.2}, {type: InternalIP, address: 'fd00:9::2'}]}
"""


@pytest.mark.parametrize("kind", ["NetworkPolicy", "CiliumNetworkPolicy"])
@pytest.mark.parametrize(
    ("block", "family", "expected"),
    [
        ("10.0.0.0/8", Family.IPV4, "allowed"),
        ("10.0.0.0/8", Family.IPV6, "denied"),
        ("fd00::/8", Family.IPV4, "denied"),
        ("fd00::/8", Family.IPV6, "allowed"),
    ],
)
def test_a_block_that_means_nodes_means_them_for_packets_of_its_own_ip_family(
    kind: str, block: str, family: Family, expected: str
) -> None:
    """A block of one family has no address of the other: a packet over IPv6 is at no address of 10.0.0.0/8."""
    rule = policy(TO_NODES.replace("10.0.0.0/8", f"'{block}'"))
    if kind == "CiliumNetworkPolicy":
        rule = cnp(f"egress: [{{toCIDR: ['{block}']}}]", selects="endpointSelector: {matchLabels: {role: web}}")
    both = "status: {phase: Running, podIPs: [{ip: 10.1.0.1}, {ip: 'fd00:1::1'}]}\n"
    config = cilium_config(policy_cidr_match_mode="nodes")
    engine = engine_of(SHOP, DUAL_NODES, WEB + both, rule, config, profile=profile("cilium"))
    web, node = engine.snapshot.workloads[0], engine.snapshot.nodes[1]
    assert engine.explain(web, node, Protocol.TCP, 80, family).verdict == expected


def test_the_api_server_is_known_by_its_address_of_one_ip_family() -> None:
    slice_ = """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
    addressType: IPv4
    endpoints: [{addresses: [10.0.0.2]}]
    ports: [{port: 443}]
    """
    rule = cnp("egress: [{toEntities: [kube-apiserver]}]", selects="endpointSelector: {matchLabels: {role: web}}")
    both = "status: {phase: Running, podIPs: [{ip: 10.1.0.1}, {ip: 'fd00:1::1'}]}\n"
    engine = engine_of(SHOP, DUAL_NODES, WEB + both, rule, slice_, profile=profile("cilium"))
    web, node = engine.snapshot.workloads[0], engine.snapshot.nodes[1]
    found = {f: engine.explain(web, node, Protocol.TCP, 443, f).verdict for f in Family}
    assert found == {Family.IPV4: "allowed", Family.IPV6: "denied"}
