"""What comes in through a load balancer, for each traffic policy, data plane and engine.

Expected verdicts follow from two tables of facts: whose address pods see (service_traffic.yaml: client_address), and
whether ingress policies count (policy_readings.yaml). The pod lets in the client's network alone, so that what its
policies see decides. What a node sends on is not its own traffic, which its pods always let in.
"""

from __future__ import annotations

from typing import Any

import pytest

from lib.facts.service_traffic import client_addresses
from lib.flows.load_balancers import arrivals
from lib.model.services import TrafficPolicy
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.trace.hop import HopKind, HopVerdict, Trace
from tests.policy.build import snapshot_of
from tests.trace.build import CLIENT, FRONT, cluster, from_blocks, kinds, pod, policy, service, verdicts, walk

ALLOWED, DENIED, UNKNOWN, DEPENDS = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.UNKNOWN, HopVerdict.DEPENDS
FRONT_HOPS = ["address", "security rules", "load balancing rule"]
WAY = [*FRONT_HOPS, "health probe", "node", "policies of the receiver", "pod"]


def balanced(**more: Any) -> dict[str, Any]:
    return service(kind="LoadBalancer", status=[{"ip": FRONT}], **more)


def arriving(traffic_policy: str, plane: str, engine: str, *policies: dict[str, Any]) -> Trace:
    objects = cluster(balanced(externalTrafficPolicy=traffic_policy), *policies, plane=plane)
    return walk(objects, CLIENT, f"{FRONT}:80", engine)


def cases(found: Trace) -> set[tuple[str, str]]:
    hop = next(hop for hop in found.hops if hop.kind is HopKind.INGRESS)
    return {(way.label, way.verdict.value) for way in hop.ways}


@pytest.mark.parametrize("engine", ["kubernetes", "azure-npm", "calico", "cilium", "none"])
@pytest.mark.parametrize("plane", ["kube-proxy", "cilium", ""])
@pytest.mark.parametrize("traffic_policy", ["Cluster", "Local"])
def test_without_policies_every_profile_lets_the_internet_in_over_the_same_hops(traffic_policy, plane, engine):
    found = arriving(traffic_policy, plane, engine)
    assert (kinds(found), found.verdict) == (WAY, ALLOWED)


@pytest.mark.parametrize(
    ("traffic_policy", "plane", "engine", "expected"),
    [
        # Local: every data plane shows the client, which the policy lets in.
        *(("Local", plane, "kubernetes", ALLOWED) for plane in ("kube-proxy", "cilium", "")),
        ("Local", "kube-proxy", "calico", ALLOWED),
        ("Local", "cilium", "cilium", ALLOWED),
        # Cluster and NPM: ingress policies do not count.
        ("Cluster", "kube-proxy", "azure-npm", ALLOWED),
        # Cluster and kube-proxy: pods see a node; whether policies do on the receiving node Calico does not say.
        ("Cluster", "kube-proxy", "calico", UNKNOWN),
        # Cluster and Cilium: the client on the receiving node, a remote node elsewhere.
        ("Cluster", "cilium", "cilium", DEPENDS),
        ("Cluster", "", "cilium", DEPENDS),
        # Where the data plane is not known, nothing settles what pods see under Calico.
        ("Cluster", "", "calico", UNKNOWN),
        # The API does not say whether policies count after such a translation.
        ("Cluster", "kube-proxy", "kubernetes", UNKNOWN),
        ("Cluster", "cilium", "kubernetes", UNKNOWN),
        # Nothing enforces anything.
        ("Cluster", "kube-proxy", "none", ALLOWED),
    ],
)
def test_a_policy_for_the_clients_network_decides_by_whom_pods_see(traffic_policy, plane, engine, expected):
    found = arriving(traffic_policy, plane, engine, from_blocks("198.51.100.0/24"))
    assert (kinds(found), verdicts(found)[HopKind.INGRESS]) == (WAY, expected)
    # Such a policy keeps Azure's probe out, whichever of both senders policies see: no node counts as healthy.
    probe_fails = traffic_policy == "Cluster" and engine in ("cilium", "calico")
    assert found.verdict is (DENIED if probe_fails else expected)


@pytest.mark.parametrize(("plane", "engine"), [("kube-proxy", "calico"), ("cilium", "cilium")])
def test_where_the_node_decides_each_way_of_the_facts_is_shown(plane, engine):
    shown = {label for label, _ in cases(arriving("Cluster", plane, engine, from_blocks("198.51.100.0/24")))}
    for fact in client_addresses():
        if (fact.external_traffic_policy, fact.data_plane) == ("Cluster", plane):
            assert any(fact.backend in label for label in shown), (fact.backend, shown)


@pytest.mark.parametrize("engine", ["kubernetes", "azure-npm", "calico", "cilium", "none"])
@pytest.mark.parametrize("traffic_policy", ["Cluster", "Local"])
@pytest.mark.parametrize(
    "rules",
    [
        policy("in", policyTypes=["Ingress"]),
        policy("in", policyTypes=["Ingress"], ingress=[{}]),
        from_blocks("198.51.100.0/24"),
        from_blocks("0.0.0.0/0"),
    ],
    ids=["nobody", "everybody", "some clients", "every address"],
)
def test_traces_and_the_list_of_what_load_balancers_carry_are_one_reading(engine, traffic_policy, rules):
    """What a node only sends on is not its own traffic, which its pods always let in: CALD:calico/network-policy/hosts/
    protect-hosts.mdx, "connections from processes running on the host"."""
    objects = cluster(balanced(externalTrafficPolicy=traffic_policy), rules)
    (listed,) = arrivals(compile_engine(snapshot_of(objects), profile(engine)))
    found = verdicts(walk(objects, "internet", f"{FRONT}:80", engine))[HopKind.INGRESS]
    assert found.value == listed.verdict.replace("some", "depends")


