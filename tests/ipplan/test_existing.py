"""What az prints of clusters that exist becomes a plan like any other; what it does not say is told, never guessed."""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ipplan.demand import AddressPlanInput, NetworkModel, OperatingSystem, OtherAddresses, PoolMode, Surge
from lib.ipplan.existing.read import ExistingReading, read_existing
from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan
from tests.ipplan.azure_json import az_cluster, az_pool, az_subnet, az_vnet, node_use, other_use, subnet_id, vnet_id


def read(*values: Any) -> ExistingReading:
    return read_existing((f"f{i}.json", v if isinstance(v, str) else json.dumps(v)) for i, v in enumerate(values, 1))


def demand(*values: Any) -> AddressPlanInput:
    reading = read(*values)
    assert reading.problems == ()
    assert reading.demand is not None
    return reading.demand


def test_an_existing_cluster_is_the_same_plan_as_its_plan_file():
    # AKS, "IP address planning": 50 nodes, one for the upgrade, 30 pods each: 1,581 addresses, a /21.
    nodes = az_subnet("nodes", "10.1.0.0/21", [node_use("MC_apps_shop", i) for i in range(50)])
    found = demand(az_cluster(az_pool(count=50)), az_vnet(nodes))
    by_file = read_plan(
        {
            "vnet": "10.1.0.0/16",
            "vnet_name": "hub",
            "resource_group": "net",
            "clusters": [
                {
                    "name": "shop", "model": "node_subnet", "service_cidr": "10.0.0.0/16", "dns_service_ip": "10.0.0.10",
                    "pools": [{"name": "system", "nodes": 50, "max_pods": 30, "surge": 1, "max_unavailable": 0,
                               "node_subnet": {"name": "nodes", "cidr": "10.1.0.0/21"}}],
                }
            ],
        }
    ).demand  # fmt: skip
    assert found == by_file
    (subnet,) = plan(found).subnets
    assert (subnet.ips_needed, subnet.ips_other, subnet.available) == (1581, 0, 462)


MODELS = [
    ({"networkPlugin": "azure", "networkPluginMode": "overlay", "podCidr": "10.244.0.0/16"}, {}, "azure_cni_overlay"),
    (
        {"networkPlugin": "azure", "networkPluginMode": "overlay", "networkDataplane": "cilium"},
        {},
        "azure_cni_overlay_cilium",
    ),
    ({"networkPlugin": "kubenet", "podCidr": "10.244.0.0/16"}, {}, "kubenet"),
    ({"networkPlugin": "none"}, {}, "byo_cni"),
    ({"networkPlugin": "azure"}, {}, "node_subnet"),
    ({"networkPlugin": "azure"}, {"podSubnetId": subnet_id("pods")}, "pod_subnet_dynamic"),
    (
        {"networkPlugin": "azure"},
        {"podSubnetId": subnet_id("pods"), "podIpAllocationMode": "StaticBlock"},
        "pod_subnet_static_block",
    ),
]


@pytest.mark.parametrize(("network", "pool", "model"), MODELS, ids=[model for _, _, model in MODELS])
def test_each_network_model_is_told_by_its_fields(network, pool, model):
    found = demand(az_cluster(az_pool(**pool), network=network))
    assert found.clusters[0].model is NetworkModel(model)


def test_a_pool_is_read_with_its_scale_and_upgrade():
    pool = az_pool(
        "win", count=2, enableAutoScaling=True, minCount=1, maxCount=9, maxPods=50, mode="User", osType="Windows",
        upgradeSettings={"maxSurge": "33%", "maxUnavailable": "5%"},
    )  # fmt: skip
    (read_pool,) = demand(az_cluster(pool)).clusters[0].pools
    assert (read_pool.nodes, read_pool.nodes_max, read_pool.max_pods) == (2, 9, 50)
    assert (read_pool.surge, read_pool.max_unavailable) == (Surge(33, True), Surge(5, True))
    assert (read_pool.mode, read_pool.operating_system) == (PoolMode.USER, OperatingSystem.WINDOWS)


def test_pools_that_are_listed_by_themselves_count_in_place_of_the_clusters():
    owner = az_cluster()["id"] + "/agentPools/"
    listed = [az_pool("a", id=owner + "a", count=7), az_pool("b", id=owner + "b", count=8, mode="User")]
    assert [pool.nodes for pool in demand(listed, az_cluster()).clusters[0].pools] == [7, 8]


