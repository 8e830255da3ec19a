"""The profile of clusters as they are made: of AKS with each network, of a CNI of one's own, and of other places.

The objects are as public write-ups show them (``OBS`` in lib/facts/sources.yaml) and as Cilium's, kubeadm's and AKS's
documentation has them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.azure.dns_settings import dns_settings
from lib.azure.masquerade import detect_masquerade
from lib.azure.profile import Aspect, Basis, ClusterProfile, cluster_profile
from lib.model.sets import parse_address
from lib.model.snapshot import Coverage, Snapshot
from tests.azure.load import snapshot_of

AKS = "kubernetes.azure.com/cluster: MC_group_aks_westeurope"


def node(name: str, labels: str = "", provider: str = "azure", cidrs: str = "", address: str = "10.224.0.4") -> str:
    spec = f"providerID: {provider}:///machine/{name}" + (f", podCIDRs: [{cidrs}]" if cidrs else "")
    return f"""
apiVersion: v1
kind: Node
metadata: {{name: {name}, labels: {{{labels}}}}}
spec: {{{spec}}}
status: {{addresses: [{{type: InternalIP, address: "{address}"}}]}}
---
"""


def agent(name: str, namespace: str = "kube-system") -> str:
    return f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{hostNetwork: true, containers: [{{name: a, image: b}}]}}}}
---
"""


def settings(name: str, body: str) -> str:
    text = "\n".join(f"  {line}" for line in body.strip("\n").splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: kube-system}}\ndata:\n{text}\n---\n"


def pod(address: str, name: str = "web") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop}}
spec: {{containers: [{{name: a, image: b}}]}}
status: {{phase: Running, podIP: "{address}", podIPs: [{{ip: "{address}"}}]}}
---
"""


def profile(*documents: str) -> ClusterProfile:
    return cluster_profile(snapshot_of("".join(documents)))


def values(found: ClusterProfile) -> tuple[str, ...]:
    each = found.network_model, found.policy_engine, found.data_plane
    return (found.platform.value, *(aspect.value for aspect in each))


def aks(*labels: str) -> str:
    return ", ".join((AKS, *labels))


OVERLAY = "kubernetes.azure.com/podnetwork-type: overlay"
VNET = "kubernetes.azure.com/podnetwork-type: vnet"
EBPF = "kubernetes.azure.com/ebpf-dataplane: cilium"
MANAGED = settings("cilium-config", 'ipam: delegated-plugin\nkube-proxy-replacement: "true"\nenable-policy: default')
BYO = settings(
    "cilium-config", 'ipam: cluster-pool\nkube-proxy-replacement: "false"\ncluster-pool-ipv4-cidr: 10.0.0.0/8'
)
KUBEADM = settings(
    "kubeadm-config",
    """
ClusterConfiguration: |
  apiVersion: kubeadm.k8s.io/v1beta3
  kind: ClusterConfiguration
  controlPlaneEndpoint: kind-control-plane:6443
  networking:
    dnsDomain: cluster.local
    podSubnet: 10.244.0.0/16,fd00:10:244::/56
    serviceSubnet: 10.96.0.0/16
