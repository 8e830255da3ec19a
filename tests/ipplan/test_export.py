"""Exported plans, read back by real parsers: every subnet once, every number, and no way out of a text."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lib.ipplan.demand import (
    AddressPlanInput,
    ClusterDemand,
    ExtraSubnet,
    NetworkModel,
    NodePool,
    OperatingSystem,
    Outbound,
    PoolMode,
    Subnet,
    Surge,
)
from lib.ipplan.export.resources import obstacles
from lib.ipplan.export.write import CODE_FORMATS, write_code
from lib.ipplan.layout import PlacedSubnet
from lib.ipplan.plan import plan
from lib.ipplan.pools import size_pools
from lib.ipplan.result import AddressPlan
from lib.reports.plan_review import plan_review
from tests.ipplan.build import cluster, net, network_of, pool
from tests.ipplan.read_exports import az_calls, bicep, options, terraform
from tests.ipplan.test_properties import pools as any_pools

OVERLAYS = ("azure_cni_overlay", "azure_cni_overlay_cilium")


def written(result: AddressPlan, language: str) -> str:
    assert obstacles(result) == ()
    return "".join(write_code(result, language))


# How each language says which subnets there are, and which pools a cluster has.


def az_subnets(text: str) -> list[tuple[str, list[str], str]]:
    calls = [options(call) for call in az_calls(text) if call[:4] == ["network", "vnet", "subnet", "create"]]
    return [(c["--name"][0], c["--address-prefixes"], "".join(c.get("--delegations", []))) for c in calls]


def bicep_subnets(text: str) -> list[tuple[str, list[str], str]]:
    found = []
    for subnet in bicep(text)["vnet"]["properties"]["subnets"]:
        properties = subnet["properties"]
        prefixes = properties.get("addressPrefixes") or [properties["addressPrefix"]]
        delegations = [item["properties"]["serviceName"] for item in properties.get("delegations", [])]
        found.append((subnet["name"], prefixes, "".join(delegations)))
    return found


def terraform_subnets(text: str) -> list[tuple[str, list[str], str]]:
    found = []
    for body in terraform(text).get("azurerm_subnet", {}).values():
        delegations = [item["service_delegation"][0]["name"] for item in body.get("delegation", [])]
        found.append((body["name"], body["address_prefixes"], "".join(delegations)))
    return found


SUBNETS = {"az": az_subnets, "bicep": bicep_subnets, "terraform": terraform_subnets}
Numbers = tuple[Any, ...]


def az_pools(text: str) -> dict[tuple[str, str], Numbers]:
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for call in az_calls(text):
        said = options(call)
        if call[:2] == ["aks", "create"]:
            found[said["--name"][0], said["--nodepool-name"][0]] = said
        elif call[:2] == ["aks", "nodepool"]:
            found.setdefault((said["--cluster-name"][0], said["--name"][0]), {}).update(said)
    return {
        key: (
            int(said["--node-count"][0]), int(said["--max-count"][0]) if "--max-count" in said else None,
            int(said["--max-pods"][0]), said["--max-surge"][0], said.get("--os-type", ["Linux"])[0],
            said["--vnet-subnet-id"][0].removeprefix("/net/subnets/"),
            said.get("--pod-subnet-id", [""])[0].removeprefix("/net/subnets/"),
            said.get("--pod-ip-allocation-mode", [""])[0],
        )
        for key, said in found.items()
    }  # fmt: skip


def arm_pool(body: dict[str, Any]) -> Numbers:
    return (
        body["count"], body.get("maxCount"), body["maxPods"], body["upgradeSettings"]["maxSurge"], body["osType"],
        body["vnetSubnetID"], body.get("podSubnetID", ""), body.get("podIPAllocationMode", ""),
    )  # fmt: skip


def bicep_pools(text: str) -> dict[tuple[str, str], Numbers]:
    found = {}
    for resource in bicep(text).values():
        if resource["@type"].startswith("Microsoft.ContainerService/"):
            for body in resource["properties"]["agentPoolProfiles"]:
                numbers = arm_pool(body)
                names = tuple(part.removeprefix("${vnet.id}/subnets/") for part in numbers[5:7])
                found[resource["name"], body["name"]] = (*numbers[:5], *names, numbers[7])
    return found


def terraform_pools(text: str) -> dict[tuple[str, str], Numbers]:
    resources = terraform(text)
    subnets = {f"${{azurerm_subnet.{key}.id}}": body["name"] for key, body in resources["azurerm_subnet"].items()}
    subnets[""] = ""
    found = {}

    def add(owner: str, body: dict[str, Any]) -> None:
        pods = body.get("pod_subnet_id", "")
        found[owner, body["name"]] = (
            body["node_count"], body.get("max_count"), body["max_pods"], body["upgrade_settings"][0]["max_surge"],
            body.get("os_type", "Linux"), subnets[body["vnet_subnet_id"]], subnets[pods],
            "DynamicIndividual" if pods else "",
        )  # fmt: skip

    owners = {}
    for key, body in resources.get("azurerm_kubernetes_cluster", {}).items():
        owners[f"${{azurerm_kubernetes_cluster.{key}.id}}"] = body["name"]
        add(body["name"], body["default_node_pool"][0])
    for body in resources.get("azurerm_kubernetes_cluster_node_pool", {}).values():
        add(owners[body["kubernetes_cluster_id"]], body)
    for body in resources.get("azapi_resource", {}).values():
        for item in body["body"]["properties"]["agentPoolProfiles"]:
            numbers = arm_pool(item)
            found[body["name"], item["name"]] = (*numbers[:5], subnets[numbers[5]], subnets[numbers[6]], numbers[7])
    return found


POOLS = {"az": az_pools, "bicep": bicep_pools, "terraform": terraform_pools}


def expected_subnets(result: AddressPlan) -> list[tuple[str, list[str], str]]:
    def prefixes(placed: PlacedSubnet) -> list[str]:
        return [str(placed.cidr)] + ([str(placed.ipv6)] if placed.ipv6 else [])

    return [(placed.plan.name, prefixes(placed), placed.plan.delegation) for placed in result.layout.placed]


def expected_pools(result: AddressPlan) -> dict[tuple[str, str], Numbers]:
    modes = {"pod_subnet_dynamic": "DynamicIndividual", "pod_subnet_static_block": "StaticBlock"}
    found = {}
    for planned in result.demand.clusters:
        mode = modes.get(planned.model.value, "")
        sizes = size_pools(planned)
        # Nodes that node auto-provisioning makes belong to no pool that anybody makes, as long as there is another.
        for sized in [one for one in sizes if not one.pool.auto_provisioned] or sizes:
            one = sized.pool
            surge = str(one.surge) if one.surge is not None else "0" if one.auto_provisioned else "1"
            found[planned.name, one.name] = (
                one.nodes, sized.maximum if one.nodes_max is not None else None, sized.max_pods, surge,
                one.operating_system.value.capitalize(), f"{planned.name}-nodes",
                f"{planned.name}-pods" if mode else "", mode,
            )  # fmt: skip
    return found


small_pools = any_pools.map(
    lambda p: replace(p, nodes=p.nodes // 10, nodes_max=p.nodes_max and p.nodes_max // 10, name="p" + p.name[:6])
)
clusters = st.builds(
    ClusterDemand,
    name=st.uuids().map(lambda u: f"c{str(u)[:8]}"),
    model=st.sampled_from(list(NetworkModel)),
    pools=st.lists(small_pools, min_size=1, max_size=3, unique_by=lambda p: p.name).map(tuple),
    dual_stack=st.booleans(),
)
demands = st.builds(
    AddressPlanInput,
    clusters=st.lists(clusters, min_size=1, max_size=3, unique_by=lambda c: c.name).map(tuple),
    vnet=st.just((ip_network("10.128.0.0/9"), ip_network("fd00:1::/48"))),
    extra_subnets=st.lists(
        st.builds(
            ExtraSubnet,
            st.uuids().map(lambda u: f"x{u}"),
            st.integers(20, 29),
            st.none(),
            st.sampled_from(["", "A.B/c"]),
        ),
        max_size=3,
    ).map(tuple),
)


@pytest.mark.parametrize("language", CODE_FORMATS)
@given(demands)
def test_every_subnet_stands_in_each_export_once_with_its_prefixes(language, demand):
    result = plan(demand)
    assume(not obstacles(result))
    assert SUBNETS[language](written(result, language)) == expected_subnets(result)


@pytest.mark.parametrize("language", CODE_FORMATS)
@given(demands)
def test_an_export_read_back_has_the_plans_numbers(language, demand):
    result = plan(demand)
    assume(not obstacles(result))
    assert POOLS[language](written(result, language)) == expected_pools(result)


# What must not break out of a text: quotes, templates and commands of every language, ends of lines, options.
NASTY = (
    "x'y", 'x"y', "x`id`", "$(id)", "${id}", "$${id}", "%{ if }", "%%{x}", "\\", "\\'", '\\"', "a\nb", "a\r\nb", "# x",
    "*/", "'''", "'${vnet.id}'", "--name", "-n", "a;id", "a&&id", "a|id", "~", "*", "\u2028", "\u202e", "\x07", "é",
    "日本", "a b", "<!--", "EOF", "$x", "\\u{41}", "\\u0041", "a\tb", "{", "}", "$", "%", "$$", "\U0001f600",
    "x\\${y}",
)  # fmt: skip


def named(name: str, **fields: Any) -> AddressPlan:
    pools = (NodePool(name=name, surge=Surge(1)), NodePool(name="two", surge=Surge(1), max_unavailable=Surge(0)))
    return network_of(
        ClusterDemand(name=name, pools=pools, node_subnet=Subnet(name, None, name), **fields),
        vnet="10.128.0.0/16",
        vnet_name=name,
        resource_group=name,
        extra_subnets=(ExtraSubnet(name, 26, None, name),),
    )


def check_nothing_breaks_out(name: str, model: str) -> None:
    result = named(name, model=NetworkModel(model))
    delegations = [placed.plan.delegation for placed in result.layout.placed]
    for language in CODE_FORMATS:
        text = written(result, language)
        subnets = SUBNETS[language](text)
        assert [delegation for _, _, delegation in subnets] == delegations
        assert len({subnet for subnet, _, _ in subnets}) == len(subnets)
        assert set(POOLS[language](text)) == {(name, name), (name, "two")}
        # Nobody finds a second command or resource: two or three subnets, a cluster, at most two commands a pool.
        assert len(subnets) == len(result.layout.placed)


@pytest.mark.parametrize("model", ["azure_cni_overlay", "pod_subnet_static_block"])
@pytest.mark.parametrize("name", NASTY)
def test_nothing_breaks_out_of_a_name(name, model):
    check_nothing_breaks_out(name, model)
    result = named(name, model=NetworkModel(model))
    calls = az_calls(written(result, "az"))
    assert len(calls) == 1 + len(result.layout.placed) + 1 + 3
    assert all(call[0] in ("network", "aks") for call in calls)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12))
def test_nothing_breaks_out_of_any_name(name):
    assume(name != "two")
    check_nothing_breaks_out(name, "azure_cni_overlay")


@pytest.mark.parametrize("name", NASTY)
def test_markdown_shows_every_name_letter_by_letter(name):
    tokens = MarkdownIt("commonmark").enable("table").parse("".join(plan_review(named(name))))
    kinds = {child.type for token in tokens for child in token.children or ()} | {token.type for token in tokens}
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "code_inline", "fence", "code_block"}
    headings = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "heading_open"]
    shown = ["".join(child.content for child in heading.children or ()) for heading in headings]
    visible = "".join(c if c.isprintable() else " " for c in name).strip()
    assert any(title.split() == f"Cluster {visible}".split() for title in shown)


def test_markdown_holds_every_subnet_once_with_its_prefix():
    result = network_of(
        cluster("pod_subnet_dynamic", name="a"), cluster("kubenet", name="b"), vnet="10.128.0.0/16",
        extra_subnets=(ExtraSubnet("AzureBastionSubnet", 26),),
    )  # fmt: skip
    text = "".join(plan_review(result))
    section = text.split("## Subnets")[1].split("\n## ")[0]
    for placed in result.layout.placed:
        assert section.count(f"| {placed.plan.name} | {placed.plan.role.value} | {placed.cidr} |") == 1


# What the models are called in each language. Sources: the documentation of az aks create and of the REST API
# (Microsoft.ContainerService/managedClusters 2025-07-01, networkPlugin, networkPluginMode, networkDataplane).
PROFILES = {
    "azure_cni_overlay": ("azure", "overlay", ""),
    "azure_cni_overlay_cilium": ("azure", "overlay", "cilium"),
    "kubenet": ("kubenet", "", ""),
    "pod_subnet_dynamic": ("azure", "", ""),
    "pod_subnet_static_block": ("azure", "", ""),
    "node_subnet": ("azure", "", ""),
    "byo_cni": ("none", "", ""),
}


@pytest.mark.parametrize(("model", "profile"), PROFILES.items())
def test_each_model_is_said_in_each_language(model, profile):
    result = network_of(cluster(model, pod_cidr="100.64.0.0/16", service_cidr="172.20.0.0/16"), vnet="10.128.0.0/16")
    (create,) = [options(call) for call in az_calls(written(result, "az")) if call[:2] == ["aks", "create"]]
    flags = ("--network-plugin", "--network-plugin-mode", "--network-dataplane")
    assert tuple(create.get(flag, [""])[0] for flag in flags) == profile
    network = bicep(written(result, "bicep"))["aks_cluster"]["properties"]["networkProfile"]
    keys = ("networkPlugin", "networkPluginMode", "networkDataplane")
    assert tuple(network.get(key, "") for key in keys) == profile
    resources = terraform(written(result, "terraform"))
    if model == "pod_subnet_static_block":
        (body,) = resources["azapi_resource"].values()
        written_profile = body["body"]["properties"]["networkProfile"]
        assert written_profile == network
    else:
        (body,) = resources["azurerm_kubernetes_cluster"].values()
        written_profile = body["network_profile"][0]
        keys = ("network_plugin", "network_plugin_mode", "network_data_plane")
        assert tuple(written_profile.get(key, "") for key in keys) == profile
    flat = model in ("pod_subnet_dynamic", "pod_subnet_static_block", "node_subnet")
    assert create.get("--pod-cidr") == (None if flat else ["100.64.0.0/16"])
    assert network.get("podCidrs") == (None if flat else ["100.64.0.0/16"])
    assert create["--service-cidr"] == network["serviceCidrs"] == ["172.20.0.0/16"]
    assert create["--dns-service-ip"] == [network["dnsServiceIP"]] == ["172.20.0.10"]


def test_dual_stack_names_both_families_everywhere():
    result = network_of(
        cluster(pod_cidr="100.64.0.0/16", service_cidr="172.20.0.0/16", dual_stack=True, pod_cidr_ipv6="fd00:2::/64",
                service_cidr_ipv6="fd00:3::/108"),
        vnet="10.128.0.0/16 fd00:1::/56",
    )  # fmt: skip
    (create,) = [options(call) for call in az_calls(written(result, "az")) if call[:2] == ["aks", "create"]]
    assert create["--ip-families"] == ["ipv4,ipv6"]
    assert create["--pod-cidrs"] == ["100.64.0.0/16,fd00:2::/64"]
    assert create["--service-cidrs"] == ["172.20.0.0/16,fd00:3::/108"]
    network = bicep(written(result, "bicep"))["aks_cluster"]["properties"]["networkProfile"]
    assert network["ipFamilies"] == ["IPv4", "IPv6"]
    (body,) = terraform(written(result, "terraform"))["azurerm_kubernetes_cluster"].values()
    assert body["network_profile"][0]["ip_versions"] == ["IPv4", "IPv6"]
    for language in CODE_FORMATS:
        assert SUBNETS[language](written(result, language))[0][1] == ["10.128.0.0/28", "fd00:1::/64"]


def test_the_first_pool_is_a_linux_system_pool():
    windows = NodePool("win", mode=PoolMode.USER, operating_system=OperatingSystem.WINDOWS)
    result = network_of(cluster("azure_cni_overlay", windows, pool(3)), vnet="10.128.0.0/16")
    (create,) = [options(call) for call in az_calls(written(result, "az")) if call[:2] == ["aks", "create"]]
    assert create["--nodepool-name"] == ["pool"]
    (body,) = terraform(written(result, "terraform"))["azurerm_kubernetes_cluster"].values()
    assert body["default_node_pool"][0]["name"] == "pool"


def test_max_unavailable_makes_terraform_use_azapi():
    one = NodePool("apps", surge=Surge(0), max_unavailable=Surge(25, True))
    result = network_of(cluster("azure_cni_overlay", pool(3), one), vnet="10.128.0.0/16")
    (body,) = terraform(written(result, "terraform"))["azapi_resource"].values()
    upgrade = [item["upgradeSettings"] for item in body["body"]["properties"]["agentPoolProfiles"]]
    assert upgrade == [{"maxSurge": "1"}, {"maxSurge": "0", "maxUnavailable": "25%"}]
    (added,) = [options(c) for c in az_calls(written(result, "az")) if c[:3] == ["aks", "nodepool", "add"]]
    assert (added["--max-surge"], added["--max-unavailable"]) == (["0"], ["25%"])


def test_a_plan_without_places_is_not_written_as_code():
    assert "give its address space" in obstacles(network_of(cluster()))[0]
    full = network_of(cluster("node_subnet", pool(50, max_pods=30)), vnet="10.1.0.0/24")
    assert obstacles(full) == ("These subnets have no place in the virtual network: cluster-nodes.",)


def test_what_is_wrong_with_the_plan_stands_above_its_code():
    result = network_of(cluster(node_subnet=Subnet("a", net("10.9.0.0/24"))), vnet="10.1.0.0/16")
    for language in CODE_FORMATS:
        assert "Refused by Azure: The subnet a 10.9.0.0/24 is outside the virtual network" in written(result, language)


def test_two_subnets_that_azure_could_not_tell_apart_get_names_of_their_prefixes():
    extras = (ExtraSubnet("Same", 26), ExtraSubnet("same", 26), ExtraSubnet("10.1.0.0/24", 27))
    result = network_of(cluster(), vnet="10.128.0.0/16", extra_subnets=extras)
    for language in CODE_FORMATS:
        names = [name for name, _, _ in SUBNETS[language](written(result, language))]
        assert len({name.lower() for name in names}) == 4
        assert all("/" not in name for name in names)


def test_special_pools_and_subnets_are_said_in_each_language():
    # REST API 2025-07-01: modes System, User and Gateway; nodeProvisioningProfile.mode; apiServerAccessProfile.
    pools = (
        pool(3, name="system", zones=("1", "2", "3")),
        pool(2, name="egress", mode=PoolMode.GATEWAY, egress_prefix=31),
        pool(0, name="auto", auto_provisioned=True, nodes_max=50),
    )
    result = network_of(cluster("azure_cni_overlay", *pools, api_server_vnet_integration=True), vnet="10.128.0.0/16")
    calls = [options(call) for call in az_calls(written(result, "az")) if call[0] == "aks"]
    create = calls[0]
    assert create["--zones"] == ["1", "2", "3"]
    assert create["--node-provisioning-mode"] == ["Auto"]
    assert create["--apiserver-subnet-id"] == ["/net/subnets/api-server"]
    assert create["--assign-identity"] == ["/identity"]
    (gateway,) = [call for call in calls if call.get("--mode") == ["Gateway"]]
    assert gateway["--gateway-prefix-size"] == ["31"]
    assert not [call for call in calls if call.get("--name") == ["auto"]]
    properties = bicep(written(result, "bicep"))["aks_cluster"]["properties"]
    first, second = properties["agentPoolProfiles"]
    assert first["availabilityZones"] == ["1", "2", "3"]
    assert (second["mode"], second["gatewayProfile"]) == ("Gateway", {"publicIPPrefixSize": 31})
    assert properties["nodeProvisioningProfile"] == {"mode": "Auto"}
    access = {"enableVnetIntegration": True, "subnetId": "${vnet.id}/subnets/api-server"}
    assert properties["apiServerAccessProfile"] == access
    (body,) = terraform(written(result, "terraform"))["azapi_resource"].values()
    assert body["body"]["properties"]["nodeProvisioningProfile"] == {"mode": "Auto"}
    assert "the 50 nodes that the plan counts for auto" in written(result, "bicep")


def test_the_outbound_type_is_said_where_it_was_chosen():
    result = network_of(cluster(outbound=Outbound("userDefinedRouting")), vnet="10.128.0.0/16")
    (create,) = [options(call) for call in az_calls(written(result, "az")) if call[:2] == ["aks", "create"]]
    assert create["--outbound-type"] == ["userDefinedRouting"]
    network = bicep(written(result, "bicep"))["aks_cluster"]["properties"]["networkProfile"]
    assert network["outboundType"] == "userDefinedRouting"
    (body,) = terraform(written(result, "terraform"))["azurerm_kubernetes_cluster"].values()
    assert body["network_profile"][0]["outbound_type"] == "userDefinedRouting"
    assert "outbound" not in written(network_of(cluster(), vnet="10.128.0.0/16"), "terraform")