def test_arm_nests_what_az_does_not():
    flat = demand(az_cluster(az_pool(count=5)), az_vnet(az_subnet("nodes", "10.1.0.0/24")))
    cluster, vnet = az_cluster(az_pool(count=5)), az_vnet()
    subnet = az_subnet("nodes", "10.1.0.0/24")
    nested_subnet = {"id": subnet["id"], "name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24",
                                                                         "ipConfigurations": [], "delegations": []}}  # fmt: skip
    pools = [
        {k.replace("SubnetId", "SubnetID").replace("podIp", "podIP"): v for k, v in pool.items()}
        for pool in cluster["agentPoolProfiles"]
    ]
    network = {k.replace("ServiceIp", "ServiceIP"): v for k, v in cluster["networkProfile"].items()}
    properties = {"agentPoolProfiles": pools, "networkProfile": network, "nodeResourceGroup": "MC_apps_shop"}
    arm = {"value": [{"id": cluster["id"], "name": "shop", "properties": properties}]}
    arm_vnet = {"id": vnet["id"], "name": "hub", "properties": {"addressSpace": vnet["addressSpace"],
                                                                "subnets": [nested_subnet]}}  # fmt: skip
    assert demand(arm, arm_vnet) == flat


def test_everything_may_stand_in_one_text():
    both = json.dumps(az_cluster()) + "\n" + json.dumps(az_vnet(az_subnet("nodes", "10.1.0.0/24"))) + "\n"
    assert demand(both) == demand(az_cluster(), az_vnet(az_subnet("nodes", "10.1.0.0/24")))
    assert demand("\ufeff" + both) == demand(both)


def test_what_else_is_in_the_node_subnet_is_counted_once():
    uses = [
        *(node_use("mc_apps_shop", i) for i in range(3)), *(node_use("MC_apps_two", i) for i in range(2)),
        other_use("loadBalancers"), other_use("loadBalancers"), other_use("privateLinkServices"),
        other_use("networkInterfaces"), node_use("foreign"),
    ]  # fmt: skip
    found = demand(
        az_cluster(), az_cluster(name="two"), az_vnet(az_subnet("nodes", "10.1.0.0/24", uses)),
    )  # fmt: skip
    assert found.clusters[0].other == OtherAddresses(2, 1, 0, 2)
    assert found.clusters[1].other == OtherAddresses()


def test_the_network_brings_its_other_subnets_and_its_peers():
    vnet = az_vnet(
        az_subnet("nodes", "10.1.0.0/24"),
        az_subnet(
            "agc", "10.1.9.0/24", delegations=[{"serviceName": "Microsoft.ServiceNetworking/trafficControllers"}]
        ),
        virtualNetworkPeerings=[
            {"remoteVirtualNetwork": {"id": vnet_id("hq")}, "remoteAddressSpace": {"addressPrefixes": ["10.0.0.0/20"]}}
        ],
    )
    found = demand(az_cluster(), vnet)
    assert [(extra.name, extra.cidr, extra.delegation) for extra in found.extra_subnets] == [
        ("agc", IPv4Network("10.1.9.0/24"), "Microsoft.ServiceNetworking/trafficControllers")
    ]
    # The service CIDR 10.0.0.0/16 overlaps the peer, which Azure does not see.
    assert "connected-network-overlap" in {problem.code for problem in plan(found).problems}


def test_a_subnet_that_is_too_small_is_found_like_in_any_plan():
    found = demand(az_cluster(az_pool(count=9)), az_vnet(az_subnet("nodes", "10.1.0.0/24")))
    (problem,) = [p for p in plan(found).problems if p.code.startswith("subnet-too-small")]
    # 9 nodes with 30 pods each are 279 addresses, and a /24 has 251 (AKS, "Azure CNI Node Subnet": 8 nodes fit).
    assert "251" in problem.message and "279" in problem.message


def test_a_subnet_list_alone_gives_prefixes():
    found = demand(az_cluster(), [az_subnet("nodes", "10.1.0.0/24"), az_subnet("other", "10.1.1.0/24")])
    assert found.clusters[0].pools[0].node_subnet.cidr == IPv4Network("10.1.0.0/24")
    assert [extra.name for extra in found.extra_subnets] == ["other"]


def unknown(*values: Any) -> list[tuple[str, str]]:
    return [(item.path, item.message) for item in read(*values).unknown]