""",
)
PROXY = settings("kube-proxy-config", "config: |\n  mode: ipvs")
CLUSTERS = {
    "AKS, overlay powered by Cilium": (
        [node("n0", aks(OVERLAY, EBPF)), agent("cilium"), MANAGED],
        ("aks", "azure_cni_overlay_cilium", "cilium", "cilium"),
    ),
    "AKS, overlay with Calico": (
        [node("n0", aks(OVERLAY)), agent("calico-node", "calico-system"), agent("kube-proxy")],
        ("aks", "azure_cni_overlay", "calico", "kube-proxy"),
    ),
    # No label and no agent tells node subnets from kubenet, or from a CNI of one's own: a person says which.
    "AKS, node subnet with Azure's network policy manager": (
        [node("n0", aks("kubernetes.azure.com/network-policy: azure")), agent("azure-npm"), agent("kube-proxy")],
        ("aks", "", "azure-npm", "kube-proxy"),
    ),
    "AKS, kubenet with Calico": (
        [node("n0", aks(), cidrs="10.244.0.0/24"), agent("calico-node", "calico-system"), agent("kube-proxy")],
        ("aks", "", "calico", "kube-proxy"),
    ),
    "AKS, Cilium of one's own beside kube-proxy": (
        [node("n0", aks()), agent("cilium"), agent("kube-proxy"), BYO],
        ("aks", "byo_cni", "cilium", "kube-proxy"),
    ),
    "kind": (
        [node("n0", provider="kind"), agent("kindnet"), agent("kube-proxy"), KUBEADM],
        ("kind", "", "", "kube-proxy"),
    ),
    "kind with Cilium": (
        [node("n0", provider="kind"), agent("cilium"), BYO],
        ("kind", "", "cilium", "kube-proxy"),
    ),
    "EKS": ([node("n0", provider="aws"), agent("aws-node"), agent("kube-proxy")], ("aws", "", "", "kube-proxy")),
    "GKE with Dataplane V2": ([node("n0", provider="gce"), agent("anetd")], ("google", "", "", "")),
    "some other cloud": ([node("n0", provider="openstack")], ("other", "", "", "")),
    "no node at all": ([pod("10.244.0.7")], ("", "", "", "")),
    "Cilium that replaces a part of kube-proxy": (
        [agent("cilium"), agent("kube-proxy"), settings("cilium-config", "kube-proxy-replacement: partial")],
        ("", "", "cilium", ""),
    ),
    "Cilium of which nothing says what it replaces, beside kube-proxy": (
        [agent("cilium"), agent("kube-proxy")],
        ("", "", "cilium", ""),
    ),
}


@pytest.mark.parametrize(("documents", "expected"), CLUSTERS.values(), ids=CLUSTERS.keys())
def test_what_a_cluster_is_made_of(documents: list[str], expected: tuple[str, ...]) -> None:
    found = profile(*documents)
    assert values(found) == expected
    for aspect in found.aspects:
        assert aspect.evidence
        assert (aspect.basis is Basis.SHOWN) == bool(aspect.value)
        if aspect.value:
            assert aspect.source is not None


@pytest.mark.parametrize("name", ["kind", "EKS", "GKE with Dataplane V2", "some other cloud"])
def test_that_nothing_enforces_is_not_said_of_other_places(name: str) -> None:
    """kindnet, the VPC CNI and Dataplane V2 enforce NetworkPolicies; "none" would call every flow open."""
    snapshot = snapshot_of("".join(CLUSTERS[name][0]))
    complete = replace(snapshot, coverage=dict.fromkeys(("DaemonSet", "Pod"), Coverage.COMPLETE))
    found = cluster_profile(complete)
    assert found.policy_engine.value == ""
    assert found.platform.is_elsewhere
    assert "AKS's" in found.network_model.evidence


def test_signs_that_differ_are_all_told_with_their_places() -> None:
    calico, cilium = agent("calico-node"), agent("cilium")
    found = profile(node("n0", aks(EBPF)), agent("kube-proxy"), calico, cilium)
    for aspect in (found.data_plane, found.policy_engine):
        assert aspect.value == "" and len(aspect.beside) >= 2
    assert "kube-proxy" in found.data_plane.evidence and "ebpf-dataplane" in found.data_plane.evidence


def test_pools_that_may_differ_leave_the_network_model_open() -> None:
    found = profile(node("a", aks(VNET)), node("b", aks())).network_model
    assert (found.value, found.basis) == ("", Basis.UNKNOWN)
    assert "1 of 2 nodes" in found.evidence and found.beside
    every = profile(node("a", aks(VNET)), node("b", aks(VNET))).network_model
    assert every.value == "pod_subnet_dynamic"


def test_what_a_config_map_says_beside_an_agent_is_told() -> None:
    told = settings("amazon-vpc-cni", 'enable-network-policy-controller: "true"')
    found = profile(node("n0", provider="aws"), agent("aws-node"), agent("kube-proxy"), told, PROXY)
    assert "enable-network-policy-controller: true" in found.policy_engine.evidence
    assert "mode ipvs" in found.data_plane.evidence and found.data_plane.value == "kube-proxy"


def test_nodes_of_two_clouds_are_told() -> None:
    found = profile(node("a", provider="aws"), node("b", aks())).platform
    assert found.value == "" and len(found.beside) == 2 and not found.is_elsewhere


class TestAddresses:
    def test_kubeadm_states_both_families_and_the_services(self) -> None:
        found = profile(KUBEADM, pod("10.244.1.4"), pod("fd00:10:244::9", "v6"))
        assert found.pod_addresses.text == "10.244.0.0/16, fd00:10:244::/56"
        assert found.service_addresses.text == "10.96.0.0/16"
        assert found.pod_addresses.source is not None
        assert found.pod_addresses.source.path == ("data", "ClusterConfiguration")

    def test_the_blocks_of_nodes_lie_in_the_range_that_a_setting_states(self) -> None:
        found = profile(KUBEADM, node("n0", provider="kind", cidrs="10.244.3.0/24")).pod_addresses
        assert found.text == "10.244.0.0/16, fd00:10:244::/56"
        assert [source.file for source in found.beside] == ["input.yaml"]

    def test_of_a_family_that_no_range_is_of_the_addresses_are_told(self) -> None:
        one = node("n0", aks(OVERLAY), cidrs="10.244.0.0/24")
        found = profile(one, pod("10.244.0.5"), pod("fd12:3456:789a::5", "v6")).pod_addresses
        assert found.text == "10.244.0.0-10.244.0.255, fd12:3456:789a::5"
        assert "the podCIDRs of 1 node; of IPv6 the addresses of 2 pods" in found.evidence
        both = node("n0", aks(OVERLAY), cidrs="10.244.0.0/24, 'fd12:3456:789a::/80'")
        assert "fd12:3456:789a::-fd12:3456:789a::ffff:ffff:ffff" in profile(both).pod_addresses.text

    def test_of_two_ranges_the_one_that_pods_are_in_counts(self) -> None:
        """Where Cilium gives addresses, the podCIDRs that the API server gives to nodes are nobody's."""
        byo = node("n0", aks(), cidrs="10.244.0.0/24")
        pool = settings("cilium-config", "ipam: cluster-pool\ncluster-pool-ipv4-cidr: 192.168.0.0/16")
        assert profile(byo, pool, pod("192.168.3.9")).pod_addresses.text == "192.168.0.0/16"
        open_ = profile(byo, pool).pod_addresses
        assert open_.value == "" and "192.168.0.0/16" in open_.evidence and "10.244.0.0" in open_.evidence
        assert len(open_.beside) == 2

    def test_pods_that_no_stated_range_holds_are_told_beside_it(self) -> None:
        found = profile(KUBEADM, pod("172.20.1.1")).pod_addresses
        assert found.text == "172.20.1.1" and "10.244.0.0/16" in found.evidence and found.beside

    def test_a_pool_counts_only_where_cilium_gives_the_addresses(self) -> None:
        delegated = settings("cilium-config", "ipam: delegated-plugin\ncluster-pool-ipv4-cidr: 10.0.0.0/8")
        assert profile(delegated).pod_addresses.value == ""

    @pytest.mark.parametrize(("name", "key"), [("kube-proxy", "config.conf"), ("kube-proxy-config", "config")])
    def test_kube_proxy_states_the_pods_range(self, name: str, key: str) -> None:
        told = settings(name, f"{key}: |\n  kind: KubeProxyConfiguration\n  mode: iptables\n  clusterCIDR: 10.1.0.0/16")
        assert profile(told).pod_addresses.text == "10.1.0.0/16"

    def test_the_dns_service_and_the_choice_of_a_person(self) -> None:
        dns = "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n"
        dns += "spec: {clusterIP: 10.0.0.10, ports: [{port: 53, protocol: UDP}]}\n---\n"
        assert profile(dns).dns_addresses.text == "10.0.0.10"
        chosen = cluster_profile(snapshot_of(dns), {"dns_addresses": "10.0.0.11"}).dns_addresses
        assert (chosen.text, chosen.basis, chosen.shown) == ("10.0.0.11/32", Basis.CHOSEN, "10.0.0.10")


