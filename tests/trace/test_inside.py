"""Traces that start in the cluster: Services by name and by address, pods, node ports, names and addresses outside."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from lib.facts.cluster_dns import local_dns
from lib.facts.outbound import outbound_types
from lib.model.errors import ModelError
from lib.model.sets import AddressSet
from lib.trace.hop import HopKind, HopVerdict
from tests.trace.build import CLUSTER_IP, FRONT, cluster, kinds, pod, policy, service, verdicts, walk

ALLOWED, DENIED, UNKNOWN, DEPENDS = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.UNKNOWN, HopVerdict.DEPENDS
BY_NAME = ["name resolution", "DNS record", "node", "policies of the sender", "policies of the receiver", "pod"]
BY_ADDRESS = BY_NAME[2:]
TO_DNS = {
    "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}
TO_WEB = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}


def egress(*rules: dict[str, Any]) -> dict[str, Any]:
    return policy("out", app="client", policyTypes=["Egress"], egress=list(rules))


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
@pytest.mark.parametrize("plane", ["kube-proxy", "cilium", ""])
def test_a_pod_reaches_a_service_of_every_type_by_its_name(kind, plane):
    found = walk(cluster(service(kind=kind), plane=plane), "shop/client", "svc/shop/web:80")
    assert (kinds(found), found.verdict) == (BY_NAME, ALLOWED)


@pytest.mark.parametrize(
    "to", ["web:80", "web.shop:80", "web.shop.svc:80", "web.shop.svc.cluster.local:80", "svc/shop/web:80"]
)
def test_names_in_the_search_domains_mean_the_service(to):
    found = walk(cluster(service()), "shop/client", to)
    assert (kinds(found), found.verdict) == (BY_NAME, ALLOWED)


def test_a_short_name_is_one_of_the_senders_own_namespace():
    objects = cluster(service(), pod("other", "10.244.2.30", "n2", namespace="elsewhere"))
    found = walk(objects, "elsewhere/other", "web.shop:80")
    assert kinds(found) == BY_NAME
    with pytest.raises(ModelError, match="nosuch"):
        walk(objects, "elsewhere/other", "nosuch:80")


def test_by_cluster_ip_no_name_is_asked_for():
    found = walk(cluster(service()), "shop/client", f"{CLUSTER_IP}:80")
    assert (kinds(found), found.verdict) == (BY_ADDRESS, ALLOWED)


@pytest.mark.parametrize(
    ("rules", "name", "connection"),
    [
        ((TO_DNS, TO_WEB), ALLOWED, ALLOWED),
        ((TO_WEB,), DENIED, ALLOWED),
        ((TO_DNS,), ALLOWED, DENIED),
        ((), DENIED, DENIED),
    ],
)
def test_the_name_and_the_connection_have_a_verdict_each(rules, name, connection):
    found = verdicts(walk(cluster(service(), egress(*rules)), "shop/client", "svc/shop/web:80"))
    assert (found[HopKind.NAME], found[HopKind.EGRESS]) == (name, connection)


@pytest.mark.parametrize(
    ("protocols", "expected", "said"),
    [(("UDP", "TCP"), ALLOWED, "over UDP and TCP"), (("UDP",), ALLOWED, "denied"), (("TCP",), DENIED, "UDP")],
)
def test_udp_decides_over_the_name_and_tcp_is_told_of(protocols, expected, said):
    rule = {**TO_DNS, "ports": [{"protocol": p, "port": 53} for p in protocols]}
    hop = walk(cluster(service(), egress(rule, TO_WEB)), "shop/client", "svc/shop/web:80").hops[0]
    assert (hop.kind, hop.verdict) == (HopKind.NAME, expected)
    assert said in hop.reason
    assert {way.label.partition(" ")[0] for way in hop.ways} == {"UDP", "TCP"}


def test_local_dns_is_judged_at_its_own_address():
    listens = (local_dns().address, *local_dns().other_addresses)
    block = {"to": [{"ipBlock": {"cidr": f"{address}/32"}} for address in listens], "ports": TO_DNS["ports"]}
    by_pods = cluster(service(), egress(TO_DNS, TO_WEB))
    assert walk(by_pods, "shop/client", "svc/shop/web:80").verdict is ALLOWED
    # The API lets a pod reach its own node, but the address is no known one of the node.
    hop = walk(by_pods, "shop/client", "svc/shop/web:80", local_dns=True).hops[0]
    assert hop.verdict is UNKNOWN
    both = cluster(service(), egress(block, TO_WEB))
    assert walk(both, "shop/client", "svc/shop/web:80", local_dns=True).hops[0].verdict is ALLOWED
    # Cilium holds back what a pod sends to its node, unless a rule for the host lets it.
    assert walk(by_pods, "shop/client", "svc/shop/web:80", "cilium", local_dns=True).hops[0].verdict is DENIED


def test_without_dns_in_the_input_only_a_sender_that_nothing_holds_back_surely_gets_an_answer():
    objects = [o for o in cluster(service()) if o["metadata"].get("namespace") != "kube-system"]
    assert walk(objects, "shop/client", "svc/shop/web:80").hops[0].verdict is ALLOWED
    # By its documented labels the server may be asked: that it is there is taken for granted, and said.
    found = walk([*objects, egress(TO_DNS, TO_WEB)], "shop/client", "svc/shop/web:80")
    assert (found.hops[0].premise, found.verdict) == (True, ALLOWED)
    assert "documented labels" in found.sentence
    for rules, expected in (((TO_WEB,), DENIED), (({"ports": TO_DNS["ports"]}, TO_WEB), UNKNOWN)):
        hop = walk([*objects, egress(*rules)], "shop/client", "svc/shop/web:80").hops[0]
        assert (hop.verdict, hop.premise) == (expected, expected is UNKNOWN)


def test_from_outside_a_cluster_ip_service_has_no_address():
    for source in ("internet", "vnet", "198.51.100.7"):
        found = walk(cluster(service()), source, "svc/shop/web:80")
        assert (kinds(found), found.verdict) == (["address"], DENIED)
        assert walk(cluster(service()), source, f"{CLUSTER_IP}:80").verdict is DENIED


def test_a_pod_that_calls_the_clusters_own_public_address_meets_the_pod_and_no_hop_of_azure():
    """ipMode VIP; KEP-1860: nodes take such packets themselves. The peer of both policies is the pod."""
    balanced = service(kind="LoadBalancer", status=[{"ip": FRONT}], externalTrafficPolicy="Local")
    found = walk(cluster(balanced, egress(TO_WEB)), "shop/client", f"{FRONT}:80")
    assert (kinds(found), found.verdict) == (["address", *BY_ADDRESS], ALLOWED)
    assert not {HopKind.SECURITY, HopKind.BALANCER} & set(verdicts(found))
    out = {"to": [{"ipBlock": {"cidr": f"{FRONT}/32"}}]}
    assert walk(cluster(balanced, egress(out)), "shop/client", f"{FRONT}:80").stopped_at.kind is HopKind.EGRESS


def test_in_proxy_mode_the_packet_goes_out_and_comes_back_as_nobody_knows():
    balanced = service(kind="LoadBalancer", status=[{"ip": FRONT, "ipMode": "Proxy"}])
    assert walk(cluster(balanced), "shop/client", f"{FRONT}:80").verdict is UNKNOWN


@pytest.mark.parametrize(
    ("ranges", "plane", "expected"),
    [
        (["198.51.100.0/24"], "kube-proxy", DENIED),
        (["198.51.100.0/24", "10.244.0.0/16"], "kube-proxy", ALLOWED),
        (["198.51.100.0/24"], "cilium", UNKNOWN),
        (["198.51.100.0/24"], "", UNKNOWN),
        (["198.51.100.0/24", "10.244.0.0/16"], "cilium", ALLOWED),
    ],
)
def test_source_ranges_hold_for_pods_that_call_the_load_balancers_address(ranges, plane, expected):
    """ "From 1.25 for pods too": the pod CIDR has to be in the list; of Cilium no source says so."""
    balanced = service(kind="LoadBalancer", status=[{"ip": FRONT}], loadBalancerSourceRanges=ranges)
    assert walk(cluster(balanced, plane=plane), "shop/client", f"{FRONT}:80").verdict is expected


@pytest.mark.parametrize(("client_node", "expected"), [("n1", ALLOWED), ("n2", DENIED)])
def test_internal_traffic_policy_local_needs_an_endpoint_on_the_senders_node(client_node, expected):
    objects = cluster(service(internalTrafficPolicy="Local"), pod("near", "10.244.1.30", client_node))
    found = walk(objects, "shop/near", "svc/shop/web:80")
    assert (found.verdict, verdicts(found)[HopKind.SERVICE]) == (expected, expected)


def test_internal_traffic_policy_is_for_the_cluster_ip_alone():
    """core/v1: internalTrafficPolicy is about the ClusterIP; a load balancer's address counts like Cluster."""
    balanced = service(kind="LoadBalancer", status=[{"ip": FRONT}], internalTrafficPolicy="Local")
    assert walk(cluster(balanced), "shop/client", f"{CLUSTER_IP}:80").verdict is DENIED
    assert walk(cluster(balanced), "shop/client", f"{FRONT}:80").verdict is ALLOWED