@pytest.mark.parametrize(
    ("values", "path", "part"),
    [
        ([az_cluster(az_pool(maxPods=None))], "f1.json: $.agentPoolProfiles[0].maxPods", "is missing: the default"),
        ([az_cluster(az_pool(upgradeSettings=None))], "f1.json: $.agentPoolProfiles[0].upgradeSettings.maxSurge", "is missing"),
        ([az_cluster()], "The input", "holds no virtual network"),
        ([az_cluster()], "The input", "holds no prefix of the subnet nodes"),
        ([az_cluster(az_pool(vnetSubnetId=None))], "agentPoolProfiles[].vnetSubnetId", "AKS made their network"),
        ([az_cluster(nodeResourceGroup=None)], "f1.json: $.nodeResourceGroup", "is missing"),
        ([az_cluster(nodeProvisioningProfile={"mode": "Auto"})], "f1.json: $.nodeProvisioningProfile.mode", "is Auto"),
        ([az_cluster(az_pool(podSubnetId=subnet_id("pods")))], "f1.json: $.agentPoolProfiles[0].podIpAllocationMode", "is missing"),
        ([az_cluster(), az_vnet(az_subnet("nodes", "10.1.0.0/24", ipConfigurations=None))],
         "f2.json: $.subnets[0].ipConfigurations", "load balancers and endpoints in the subnet are not counted"),
        ([az_cluster(), az_vnet(virtualNetworkPeerings=[{"remoteAddressSpace": None}])],
         "f2.json: $.virtualNetworkPeerings[0].remoteAddressSpace", "does not say which addresses"),
        ([az_cluster(), az_vnet(az_subnet("nodes", "", addressPrefix=None, addressPrefixes=["10.1.0.0/24", "10.1.9.0/24"]))],
             "f2.json: $.subnets[0].addressPrefixes", "holds 10.1.9.0/24 too"),
    ],
)  # fmt: skip
def test_what_the_json_does_not_say_is_told_with_its_path(values, path, part):
    assert read(*values).demand is not None
    assert any(found == path and part in message for found, message in unknown(*values))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (az_cluster(az_pool(count="three")), "f1.json: $.agentPoolProfiles[0].count is 'three'. It must be a whole number"),
        (az_cluster(az_pool(count=None)), "f1.json: $.agentPoolProfiles[0].count is missing."),
        (az_cluster(az_pool(count=True)), "f1.json: $.agentPoolProfiles[0].count is 'True'."),
        (az_cluster(az_pool(count=-1)), "f1.json: $.agentPoolProfiles[0].count is '-1'."),
        (az_cluster(az_pool(name=None)), "f1.json: $.agentPoolProfiles[0].name is missing."),
        (az_cluster(az_pool(enableAutoScaling=True)), "f1.json: $.agentPoolProfiles[0].maxCount is missing."),
        (az_cluster(az_pool(enableAutoScaling="yes")), "f1.json: $.agentPoolProfiles[0].enableAutoScaling is 'yes'."),
        (az_cluster(az_pool(maxPods="30")), "f1.json: $.agentPoolProfiles[0].maxPods is '30'."),
        (az_cluster(az_pool(osType="Plan9")), "f1.json: $.agentPoolProfiles[0].osType is 'Plan9'."),
        (az_cluster(az_pool(upgradeSettings={"maxSurge": "some"})), "upgradeSettings.maxSurge is 'some'."),
        (az_cluster(az_pool(upgradeSettings=[])), "f1.json: $.agentPoolProfiles[0].upgradeSettings is a list."),
        (az_cluster(az_pool(vnetSubnetId="nodes")), "f1.json: $.agentPoolProfiles[0].vnetSubnetId is 'nodes'."),
        (az_cluster(name="![x](http://y)"), "f1.json: $.name is '![x](http://y)'. It must be a name"),
        (az_cluster(az_pool(vnetSubnetId=subnet_id("a b"))), "f1.json: $.agentPoolProfiles[0].vnetSubnetId is"),
        (az_cluster(agentPoolProfiles={}), "f1.json: $.agentPoolProfiles is a mapping."),
        (az_cluster(agentPoolProfiles=["x"]), "f1.json: $.agentPoolProfiles[0] is 'x'."),
        (az_cluster(networkProfile=None), "f1.json: $.networkProfile is missing."),
        (az_cluster(network={"networkPlugin": None}), "f1.json: $.networkProfile.networkPlugin is missing."),
        (az_cluster(network={"networkPlugin": "calico"}), "f1.json: $.networkProfile.networkPlugin is 'calico'."),
        (az_cluster(network={"serviceCidrs": ["10.0.0.1/16"]}), "f1.json: $.networkProfile.serviceCidrs[0] is '10.0.0.1/16'."),
        (az_cluster(network={"podCidr": "10.244.0.0"}), "f1.json: $.networkProfile.podCidr is '10.244.0.0'."),
        (az_cluster(network={"dnsServiceIp": "ten"}), "f1.json: $.networkProfile.dnsServiceIp is 'ten'."),
        (az_cluster(network={"ipFamilies": "IPv4"}), "f1.json: $.networkProfile.ipFamilies is 'IPv4'."),
        (az_vnet(az_subnet("a", "10.1.0.0/33")), "f1.json: $.subnets[0].addressPrefix is '10.1.0.0/33'."),
        (az_vnet(az_subnet("a", "")), "f1.json: $.subnets[0].addressPrefix is ''."),
        (az_vnet(addressSpace={"addressPrefixes": [7]}), "f1.json: $.addressSpace.addressPrefixes[0] is '7'."),
        (az_vnet(az_subnet("a", "10.1.0.0/24"), az_subnet("A", "10.1.1.0/24")), "The input holds this subnet twice."),
        ([1], "f1.json: $[0] is '1'. It must be an object."),
        ("7", "f1.json: $ is '7'. It must be an object or a list of objects."),
        ({"kind": "Pod"}, "f1.json: $ is none of what is read"),
        ("", "The input holds no cluster."),
        ("{", "f1.json:1:2 is not JSON"),
        ("name: shop", "f1.json:1:1 is not JSON"),
        ('{"count": NaN}', "f1.json can't be read: NaN is no JSON."),
        ('{"count": 1, "count": 2}', "f1.json can't be read: a key stands twice in one object."),
        ("[" * 100_000, "f1.json can't be read: too deep."),
        ('{"count": ' + "9" * 5000 + "}", "f1.json can't be read"),
        ([az_pool("a", id=az_cluster()["id"] + "/agentPools/a")], "is a node pool of the cluster shop, which is not there."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_path(value, sentence):
    reading = read(value)
    assert reading.demand is None
    assert any(sentence in problem.message for problem in reading.problems)
    assert all(problem.problem_class.exit_code == 2 for problem in reading.problems)


def test_pools_of_two_allocation_modes_are_two_clusters():
    static = az_pool("a", podSubnetId=subnet_id("p"), podIpAllocationMode="StaticBlock")
    dynamic = az_pool("b", podSubnetId=subnet_id("q"), podIpAllocationMode="DynamicIndividual")
    (problem,) = read(az_cluster(static, dynamic)).problems
    assert "is not the same for all pools" in problem.message


def test_clusters_of_two_networks_are_checked_one_after_the_other():
    other = az_pool(vnetSubnetId=subnet_id("nodes", "second"))
    (problem,) = read(az_cluster(), az_cluster(other, name="two")).problems
    assert "several virtual networks: hub, second" in problem.message


def test_no_secret_is_kept():
    reading = read(az_cluster(), az_cluster(az_pool(count="x"), name="two"))
    assert "hunter2" not in repr(reading)
    assert "hunter2" not in repr(read(az_cluster()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*az_cluster(), *az_pool(), *az_vnet(), *az_subnet("a", "b"), *az_cluster()["networkProfile"],
                         "properties", "value", "addressPrefixes", "x"]), inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


@given(st.lists(json_values, max_size=4))
def test_any_json_gives_a_plan_or_sentences(values):
    reading = read(*values)
    assert (reading.demand is None) == bool(reading.problems)
    if reading.demand is not None:
        plan(reading.demand)


@given(st.text(max_size=200))
def test_any_text_gives_sentences(text):
    assert read(text).problems


@given(st.data())
def test_a_cluster_with_one_field_replaced_gives_a_plan_or_sentences(data):
    cluster, vnet = az_cluster(), az_vnet(az_subnet("nodes", "10.1.0.0/24", [node_use("g")]))
    target: Any = data.draw(st.sampled_from([
        cluster, cluster["networkProfile"], cluster["agentPoolProfiles"][0], vnet, vnet["subnets"][0],
        vnet["addressSpace"],
    ]))  # fmt: skip
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(json_values)
    reading = read(cluster, vnet)
    assert (reading.demand is None) == bool(reading.problems)
    if reading.demand is not None:
        plan(reading.demand)


def test_the_subnets_of_services_are_held_to_what_their_services_want():
    access = {"enableVnetIntegration": True, "subnetId": subnet_id("api")}
    vnet = az_vnet(
        az_subnet("nodes", "10.1.0.0/24"),
        az_subnet("api", "10.1.2.0/28", delegations=[{"serviceName": "Microsoft.ContainerService/managedClusters"}]),
        az_subnet("AzureBastionSubnet", "10.1.3.0/27"),
    )
    clusters = [az_cluster(az_pool(count=2), name=name, apiServerAccessProfile=access) for name in ("a", "b")]
    found = plan(demand(clusters, vnet))
    # AKS, "API Server VNet Integration": at least nine addresses a cluster; a /28 has eleven.
    told = {problem.code: problem.message for problem in found.problems}
    assert "api-server-subnet-full" in told and "api" in told["api-server-subnet-full"]
    # Azure Bastion wants a /26 or larger.
    assert "AzureBastionSubnet" in told["service-subnet-size"]
    assert [subnet.name for subnet in found.subnets] == ["nodes", "api", "AzureBastionSubnet"]


def test_zones_and_gateway_pools_are_read():
    gateway = az_pool("egress", mode="Gateway", gatewayProfile={"publicIpPrefixSize": 30}, availabilityZones=["1", "3"])
    (pool,) = demand(az_cluster(gateway)).clusters[0].pools
    assert (pool.mode, pool.egress_prefix, pool.zones) == (PoolMode.GATEWAY, 30, ("1", "3"))


def test_a_dual_stack_cluster_in_a_dual_stack_network_is_not_refused():
    network = {
        "networkPluginMode": "overlay", "ipFamilies": ["IPv4", "IPv6"],
        "podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16", "fd12:3456:789a::/64"],
        "serviceCidrs": ["10.0.0.0/16", "fd12:3456:789a:1::/108"],
    }  # fmt: skip
    nodes = az_subnet("nodes", "", addressPrefix=None, addressPrefixes=["10.1.0.0/24", "fd00:1::/64"])
    found = demand(az_cluster(network=network), az_vnet(nodes, prefixes=("10.1.0.0/16", "fd00:1::/56")))
    assert found.clusters[0].dual_stack
    assert [problem.code for problem in plan(found).problems] == []


