"""Every rule of the planner: a demand that breaks it, and the neighbouring one that does not."""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest

from lib.facts.address_rules import address_rules
from lib.ipplan.demand import ConnectedNetwork, ExtraSubnet, OperatingSystem, OtherAddresses, PoolMode, Subnet, Surge
from lib.ipplan.plan import plan
from lib.ipplan.problems import exit_code
from lib.ipplan.result import AddressPlan
from tests.ipplan.build import cluster, codes, net, network_of, pool, subnet

USER, GATEWAY, WINDOWS = PoolMode.USER, PoolMode.GATEWAY, OperatingSystem.WINDOWS
OVERLAY, CILIUM, KUBENET = "azure_cni_overlay", "azure_cni_overlay_cilium", "kubenet"
DYNAMIC, STATIC, NODE, BYO = "pod_subnet_dynamic", "pod_subnet_static_block", "node_subnet", "byo_cni"


def one(model: str = OVERLAY, *pools, **fields) -> AddressPlan:
    return plan(cluster(model, *pools, **fields))


def many(number: int, **fields):
    return tuple(pool(name=f"p{index}", **fields) for index in range(number))


def connected(text: str) -> tuple[ConnectedNetwork, ...]:
    return (ConnectedNetwork("hq", ip_network(text)),)


def beside(service: str, prefix: int, name: str = "") -> AddressPlan:
    names = {"bastion": "AzureBastionSubnet", "firewall": "AzureFirewallSubnet", "gateway": "GatewaySubnet"}
    extra = ExtraSubnet(name or names.get(service, "beside"), prefix, service=service)
    return network_of(cluster(), extra_subnets=(extra,))


def both(ipv6: str, cidr: str = "10.1.0.0/24") -> Subnet:
    return Subnet(cidr, net(cidr), "", net(ipv6))


def integrated(clusters: int, prefix: int) -> AddressPlan:
    """AKS:api-server-vnet-integration.md: at least /28, which offers 11 addresses, and at least 9 a cluster."""
    delegation = "Microsoft.ContainerService/managedClusters"
    extra = ExtraSubnet("api", prefix, None, delegation, "api_server")
    found = [cluster(name=f"c{index}", api_server_vnet_integration=True) for index in range(clusters)]
    return network_of(*found, extra_subnets=(extra,))