def test_an_external_ip_is_taken_by_nodes_and_who_routes_it_there_is_unknown():
    external = service(externalIPs=["192.0.2.50"])
    assert walk(cluster(external), "shop/client", "192.0.2.50:80").verdict is ALLOWED
    found = walk(cluster(external), "internet", "192.0.2.50:80")
    assert (found.hops[0].kind, found.verdict) == (HopKind.ADDRESS, UNKNOWN)


def test_a_headless_service_answers_with_pods_whose_port_is_not_translated():
    headless = service(clusterIP="None", clusterIPs=["None"])
    allowed = policy("in", policyTypes=["Ingress"], ingress=[{"ports": [{"port": 8080}]}])
    assert walk(cluster(headless, allowed), "shop/client", "svc/shop/web:80").verdict is DENIED
    headless["spec"]["ports"][0]["port"] = 8080
    assert walk(cluster(headless, allowed), "shop/client", "svc/shop/web:8080").verdict is ALLOWED


def test_an_alias_leads_to_its_name_and_out_of_the_cluster():
    alias = service("docs", "ExternalName", externalName="docs.example.com", clusterIP=None, clusterIPs=None)
    found = walk(cluster(alias), "shop/client", "svc/shop/docs:80")
    assert kinds(found) == [
        "name resolution", "DNS record", "name resolution", "DNS record", "policies of the sender", "security rules",
        "way out",
    ]  # fmt: skip
    assert found.verdict is ALLOWED