def test_the_ipv6_prefixes_of_what_exists_are_read_and_checked():
    """AD:virtual-networks-faq.md: IPv6 subnets are exactly /64; a subnet lies in its network and overlaps no other."""

    def found(*prefixes: str, of_pods: str = "fd00:1:0:2::/64") -> list[str]:
        nodes = az_subnet("nodes", "", addressPrefix=None, addressPrefixes=["10.1.0.0/24", *prefixes])
        other = az_subnet("other", "", addressPrefix=None, addressPrefixes=["10.1.9.0/24", of_pods])
        read_ = demand(az_cluster(), az_vnet(nodes, other, prefixes=("10.1.0.0/16", "fd00:1::/56")))
        return [problem.message for problem in plan(read_).problems]

    assert found("fd00:1::/64") == []
    assert set(found("fd00:1::/60")) == {
        "The subnets nodes fd00:1::/60 and other fd00:1:0:2::/64 overlap.",
        "The subnet nodes fd00:1::/60 is not a /64.",
    }
    assert found("fd00:2::/64") == [
        "The subnet nodes fd00:2::/64 is outside the virtual network 10.1.0.0/16, fd00:1::/56."
    ]
    assert found("fd00:1:0:2::/64") == [
        "The subnets nodes fd00:1:0:2::/64 and other fd00:1:0:2::/64 overlap.",
    ]


def test_the_name_of_the_network_that_exists_is_held_to_its_rule():
    # AKS:concepts-network-azure-cni-overlay.md: with a subnet of one's own at most 63 characters.
    network = {"networkPluginMode": "overlay", "podCidr": "10.244.0.0/16"}
    name = "v" * 64
    pool_ = az_pool(vnetSubnetId=subnet_id("nodes", name))
    long_net = az_vnet(az_subnet("nodes", "10.1.0.0/24", id=subnet_id("nodes", name)), name=name, id=vnet_id(name))
    assert [p.code for p in plan(demand(az_cluster(pool_, network=network), long_net)).problems] == [
        "subnet-name-length"
    ]


def test_a_pool_without_a_mode_is_told_and_no_reason_to_miss_a_system_pool():
    pool = {key: value for key, value in az_pool().items() if key != "mode"}
    reading = read(az_cluster(pool), az_vnet(az_subnet("nodes", "10.1.0.0/24")))
    assert reading.demand is not None
    assert "cluster-no-system-pool" not in {problem.code for problem in plan(reading.demand).problems}
    assert any("mode" in unknown.path for unknown in reading.unknown)