def test_cilium_shows_the_client_on_the_receiving_node_and_a_node_elsewhere():
    assert cases(arriving("Cluster", "cilium", "cilium", from_blocks("198.51.100.0/24"))) == {
        (f"Cilium: a pod on the node that received the packet sees {CLIENT}", "allowed"),
        ("Cilium: a pod on another node sees the receiving node", "denied"),
    }


@pytest.mark.parametrize(("plane", "engine"), [("kube-proxy", "kubernetes"), ("cilium", "cilium")])
def test_local_denies_a_client_that_the_policy_does_not_hold(plane, engine):
    found = arriving("Local", plane, engine, from_blocks("192.0.2.0/24"))
    assert found.verdict is DENIED
    assert found.stopped_at is not None and found.stopped_at.kind is HopKind.INGRESS


def test_under_local_the_internet_depends_on_the_clients_address():
    objects = cluster(balanced(externalTrafficPolicy="Local"), from_blocks("198.51.100.0/24"))
    found = walk(objects, "internet", f"{FRONT}:80")
    assert verdicts(found)[HopKind.INGRESS] is DEPENDS


def test_a_policy_that_lets_everybody_in_settles_every_profile():
    everybody = policy("in", policyTypes=["Ingress"], ingress=[{}])
    for plane, engine in (("kube-proxy", "calico"), ("cilium", "cilium"), ("", "kubernetes")):
        assert arriving("Cluster", plane, engine, everybody).verdict is ALLOWED


def test_the_traffic_policy_that_a_person_sets_counts_instead_of_the_services_own():
    objects = cluster(balanced(externalTrafficPolicy="Cluster"), from_blocks("198.51.100.0/24"), plane="cilium")
    found = walk(objects, CLIENT, f"{FRONT}:80", "cilium", external_traffic_policy=TrafficPolicy.LOCAL)
    assert found.verdict is ALLOWED


def test_without_nodes_what_only_some_senders_may_do_is_unknown():
    objects = [o for o in cluster(balanced(), from_blocks("198.51.100.0/24")) if o["kind"] != "Node"]
    found = walk(objects, CLIENT, f"{FRONT}:80", "calico")
    assert verdicts(found)[HopKind.INGRESS] is UNKNOWN


def test_a_service_without_a_ready_pod_denies_on_the_node():
    objects = [o for o in cluster(balanced()) if o["metadata"]["name"] != "web" or o["kind"] != "Pod"]
    found = walk([*objects, pod("web", "10.244.1.10", "n1", ready=False)], CLIENT, f"{FRONT}:80")
    assert (kinds(found), found.verdict) == ([*FRONT_HOPS, "node"], DENIED)


@pytest.mark.parametrize(
    ("source", "plane", "expected"),
    [
        (CLIENT, "kube-proxy", ALLOWED),
        ("192.0.2.9", "kube-proxy", DENIED),
        ("192.0.2.9", "cilium", DENIED),
        ("192.0.2.9", "", DENIED),
    ],
)
def test_source_ranges_stop_others_in_azure_already(source, plane, expected):
    objects = cluster(balanced(loadBalancerSourceRanges=["198.51.100.0/24"]), plane=plane)
    found = walk(objects, source, f"{FRONT}:80")
    assert found.verdict is expected
    if expected is DENIED:
        assert found.stopped_at is not None and found.stopped_at.kind is HopKind.SECURITY


def test_a_port_that_the_service_does_not_have_is_denied_with_its_ports():
    found = walk(cluster(balanced()), CLIENT, f"{FRONT}:81")
    assert found.verdict is DENIED
    assert "80/TCP" in found.hops[0].reason


@pytest.mark.parametrize("annotation", ["service.beta.kubernetes.io/azure-load-balancer-internal"])
def test_an_internal_frontend_takes_the_virtual_network_and_not_the_internet(annotation):
    internal = service(kind="LoadBalancer", status=[{"ip": "10.224.0.200"}], annotations={annotation: "true"})
    assert walk(cluster(internal), "internet", "10.224.0.200:80").verdict is DENIED
    found = walk(cluster(internal), "vnet", "10.224.0.200:80")
    assert (kinds(found), found.verdict) == (WAY, ALLOWED)
    assert any("AllowVNetInBound" in d.name for hop in found.hops for d in hop.deciders)


def test_an_asymmetric_way_back_is_told_of_where_a_route_leads_to_a_firewall():
    found = walk(cluster(balanced()), CLIENT, f"{FRONT}:80", outbound_type="userDefinedRouting")
    assert found.hops[-1].kind is HopKind.RETURN
    assert found.verdict is UNKNOWN
    other = walk(cluster(balanced()), CLIENT, f"{FRONT}:80", outbound_type="loadBalancer")
    assert HopKind.RETURN not in verdicts(other)


def test_a_sender_with_a_private_address_is_judged_by_the_address_that_translation_gives_it():
    """Azure and nodes see a public address of nobody's in the input, not the private one that the list holds."""
    objects = cluster(balanced(loadBalancerSourceRanges=["10.1.0.0/16"]))
    assert walk(objects, "10.1.2.3", f"{FRONT}:80").verdict is DENIED


def test_policies_that_drop_what_nodes_send_are_said_to_stop_probes_too():
    def probe(*policies):
        return verdicts(arriving("Cluster", "cilium", "cilium", *policies))[HopKind.PROBE]

    # Of both ways by which Cilium shows the sender (service_traffic.yaml) neither is the client's network. "A Network
    # Policy rule can make an entire node appear down": AKS:shared-health-probes.md.
    assert probe(from_blocks("198.51.100.0/24")) is DENIED
    assert probe() is ALLOWED