def test_aliases_that_lead_in_a_circle_come_to_an_end():
    ring = [
        service(a, "ExternalName", externalName=f"{b}.shop.svc.cluster.local", clusterIP=None, clusterIPs=None)
        for a, b in (("a", "b"), ("b", "a"))
    ]
    assert walk(cluster(*ring), "shop/client", "svc/shop/a:80").verdict is DENIED


def test_a_pod_itself_is_reached_without_a_node_in_between():
    found = walk(cluster(), "shop/client", "shop/web:http")
    assert (kinds(found), found.verdict) == (BY_ADDRESS[1:], ALLOWED)
    assert walk(cluster(), "shop/client", "10.244.1.10:8080").verdict is ALLOWED


@pytest.mark.parametrize(
    ("model", "expected"),
    [("azure_cni_overlay", DENIED), ("kubenet", DENIED), ("node_subnet", ALLOWED), ("byo_cni", UNKNOWN), ("", UNKNOWN)],
)
def test_from_the_virtual_network_a_pods_address_hangs_on_the_network_model(model, expected):
    """Overlay: not routed. Flat: routed, and the pod's address is one of the network's, which lets its own in."""
    found = walk(cluster(), "vnet", "shop/web:8080", network_model=model)
    assert found.verdict is expected
    assert walk(cluster(), "internet", "shop/web:8080", network_model=model).verdict is DENIED


def test_in_a_flat_network_whose_ranges_are_known_the_virtual_network_reaches_pods():
    ranges = AddressSet.from_networks(map(ip_network, ("10.224.0.0/12", "10.244.0.0/16")))
    found = walk(cluster(), "vnet", "shop/web:8080", network_model="node_subnet", virtual_network=ranges)
    assert found.verdict is ALLOWED


@pytest.mark.parametrize("found", outbound_types(), ids=lambda t: t.id)
def test_the_way_out_follows_the_outbound_type(found):
    """Types that translate let packets out; a firewall's rules are in no input; block denies."""
    result = walk(cluster(), "shop/client", "8.8.8.8:443", outbound_type=found.id)
    translates = found.ports is not None and found.ports != ""
    expected = DENIED if found.id == "block" else ALLOWED if translates else UNKNOWN
    assert (kinds(result), result.verdict) == (["policies of the sender", "security rules", "way out"], expected)
    if translates:
        assert result.hops[-1].source_after == found.seen.removesuffix(".")


def test_an_unknown_outbound_type_is_taken_for_granted_and_said():
    found = walk(cluster(), "shop/client", "8.8.8.8:443")
    assert found.verdict is ALLOWED
    assert "outbound type" in found.sentence