# code, what breaks it, what just does not
CASES = [
    ("reserved-range", lambda: one(service_cidr="172.30.8.0/24"), lambda: one(service_cidr="172.29.0.0/16")),
    ("reserved-range", lambda: one(pod_cidr="169.254.10.0/24"), lambda: one(pod_cidr="10.244.0.0/16")),
    ("reserved-range", lambda: network_of(cluster(), vnet="192.0.0.0/16"), lambda: network_of(cluster(), vnet="192.168.0.0/16")),
    ("reserved-range", lambda: one(node_subnet="172.31.4.0/24"), lambda: one(node_subnet="172.29.4.0/24")),
    ("vnet-forbidden-range", lambda: network_of(cluster(), vnet="168.63.129.0/24"), lambda: network_of(cluster(), vnet="168.63.130.0/24")),
    ("vnet-forbidden-range", lambda: network_of(cluster(), vnet="224.0.0.0/8"), lambda: network_of(cluster(), vnet="10.1.0.0/16")),
    ("vnet-too-large", lambda: network_of(cluster(), vnet="10.0.0.0/7"), lambda: network_of(cluster(), vnet="10.0.0.0/8")),
    ("vnet-ips-exceeded", lambda: one(NODE, pool(300, max_pods=250)), lambda: one(NODE, pool(250, max_pods=250))),
    ("vnet-full", lambda: network_of(cluster(NODE, pool(50, max_pods=30)), vnet="10.1.0.0/22"), lambda: network_of(cluster(NODE, pool(50, max_pods=30)), vnet="10.1.0.0/21")),
    ("subnet-outside-vnet", lambda: network_of(cluster(node_subnet="10.2.0.0/24"), vnet="10.1.0.0/16"), lambda: network_of(cluster(node_subnet="10.2.0.0/24"), vnet="10.1.0.0/16 10.2.0.0/16")),
    ("subnets-overlap", lambda: one(DYNAMIC, node_subnet="10.1.0.0/16", pod_subnet="10.1.4.0/22"), lambda: one(DYNAMIC, node_subnet="10.1.0.0/16", pod_subnet="10.2.4.0/22")),
    ("subnets-overlap", lambda: network_of(cluster(node_subnet="10.1.0.0/24"), extra_subnets=(ExtraSubnet("x", 25, net("10.1.0.128/25")),)), lambda: network_of(cluster(node_subnet="10.1.0.0/24"), extra_subnets=(ExtraSubnet("x", 25, net("10.1.1.128/25")),))),
    ("subnet-size", lambda: one(OVERLAY, pool(1, surge=1), node_subnet="10.1.0.0/30"), lambda: one(OVERLAY, pool(1, surge=1), node_subnet="10.1.0.0/29")),
    ("subnet-ipv6-prefix", lambda: one(node_subnet="fd00:1::/60"), lambda: one(node_subnet="fd00:1::/64")),
    ("subnet-ipv6-only", lambda: one(node_subnet="fd00:1::/64"), lambda: one(node_subnet="10.1.0.0/24")),
    ("subnet-too-small-now", lambda: one(OVERLAY, pool(28), node_subnet="10.1.0.0/27"), lambda: one(OVERLAY, pool(27), node_subnet="10.1.0.0/27")),
    ("subnet-too-small", lambda: one(OVERLAY, pool(27), node_subnet="10.1.0.0/27"), lambda: one(OVERLAY, pool(26), node_subnet="10.1.0.0/27")),
    ("subnet-too-small", lambda: one(OVERLAY, pool(5, nodes_max=27), node_subnet="10.1.0.0/27"), lambda: one(OVERLAY, pool(5, nodes_max=26), node_subnet="10.1.0.0/27")),
    ("subnet-too-small", lambda: one(OVERLAY, pool(26), node_subnet="10.1.0.0/27", other=OtherAddresses(1)), lambda: one(OVERLAY, pool(25), node_subnet="10.1.0.0/27", other=OtherAddresses(1))),
    ("subnet-too-large-for-azure", lambda: one(NODE, pool(70_000, max_pods=250)), lambda: one(NODE, pool(60_000, max_pods=250))),
    ("subnet-delegated", lambda: one(node_subnet=Subnet("n", net("10.1.0.0/24"), "Microsoft.Web/serverFarms")), lambda: one(node_subnet=Subnet("n", net("10.1.0.0/24")))),
    ("subnet-name-length", lambda: one(node_subnet=Subnet("n" * 64)), lambda: one(node_subnet=Subnet("n" * 63))),
    ("subnet-shared-kubenet", lambda: network_of(cluster(KUBENET, name="a", node_subnet="10.1.0.0/24"), cluster(KUBENET, name="b", node_subnet="10.1.0.0/24")), lambda: network_of(cluster(OVERLAY, name="a", node_subnet="10.1.0.0/24"), cluster(OVERLAY, name="b", node_subnet="10.1.0.0/24"))),
    ("pod-subnet-not-separate", lambda: one(DYNAMIC, node_subnet="10.1.0.0/22", pod_subnet="10.1.0.0/22"), lambda: one(DYNAMIC, node_subnet="10.1.0.0/22", pod_subnet="10.1.4.0/22")),
    ("pod-subnet-modes-mixed", lambda: network_of(cluster(DYNAMIC, name="a", pod_subnet="10.2.0.0/16"), cluster(STATIC, name="b", pod_subnet="10.2.0.0/16")), lambda: network_of(cluster(DYNAMIC, name="a", pod_subnet="10.2.0.0/16"), cluster(DYNAMIC, name="b", pod_subnet="10.2.0.0/16"))),
    ("pod-subnet-too-large", lambda: one(STATIC, pod_subnet="10.32.0.0/11"), lambda: one(STATIC, pod_subnet="10.32.0.0/12")),
    ("pod-subnet-larger-than-useful", lambda: one(DYNAMIC, pod_subnet="10.2.0.0/15"), lambda: one(DYNAMIC, pod_subnet="10.2.0.0/16")),
    ("block-waste", lambda: one(STATIC, pool(max_pods=32)), lambda: one(STATIC, pool(max_pods=47))),
    ("private-link-static-block", lambda: one(STATIC, other=OtherAddresses(private_link_services=1)), lambda: one(DYNAMIC, other=OtherAddresses(private_link_services=1))),
    ("service-cidr-family", lambda: one(service_cidr="fd00:9::/108"), lambda: one(dual_stack=True, service_cidr_ipv6="fd00:9::/108")),
    ("vnet-spaces-overlap", lambda: network_of(cluster(), vnet="10.20.0.0/16 10.20.9.0/24"), lambda: network_of(cluster(), vnet="10.20.0.0/16 10.21.9.0/24")),
    ("vnet-spaces-overlap", lambda: network_of(cluster(), vnet="10.20.0.0/16 10.20.0.0/16"), lambda: network_of(cluster(), vnet="10.20.0.0/16 fd00:20::/56")),
    ("cluster-no-system-pool", lambda: one(OVERLAY, pool(mode=USER)), lambda: one(OVERLAY, pool(name="system"), pool(name="apps", mode=USER))),
    ("system-pool-few-nodes", lambda: one(OVERLAY, pool(0)), lambda: one(OVERLAY, pool(0, name="zero"), pool(2))),
    ("system-pool-few-nodes", lambda: one(OVERLAY, pool(1)), lambda: one(OVERLAY, pool(2))),
    ("system-pool-windows", lambda: one(OVERLAY, pool(operating_system=WINDOWS)), lambda: one(OVERLAY, pool(operating_system=WINDOWS, mode=USER))),
    ("dual-stack-vnet", lambda: network_of(cluster(dual_stack=True), vnet="10.20.0.0/16"), lambda: network_of(cluster(dual_stack=True), vnet="10.20.0.0/16 fd00:20::/56")),
    ("ipv6-range-unused", lambda: one(pod_cidr_ipv6=net("fd00:9::/64")), lambda: one(pod_cidr_ipv6=net("fd00:9::/64"), dual_stack=True)),
    ("ipv6-range-unused", lambda: one(service_cidr_ipv6=net("fd00:9::/108")), lambda: one(service_cidr_ipv6=net("fd00:9::/108"), dual_stack=True)),
    ("service-cidr-too-large", lambda: one(service_cidr="10.0.0.0/12"), lambda: one(service_cidr="10.0.0.0/13")),
    ("service-cidr-ipv6-too-large", lambda: one(dual_stack=True, service_cidr_ipv6="fd00:9::/107"), lambda: one(dual_stack=True, service_cidr_ipv6="fd00:9::/108")),
    ("service-cidr-overlap", lambda: network_of(cluster(), vnet="10.0.0.0/8"), lambda: network_of(cluster(service_cidr="172.20.0.0/16", pod_cidr="192.168.0.0/16"), vnet="10.0.0.0/8")),
    ("service-cidr-overlap", lambda: one(pod_cidr="10.0.0.0/8"), lambda: one(pod_cidr="10.1.0.0/16")),
    ("service-cidr-overlap", lambda: one(dual_stack=True, pod_cidr_ipv6="fd12:3456:789a:1::/64"), lambda: one(dual_stack=True)),
    ("services-exceed-cidr", lambda: one(service_cidr="10.9.0.0/24", services=255), lambda: one(service_cidr="10.9.0.0/24", services=254)),
    ("dns-service-ip-outside", lambda: one(service_cidr="10.9.0.0/24", dns_service_ip="10.9.1.0"), lambda: one(service_cidr="10.9.0.0/24", dns_service_ip="10.9.0.255")),
    ("dns-service-ip-outside", lambda: one(dns_service_ip="fd00::10"), lambda: one(dns_service_ip="10.0.0.10")),
    ("dns-service-ip-first", lambda: one(dns_service_ip="10.0.0.1"), lambda: one(dns_service_ip="10.0.0.2")),
    ("pod-cidr-overlap", lambda: one(node_subnet="10.244.3.0/24"), lambda: one(node_subnet="10.245.3.0/24")),
    ("pod-cidr-overlap", lambda: one(node_subnet="10.240.0.0/12"), lambda: one(node_subnet="10.224.0.0/12")),
    ("pod-cidr-in-vnet", lambda: network_of(cluster(), vnet="10.224.0.0/11"), lambda: network_of(cluster(), vnet="10.224.0.0/12")),
    ("pod-cidr-public", lambda: one(pod_cidr="20.0.0.0/16"), lambda: one(pod_cidr="100.64.0.0/16")),
    ("pod-cidr-too-small", lambda: one(OVERLAY, pool(1), pod_cidr="10.244.0.0/24"), lambda: one(OVERLAY, pool(1), pod_cidr="10.244.0.0/23")),
    ("pod-cidr-too-small", lambda: one(OVERLAY, pool(1), pod_cidr="10.244.0.0/25"), lambda: one(OVERLAY, pool(255))),
    ("pod-cidr-too-small", lambda: one(OVERLAY, pod_cidr="fd00:9::/64"), lambda: one(OVERLAY, dual_stack=True, pod_cidr_ipv6="fd00:9::/64")),
    ("pod-cidr-unused", lambda: one(NODE, pod_cidr="10.244.0.0/16"), lambda: one(NODE)),
    ("pod-cidr-missing", lambda: one(BYO), lambda: one(BYO, pod_cidr="10.244.0.0/16")),
    ("connected-network-overlap", lambda: network_of(cluster(), connected=connected("10.0.4.0/22")), lambda: network_of(cluster(), connected=connected("10.1.4.0/22"))),
    ("connected-network-overlap", lambda: network_of(cluster(node_subnet="10.8.0.0/16"), connected=connected("10.0.0.0/9")), lambda: network_of(cluster(node_subnet="10.8.0.0/16", service_cidr="172.20.0.0/16"), connected=connected("10.128.0.0/10"))),
    ("max-pods-out-of-range", lambda: one(OVERLAY, pool(max_pods=251)), lambda: one(OVERLAY, pool(max_pods=250))),
    ("max-pods-out-of-range", lambda: one(OVERLAY, pool(9, max_pods=9)), lambda: one(OVERLAY, pool(9, max_pods=10))),
    ("pool-too-few-pods", lambda: one(OVERLAY, pool(1, max_pods=29)), lambda: one(OVERLAY, pool(1, max_pods=30))),
    ("windows-max-pods", lambda: one(OVERLAY, pool(max_pods=111, operating_system=WINDOWS)), lambda: one(OVERLAY, pool(max_pods=110, operating_system=WINDOWS))),
    ("windows-not-supported", lambda: one(KUBENET, pool(operating_system=WINDOWS)), lambda: one(NODE, pool(operating_system=WINDOWS))),
    ("windows-not-supported", lambda: one(CILIUM, pool(operating_system=WINDOWS)), lambda: one(CILIUM, pool())),
    ("surge-zero", lambda: one(OVERLAY, pool(surge=0, mode=USER)), lambda: one(OVERLAY, pool(surge=0, mode=USER, max_unavailable=Surge(1)))),
    ("max-unavailable-system-pool", lambda: one(OVERLAY, pool(max_unavailable=Surge(1))), lambda: one(OVERLAY, pool(max_unavailable=Surge(1), mode=USER))),
    ("pool-too-large", lambda: one(OVERLAY, pool(1001)), lambda: one(OVERLAY, pool(1000))),
    ("pool-upgrade-blocked", lambda: one(OVERLAY, pool(1000)), lambda: one(OVERLAY, pool(999))),
    ("too-many-pools", lambda: one(OVERLAY, *many(101)), lambda: one(OVERLAY, *many(100))),
    ("cluster-too-large", lambda: one(OVERLAY, *many(6, nodes=900)), lambda: one(OVERLAY, *many(5, nodes=900))),
    ("cluster-upgrade-blocked", lambda: one(OVERLAY, *many(5, nodes=1000)), lambda: one(OVERLAY, *many(5, nodes=999))),
    ("cluster-too-many-pods", lambda: one(OVERLAY, *many(2, nodes=501)), lambda: one(OVERLAY, *many(2, nodes=500))),
    ("cluster-pods-disputed", lambda: one(OVERLAY, *many(2, nodes=401)), lambda: one(OVERLAY, *many(2, nodes=400))),
    ("too-many-load-balanced-services", lambda: one(other=OtherAddresses(301)), lambda: one(other=OtherAddresses(300))),
    ("dual-stack-not-supported", lambda: one(KUBENET, dual_stack=True), lambda: one(OVERLAY, dual_stack=True)),
    ("dual-stack-not-stated", lambda: one(DYNAMIC, dual_stack=True), lambda: one(CILIUM, dual_stack=True)),
    ("policy-engine-not-supported", lambda: one(KUBENET, policy_engine="azure-npm"), lambda: one(KUBENET, policy_engine="calico")),
    ("policy-engine-dual-stack", lambda: one(OVERLAY, dual_stack=True, policy_engine="calico"), lambda: one(OVERLAY, dual_stack=True, policy_engine="cilium")),
    ("policy-engine-scale", lambda: one(OVERLAY, pool(250, max_pods=30), policy_engine="azure-npm"), lambda: one(OVERLAY, pool(249, max_pods=30), policy_engine="azure-npm")),
    ("policy-engine-retires", lambda: one(policy_engine="azure-npm"), lambda: one(policy_engine="calico")),
    ("pool-name", lambda: one(OVERLAY, pool(name="thirteenchars")), lambda: one(OVERLAY, pool(name="twelve0chars"))),
    ("pool-name", lambda: one(OVERLAY, pool(name="windows", operating_system=WINDOWS)), lambda: one(OVERLAY, pool(name="window", operating_system=WINDOWS))),
    ("pool-name", lambda: one(OVERLAY, pool(name="my-pool")), lambda: one(OVERLAY, pool(name="mypool"))),
    ("pool-name", lambda: one(OVERLAY, pool(name="1pool")), lambda: one(OVERLAY, pool(name="pool1"))),
    ("service-subnet-size", lambda: beside("bastion", 27), lambda: beside("bastion", 26)),
    ("service-subnet-size", lambda: beside("firewall", 27), lambda: beside("firewall", 25)),
    ("service-subnet-size", lambda: beside("api_server", 29), lambda: beside("api_server", 28)),
    ("service-subnet-recommended", lambda: beside("gateway", 28), lambda: beside("gateway", 27)),
    ("service-subnet-recommended", lambda: beside("application_gateway", 25), lambda: beside("application_gateway", 24)),
    ("service-subnet-name", lambda: beside("bastion", 26, "jump"), lambda: beside("application_gateway", 24, "agw")),
    ("api-server-subnet-full", lambda: integrated(2, 28), lambda: integrated(1, 28)),
    ("auto-provisioning-not-supported", lambda: one(DYNAMIC, pool(auto_provisioned=True)), lambda: one(OVERLAY, pool(auto_provisioned=True))),
    ("auto-provisioning-not-supported", lambda: one(OVERLAY, pool(auto_provisioned=True), policy_engine="calico"), lambda: one(OVERLAY, pool(auto_provisioned=True), policy_engine="cilium")),
    ("auto-provisioning-not-stated", lambda: one(STATIC, pool(auto_provisioned=True)), lambda: one(NODE, pool(auto_provisioned=True))),
    ("egress-gateway-not-supported", lambda: one(DYNAMIC, pool(mode=GATEWAY)), lambda: one(OVERLAY, pool(mode=GATEWAY))),
    ("egress-gateway-not-supported", lambda: one(OVERLAY, pool(mode=GATEWAY, operating_system=WINDOWS)), lambda: one(OVERLAY, pool(mode=USER, operating_system=WINDOWS))),
    ("egress-gateway-too-large", lambda: one(OVERLAY, pool(5, mode=GATEWAY, egress_prefix=30)), lambda: one(OVERLAY, pool(4, mode=GATEWAY, egress_prefix=30))),
    ("pod-cidr-expansion", lambda: one(pod_cidr="10.245.0.0/16", pod_cidr_now=net("10.244.0.0/18")), lambda: one(pod_cidr="10.244.0.0/16", pod_cidr_now=net("10.244.0.0/18"))),
    ("pod-cidr-expansion", lambda: one(OVERLAY, pool(name="win", operating_system=WINDOWS), pod_cidr_now=net("10.244.0.0/18")), lambda: one(OVERLAY, pool(name="lin"), pod_cidr_now=net("10.244.0.0/18"))),
    ("pod-cidr-expansion", lambda: one(KUBENET, pod_cidr_now=net("10.244.0.0/18")), lambda: one(KUBENET, pod_cidr_now=net("10.244.0.0/16"))),
    ("load-balancer-full", lambda: one(OVERLAY, pool(999, name="a"), pool(1000, name="b"), load_balancer_ports=5), lambda: one(OVERLAY, pool(999, name="a"), pool(999, name="b"), load_balancer_ports=5)),
    ("network-retires", lambda: one(KUBENET), lambda: one(OVERLAY)),
    ("place-not-kept", lambda: network_of(cluster(), vnet="10.20.0.0/16", kept=(("cluster-nodes", net("10.21.0.0/28")),)), lambda: network_of(cluster(), vnet="10.20.0.0/16", kept=(("cluster-nodes", net("10.20.9.0/28")),))),
    ("place-not-kept", lambda: network_of(cluster(OVERLAY, pool(30)), vnet="10.20.0.0/16", kept=(("cluster-nodes", net("10.20.0.32/28")),), extra_subnets=(ExtraSubnet("x", 28, net("10.20.0.0/28")),)), lambda: network_of(cluster(OVERLAY, pool(30)), vnet="10.20.0.0/16", kept=(("cluster-nodes", net("10.20.0.64/28")),), extra_subnets=(ExtraSubnet("x", 28, net("10.20.0.0/28")),))),
    ("place-not-kept", lambda: network_of(cluster(), vnet="10.20.0.0/16", kept=(("other-nodes", net("10.20.9.0/28")),)), lambda: network_of(cluster(name="other"), vnet="10.20.0.0/16", kept=(("other-nodes", net("10.20.9.0/28")),))),
    ("place-not-kept", lambda: network_of(cluster(node_subnet=Subnet("n", net("10.20.0.0/24"))), vnet="10.20.0.0/16", kept=(("n", net("10.20.9.0/28")),)), lambda: network_of(cluster(node_subnet=Subnet("n")), vnet="10.20.0.0/16", kept=(("n", net("10.20.9.0/28")),))),
    ("pods-expected-too-many", lambda: one(OVERLAY, pool(3, max_pods=30, pods_expected=91)), lambda: one(OVERLAY, pool(3, max_pods=30, pods_expected=90))),
    ("pods-expected-too-many", lambda: one(OVERLAY, pool(3, nodes_max=4, max_pods=30, pods_expected=121)), lambda: one(OVERLAY, pool(3, nodes_max=4, max_pods=30, pods_expected=120))),
    # AKS:best-practices-performance-scale-large.md bounds pods, not what nodes could run; Node Subnet takes addresses for all of them.
    ("cluster-pods-disputed", lambda: one(OVERLAY, pool(900, pods_expected=200_001)), lambda: one(OVERLAY, pool(900, pods_expected=200_000))),
    ("cluster-pods-disputed", lambda: one(NODE, pool(900, max_pods=72, pods_expected=100)), lambda: one(OVERLAY, pool(900, max_pods=72, pods_expected=100))),
    ("policy-engine-scale", lambda: one(OVERLAY, pool(100, pods_expected=20_001), policy_engine="azure-npm"), lambda: one(OVERLAY, pool(100, pods_expected=20_000), policy_engine="azure-npm")),
    # AD:articles/azure-resource-manager/management/resource-name-rules.md
    ("name-not-taken", lambda: network_of(cluster(), vnet_name="v" * 65), lambda: network_of(cluster(), vnet_name="v" * 64)),
    ("name-not-taken", lambda: network_of(cluster(), vnet_name="v"), lambda: network_of(cluster(), vnet_name="v_")),
    ("name-not-taken", lambda: network_of(cluster(), vnet_name="v-"), lambda: network_of(cluster(), vnet_name="hub.v_net-1")),
    ("name-not-taken", lambda: network_of(cluster(), resource_group="r" * 91), lambda: network_of(cluster(), resource_group="r" * 90)),
    ("name-not-taken", lambda: network_of(cluster(), resource_group="group."), lambda: network_of(cluster(), resource_group="(großes) Netz".replace(" ", "_"))),
    ("name-not-taken", lambda: network_of(cluster(), resource_group="a/b"), lambda: network_of(cluster(), resource_group="a.b")),
    ("name-not-taken", lambda: one(name="c" * 64), lambda: one(name="c" * 63)),
    ("name-not-taken", lambda: one(name="a.b"), lambda: one(name="a_b-1")),
    ("name-not-taken", lambda: one(NODE, node_subnet=Subnet("s" * 81)), lambda: one(NODE, node_subnet=Subnet("s" * 80))),
    ("subnet-name-length", lambda: network_of(cluster(), vnet_name="v" * 64), lambda: network_of(cluster(NODE), vnet_name="v" * 64)),
    ("subnet-name-length", lambda: network_of(cluster(), resource_group="r" * 64), lambda: network_of(cluster(), resource_group="r" * 63)),
    # The IPv6 prefixes of subnets
    ("subnet-ipv6-prefix", lambda: one(node_subnet=both("fd00:1::/63")), lambda: one(node_subnet=both("fd00:1::/64"))),
    ("subnet-outside-vnet", lambda: network_of(cluster(node_subnet=both("fd00:2::/64")), vnet="10.1.0.0/16 fd00:1::/48"), lambda: network_of(cluster(node_subnet=both("fd00:1:0:7::/64")), vnet="10.1.0.0/16 fd00:1::/48")),
    ("subnets-overlap", lambda: one(DYNAMIC, node_subnet=both("fd00:1::/64"), pod_subnet=both("fd00:1::/64", "10.2.0.0/20")), lambda: one(DYNAMIC, node_subnet=both("fd00:1::/64"), pod_subnet=both("fd00:1:0:1::/64", "10.2.0.0/20"))),
    ("pod-cidr-overlap", lambda: one(dual_stack=True, node_subnet=both("fd12:3456:789a::/64")), lambda: one(dual_stack=True, node_subnet=both("fd12:3456:789b::/64"))),
    ("service-cidr-overlap", lambda: one(dual_stack=True, node_subnet=both("fd12:3456:789a:1::/64")), lambda: one(dual_stack=True, node_subnet=both("fd12:3456:789a:2::/64"))),
    ("connected-network-overlap", lambda: network_of(cluster(node_subnet=both("fd00:1::/64")), connected=connected("fd00:1::/48")), lambda: network_of(cluster(node_subnet=both("fd00:1::/64")), connected=connected("fd00:2::/48"))),
    # AKS:azure-cni-powered-by-cilium.md: Linux only, as a data plane of any network model.
    ("policy-engine-system", lambda: one(OVERLAY, pool(), pool(name="win", operating_system=WINDOWS, mode=USER), policy_engine="cilium"), lambda: one(OVERLAY, pool(), pool(name="win", operating_system=WINDOWS, mode=USER), policy_engine="calico")),
    ("policy-engine-system", lambda: one(NODE, pool(operating_system=WINDOWS), policy_engine="cilium"), lambda: one(CILIUM, pool(operating_system=WINDOWS), policy_engine="cilium")),
    # AKS:configure-static-egress-gateway.md: neither dual stack nor autoscaling.
    ("egress-gateway-not-supported", lambda: one(OVERLAY, pool(), pool(2, name="gw", mode=GATEWAY), dual_stack=True), lambda: one(OVERLAY, pool(), pool(2, name="gw", mode=GATEWAY))),
    ("egress-gateway-not-supported", lambda: one(OVERLAY, pool(), pool(2, name="gw", mode=GATEWAY, nodes_max=3)), lambda: one(OVERLAY, pool(), pool(2, name="gw", mode=GATEWAY, nodes_max=2))),
    # AD:articles/application-gateway/for-containers/container-networking.md: exactly /24 with Overlay.
    ("agc-subnet-overlay", lambda: network_of(cluster(), extra_subnets=(ExtraSubnet("agc", 23, service="application_gateway_for_containers"),)), lambda: network_of(cluster(), extra_subnets=(ExtraSubnet("agc", 24, service="application_gateway_for_containers"),))),
    ("agc-subnet-overlay", lambda: network_of(cluster(CILIUM), extra_subnets=(ExtraSubnet("agc", 22, net("10.1.0.0/22"), service="application_gateway_for_containers"),)), lambda: network_of(cluster(), cluster(NODE, name="b"), extra_subnets=(ExtraSubnet("agc", 23, service="application_gateway_for_containers"),))),
    ("pod-subnet-unused", lambda: one(OVERLAY, pod_subnet="10.2.0.0/16"), lambda: one(DYNAMIC, pod_subnet="10.2.0.0/16")),
    ("pod-subnet-unused", lambda: one(NODE, pool(pod_subnet=subnet("10.2.0.0/16"))), lambda: one(STATIC, pool(pod_subnet=subnet("10.2.0.0/16")))),
    ("dns-service-ip-last", lambda: one(service_cidr="10.9.0.0/24", dns_service_ip="10.9.0.255"), lambda: one(service_cidr="10.9.0.0/24", dns_service_ip="10.9.0.254")),
    # FACTS: kubenet has neither; dual stack has no virtual nodes.
    ("kubenet-service-subnet", lambda: network_of(cluster(KUBENET), extra_subnets=(ExtraSubnet("agc", 24, service="application_gateway_for_containers"),)), lambda: network_of(cluster(KUBENET, name="a"), cluster(name="b"), extra_subnets=(ExtraSubnet("agc", 24, service="application_gateway_for_containers"),))),
    ("kubenet-service-subnet", lambda: network_of(cluster(KUBENET), extra_subnets=(ExtraSubnet("v", 24, service="virtual_nodes"),)), lambda: network_of(cluster(KUBENET), extra_subnets=(ExtraSubnet("v", 24, service="private_endpoints"),))),
    ("dual-stack-virtual-nodes", lambda: network_of(cluster(dual_stack=True), extra_subnets=(ExtraSubnet("v", 24, service="virtual_nodes"),)), lambda: network_of(cluster(), extra_subnets=(ExtraSubnet("v", 24, service="virtual_nodes"),))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "breaks", "keeps"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_a_rule_is_reported_where_it_is_broken_and_only_there(code, breaks, keeps):
    assert code in codes(breaks())
    assert code not in codes(keeps())


def test_every_rule_has_a_case():
    outbound = {rule.code for rule in address_rules() if rule.code.startswith("outbound-")}
    assert {rule.code for rule in address_rules()} - outbound == {case[0] for case in CASES}, (
        "test_outbound has the rest"
    )


def test_the_worst_problem_comes_first_and_decides_the_exit_code():
    refused = one(KUBENET, service_cidr="10.0.0.0/8")
    assert [p.problem_class.value for p in refused.problems] == ["refused", "refused", "unwise"]
    assert exit_code(refused.problems) == 2
    assert exit_code(one(pod_cidr="20.0.0.0/16").problems) == 1
    assert exit_code(one(KUBENET).problems) == 0
    assert exit_code(()) == 0


def test_a_problem_says_the_numbers_the_rule_and_the_source():
    found = one(OVERLAY, pool(1), pod_cidr="10.244.0.0/24").problems[0]
    assert (
        found.message
        == "The pod CIDR 10.244.0.0/24 has room for 1 node, and an upgrade needs 2; /23 or shorter would do."
    )
    assert found.sources[0] == "AKS:concepts-network-azure-cni-overlay.md"
    assert found.field == "pod_cidr" and found.subject == "cluster"


def test_a_plan_with_defaults_has_no_problem():
    assert codes(one()) == set()


def test_clusters_may_share_service_cidr_pod_cidr_and_node_subnet():
    """AKS:concepts-network-ip-address-planning.md, AKS:concepts-network-azure-cni-overlay.md."""
    shared = subnet("10.1.0.0/24")
    found = network_of(cluster(name="a", node_subnet=shared), cluster(name="b", node_subnet=shared), vnet="10.1.0.0/16")
    assert codes(found) == set()


def test_ranges_that_are_named_instead_of_others_are_each_free_beside_the_other():
    found = network_of(cluster(pod_cidr="10.244.0.0/16", service_cidr="10.0.0.0/16"), vnet="10.0.0.0/8")
    named = [re.search(r"; (\S+) is free", problem.message) for problem in found.problems]
    ranges = {ip_network(match[1]) for match in named if match}
    assert len(ranges) == 2
    first, second = ranges
    assert not first.overlaps(second) and not any(r.overlaps(net("10.0.0.0/8")) for r in ranges)