def test_an_api_server_at_addresses_of_both_kinds_is_left_open() -> None:
    slices = [
        f"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: kubernetes-{n}, namespace: default, labels: {{kubernetes.io/service-name: kubernetes}}}}
addressType: IPv4
endpoints: [{{addresses: ["{address}"]}}]
ports: [{{port: 443}}]
---
"""
        for n, address in enumerate(("10.1.2.3", "20.1.2.3"))
    ]
    found = profile(*slices).api_server
    assert found.value == "" and "10.1.2.3" in found.evidence and "20.1.2.3" in found.evidence


def test_settings_that_were_refused_are_said_to_be() -> None:
    snapshot = replace(Snapshot(), coverage={"ConfigMap": Coverage.REFUSED})
    found: Aspect = cluster_profile(snapshot).data_plane
    assert found.value == "" and "cilium-config were refused by the server" in found.evidence


class TestMasquerade:
    OWN = settings("azure-ip-masq-agent-config", "ip-masq-agent: |\n  nonMasqueradeCIDRs: [10.50.0.0/16]")
    AKSS = settings(
        "azure-ip-masq-agent-config-reconciled",
        "ip-masq-agent-reconciled: |\n  nonMasqueradeCIDRs:\n  - 10.244.0.0/16\n  masqLinkLocal: true",
    )

    def test_both_config_maps_count_together(self) -> None:
        found = detect_masquerade(snapshot_of(self.OWN + self.AKSS))
        assert found is not None and len(found.sources) == 2
        kept = [found.keeps(parse_address(a)) for a in ("10.50.3.1", "10.244.9.9", "10.60.0.1")]
        assert kept == [True, True, False]

    def test_link_local_destinations_keep_the_pods_address_unless_it_is_said_otherwise(self) -> None:
        metadata = parse_address("169.254.169.254")
        found = [detect_masquerade(snapshot_of(text)) for text in (self.OWN, self.OWN + self.AKSS)]
        assert [each is not None and each.keeps(metadata) for each in found] == [True, False]

    def test_one_that_cannot_be_read_leaves_it_open(self) -> None:
        broken = self.OWN.replace("[10.50.0.0/16]", "[10.50.0.0/99]")
        assert detect_masquerade(snapshot_of(broken + self.AKSS)) is None
        assert detect_masquerade(Snapshot()) is None

    @pytest.mark.parametrize("coverage", [Coverage.REFUSED, Coverage.UNFINISHED])
    def test_what_one_of_them_says_is_not_all_where_a_server_did_not_give_every_one(self, coverage: Coverage) -> None:
        found = snapshot_of(self.OWN)
        assert detect_masquerade(found) is not None
        assert detect_masquerade(replace(found, coverage={**found.coverage, "ConfigMap": coverage})) is None


class TestDns:
    def test_the_domain_and_what_is_sent_on(self) -> None:
        told = settings("coredns", "Corefile: |\n  .:53 {\n    kubernetes k8s.corp in-addr.arpa {\n    }\n  }")
        told += settings(
            "coredns-custom", "a.server: |\n  corp.example:53 {\n    forward . 10.1.0.53 tls://9.9.9.9\n  }"
        )
        found = dns_settings(snapshot_of(told))
        assert found.domain == "k8s.corp"
        forwarding = found.forwarding("db.corp.example.")
        assert forwarding is not None and forwarding.servers == ("10.1.0.53", "tls://9.9.9.9")
        assert found.forwarding("notcorp.example") is None

    @pytest.mark.parametrize("host", ["x.a.example", "b.example", "y.c.example", "d.example"])
    def test_zones_are_read_in_all_their_forms(self, host: str) -> None:
        zones = "a.example b.example:53, dns://c.example:1053 tls://d.example"
        told = settings("coredns-custom", f"a.server: |\n  {zones} {{\n    forward . [fd00::1]:53\n  }}")
        forwarding = dns_settings(snapshot_of(told)).forwarding(host)
        assert forwarding is not None and forwarding.servers == ("[fd00::1]:53",)

    def test_domains_that_differ_leave_it_open(self) -> None:
        told = settings("coredns", "Corefile: |\n  .:53 {\n    kubernetes k8s.corp\n  }")
        assert dns_settings(snapshot_of(told + KUBEADM)).domain == ""