def test_egress_policies_decide_over_outside_addresses():
    out = egress({"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]})
    assert walk(cluster(out), "shop/client", "198.51.100.7:443").verdict is ALLOWED
    assert walk(cluster(out), "shop/client", "192.0.2.7:443").stopped_at.kind is HopKind.EGRESS


def test_a_name_outside_whose_addresses_nobody_knows_depends_where_only_some_are_permitted():
    out = egress(TO_DNS, {"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]})
    found = walk(cluster(out), "shop/client", "api.example.com:443")
    assert verdicts(found)[HopKind.EGRESS] is DEPENDS
    assert walk(cluster(egress(TO_DNS)), "shop/client", "api.example.com:443").verdict is DENIED
    assert walk(cluster(), "shop/client", "api.example.com:443").verdict is ALLOWED


@pytest.mark.parametrize("source", ["10.224.0.9", "vnet"])
@pytest.mark.parametrize(
    ("traffic_policy", "address", "expected"),
    [
        ("Cluster", "10.224.0.4", ALLOWED),
        ("Cluster", "10.224.0.5", ALLOWED),
        ("Local", "10.224.0.4", ALLOWED),
        ("Local", "10.224.0.5", DENIED),
    ],
)
def test_a_node_port_needs_an_endpoint_on_that_node_under_local(source, traffic_policy, address, expected):
    ranges = AddressSet.from_networks([ip_network("10.224.0.0/12")])
    objects = cluster(service(kind="NodePort", externalTrafficPolicy=traffic_policy))
    assert walk(objects, source, f"{address}:30080", virtual_network=ranges).verdict is expected


def test_the_internet_has_no_way_to_a_nodes_private_address():
    assert walk(cluster(service(kind="NodePort")), "internet", "10.224.0.4:30080").verdict is DENIED


def test_a_node_may_always_reach_its_own_pods_and_others_by_policy():
    closed = policy("in", policyTypes=["Ingress"], ingress=[])
    assert walk(cluster(service(), closed), "node/n1", "svc/shop/web:80").verdict is ALLOWED
    assert walk(cluster(service(), closed), "node/n2", "svc/shop/web:80").verdict is DENIED
    assert walk(cluster(service(), closed), "node", "svc/shop/web:80").verdict is DEPENDS


def test_a_pod_that_is_not_ready_is_no_endpoint():
    objects = [o for o in cluster(service()) if o["metadata"]["name"] != "web" or o["kind"] != "Pod"]
    found = walk([*objects, pod("web", "10.244.1.10", "n1", ready=False)], "shop/client", "svc/shop/web:80")
    assert found.stopped_at is not None and found.stopped_at.kind is HopKind.SERVICE


def test_hops_after_a_denial_are_told_and_do_not_change_the_verdict():
    closed = policy("in", policyTypes=["Ingress"], ingress=[])
    found = walk(cluster(service(), closed, egress()), "shop/client", f"{CLUSTER_IP}:80")
    assert found.stopped_at.kind is HopKind.EGRESS
    assert verdicts(found)[HopKind.INGRESS] is DENIED


def test_a_node_that_is_in_no_input_can_not_be_the_sender():
    objects = [o for o in cluster(service()) if o["kind"] != "Node"]
    with pytest.raises(ModelError, match="no Node"):
        walk(objects, "node", "svc/shop/web:80")


def test_services_that_share_an_address_are_told_apart_by_their_ports():
    """shared-ip.md of the cloud provider: several Services on one frontend address, each with ports of its own."""
    other = service("api", "LoadBalancer", status=[{"ip": FRONT}], clusterIP="10.0.0.81", clusterIPs=["10.0.0.81"])
    other["spec"]["ports"] = [{"port": 443, "targetPort": 8443, "nodePort": 30443}]
    objects = cluster(service(kind="LoadBalancer", status=[{"ip": FRONT}]), other, pod("api", "10.244.1.11", "n1"))
    for src in ("internet", "shop/client"):
        for port, receiver in ((80, "shop/web[Pod]"), (443, "shop/api[Pod]")):
            found = walk(objects, src, f"{FRONT}:{port}")
            assert (found.verdict, found.hops[-1].subject) == (ALLOWED, receiver)


@pytest.mark.parametrize("src", ["vnet", "shop/client", "node"])
def test_a_host_port_leads_to_the_pod_and_its_policies(src):
    taken = pod("taken", "10.244.1.50", "n1", ports=[{"containerPort": 9000, "hostPort": 9999}])
    found = walk(cluster(taken), src, "10.224.0.4:9999")
    assert (found.verdict, found.hops[-1].subject) == (ALLOWED, "shop/taken[Pod]")
    closed = policy("in", app="taken", policyTypes=["Ingress"], ingress=[])
    assert verdicts(walk(cluster(taken, closed), "vnet", "10.224.0.4:9999"))[HopKind.INGRESS] is DENIED
    # On the other node nobody takes the port but the node.
    assert walk(cluster(taken, closed), "vnet", "10.224.0.5:9999").verdict is ALLOWED


@pytest.mark.parametrize(
    ("dns_policy", "host_network", "asks_the_cluster"),
    # core/v1, PodSpec.dnsPolicy: on the node's network ClusterFirst falls back to Default.
    [
        ("ClusterFirst", False, True),
        ("Default", False, False),
        ("None", False, False),
        ("ClusterFirst", True, False),
        ("ClusterFirstWithHostNet", True, True),
    ],
)
def test_whom_a_pod_asks_for_names_is_its_dns_policys_to_say(dns_policy, host_network, asks_the_cluster):
    asking = pod("asking", "10.224.0.5" if host_network else "10.244.2.40", "n2")
    asking["spec"] |= {"dnsPolicy": dns_policy, "hostNetwork": host_network}
    hop = walk(cluster(service(), asking), "shop/asking", "svc/shop/web:80").hops[0]
    assert (hop.kind, hop.premise) == (HopKind.NAME, not asks_the_cluster)


@pytest.mark.parametrize(("namespace", "expected"), [("kube-system", ALLOWED), ("elsewhere", DENIED)])
def test_a_rule_for_the_dns_servers_labels_counts_in_their_namespace_alone(namespace, expected):
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    rule = {"to": [{**named, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}], "ports": TO_DNS["ports"]}
    hop = walk(cluster(service(), egress(rule, TO_WEB)), "shop/client", "svc/shop/web:80").hops[0]
    assert hop.verdict is expected


def test_a_pod_reaches_itself_through_its_service_whatever_policies_say():
    """Kubernetes, "Network Policies": a pod can not block access to itself."""
    closed = policy("none", policyTypes=["Ingress", "Egress"], ingress=[], egress=[])
    assert walk(cluster(service(), closed), "shop/web", f"{CLUSTER_IP}:80").verdict is ALLOWED


@pytest.mark.parametrize("headless", [False, True])
def test_addresses_that_are_published_before_pods_are_ready_get_connections(headless):
    addresses = {"clusterIP": "None", "clusterIPs": ["None"]} if headless else {}
    objects = [
        o for o in cluster(service(publishNotReadyAddresses=True, **addresses)) if o["metadata"]["name"] != "web"
    ]
    made = service(publishNotReadyAddresses=True, **addresses)
    found = walk([*objects, made, pod("web", "10.244.1.10", "n1", ready=False)], "shop/client", "svc/shop/web:80")
    assert found.verdict is ALLOWED


def test_a_short_host_of_a_url_is_one_of_the_senders_search_domains():
    assert walk(cluster(service()), "shop/client", "http://web/x").verdict is ALLOWED


def test_in_proxy_mode_the_senders_policies_see_the_load_balancers_address():
    proxied = service(kind="LoadBalancer", status=[{"ip": FRONT, "ipMode": "Proxy"}])
    out = egress({"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]})
    assert walk(cluster(proxied, out), "shop/client", f"{FRONT}:80").stopped_at.kind is HopKind.EGRESS


SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "web-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.244.1.10"], "targetRef": {"kind": "Pod", "name": "web", "namespace": "shop"}}],
    "ports": [{"port": 8080, "protocol": "TCP"}],
}


@pytest.mark.parametrize(
    ("policies", "sender", "receiver"),
    [
        ([], ALLOWED, ALLOWED),
        # Whatever its labels are, nothing keeps the client in; who it is that ingress rules select is not known.
        ([policy("in", policyTypes=["Ingress"], ingress=[])], ALLOWED, UNKNOWN),
        ([egress(TO_WEB)], UNKNOWN, ALLOWED),
        ([egress({"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]})], UNKNOWN, ALLOWED),
    ],
    ids=["no policy", "ingress", "egress to its labels", "egress elsewhere"],
)
@pytest.mark.parametrize("to", [f"{CLUSTER_IP}:80", "10.244.1.10:8080"])
def test_an_endpoint_whose_pod_is_not_in_the_input_is_not_outside_the_cluster(policies, sender, receiver, to):
    objects = [each for each in cluster(service(), SLICE, *policies) if each["metadata"]["name"] != "web"]
    objects += [service(), SLICE]
    found = walk(objects, "shop/client", to)
    judged = verdicts(found)
    assert (judged[HopKind.EGRESS], judged.get(HopKind.INGRESS, receiver)) == (sender, receiver)
    assert found.verdict is (ALLOWED if not policies else UNKNOWN)
    assert "[External]" not in repr(found)
