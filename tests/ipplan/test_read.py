"""Plan files and flags: what they may say, and the sentence that answers what they may not."""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ipplan.demand import (
    AddressPlanInput,
    ClusterDemand,
    ConnectedNetwork,
    ExtraSubnet,
    NetworkModel,
    NodePool,
    OperatingSystem,
    OtherAddresses,
    PoolMode,
    Subnet,
    Surge,
)
from lib.ipplan.plan import plan
from lib.ipplan.plan_lines import with_lines
from lib.ipplan.read import PlanReading, read_plan, read_plan_text

FILE = """
vnet: [10.20.0.0/16, 10.21.0.0/16]
connected:
  - {name: hq, cidr: 192.168.0.0/16}
extra_subnets:
  - {name: AzureBastionSubnet, prefix: 26}
  - {name: gateway, cidr: 10.20.255.0/24, delegation: Microsoft.ServiceNetworking/trafficControllers}
clusters:
  - name: shop
    model: pod_subnet_dynamic
    service_cidr: 172.20.0.0/16
    dns_service_ip: 172.20.0.10
    node_subnet: 10.20.0.0/24
    pod_subnet: {name: pods, cidr: 10.20.16.0/20}
    internal_load_balancers: 2
    private_link_services: 1
    private_endpoints: 3
    other_addresses: 4
    policy_engine: cilium
    services: 120
    pools:
      - {name: system, nodes: 3, max-pods: 30}
      - {name: apps, mode: user, nodes: 5, nodes_max: 20, surge: 33%, max_unavailable: 50%, pods_expected: 400, pod_subnet: apps-pods}
      - {name: win, mode: user, os: windows, nodes: 2, replaced: true}
  - name: edge
    dual_stack: true
    pod_cidr: 10.244.0.0/16
    pod_cidr_ipv6: fd00:10:244::/64
    service_cidr_ipv6: fd00:10:96::/108
"""


def test_every_field_of_a_file_is_read():
    reading = read_plan_text(FILE)
    assert reading.problems == ()
    assert reading.demand == AddressPlanInput(
        clusters=(
            ClusterDemand(
                name="shop",
                model=NetworkModel.POD_SUBNET_DYNAMIC,
                pools=(
                    NodePool("system", 3, max_pods=30),
                    NodePool(
                        "apps",
                        5,
                        20,
                        None,
                        Surge(33, True),
                        Surge(50, True),
                        PoolMode.USER,
                        pods_expected=400,
                        pod_subnet=Subnet("apps-pods"),
                    ),
                    NodePool("win", 2, mode=PoolMode.USER, operating_system=OperatingSystem.WINDOWS, replaced=True),
                ),
                service_cidr=ip_network("172.20.0.0/16"),
                dns_service_ip=ip_address("172.20.0.10"),
                node_subnet=Subnet("10.20.0.0/24", ip_network("10.20.0.0/24")),
                pod_subnet=Subnet("pods", ip_network("10.20.16.0/20")),
                other=OtherAddresses(2, 1, 3, 4),
                policy_engine="cilium",
                services=120,
            ),
            ClusterDemand(
                name="edge",
                dual_stack=True,
                pod_cidr=ip_network("10.244.0.0/16"),
                pod_cidr_ipv6=ip_network("fd00:10:244::/64"),
                service_cidr_ipv6=ip_network("fd00:10:96::/108"),
            ),
        ),
        vnet=(ip_network("10.20.0.0/16"), ip_network("10.21.0.0/16")),
        extra_subnets=(
            ExtraSubnet("AzureBastionSubnet", 26),
            ExtraSubnet("gateway", 24, ip_network("10.20.255.0/24"), "Microsoft.ServiceNetworking/trafficControllers"),
        ),
        connected=(ConnectedNetwork("hq", ip_network("192.168.0.0/16")),),
    )


def test_flags_name_one_cluster_and_one_pool():
    flags = {"model": "node_subnet", "nodes": "50", "surge": "1", "max-pods": "30", "vnet": "10.0.0.0/16,10.1.0.0/16"}
    reading = read_plan(flags | {"pod-cidr": None, "node-subnet": "10.0.0.0/21"})
    assert reading.problems == ()
    assert reading.demand is not None
    (cluster,) = reading.demand.clusters
    assert cluster.pools == (NodePool("pool", 50, max_pods=30, surge=Surge(1)),)
    assert cluster.node_subnet == Subnet("10.0.0.0/21", ip_network("10.0.0.0/21"))
    assert len(reading.demand.vnet) == 2


def test_node_pools_are_written_as_texts_in_flags():
    reading = read_plan({"node_pool": ["name=system,nodes=3", "name=apps, nodes=5, max-pods=30, surge=33%, mode=user"]})
    assert reading.demand is not None
    assert [pool.name for pool in reading.demand.clusters[0].pools] == ["system", "apps"]
    assert reading.demand.clusters[0].pools[1].surge == Surge(33, True)


@pytest.mark.parametrize("text", ["nodes: 3", '{"nodes": 3}', "clusters: [{pools: [{nodes: 3}]}]"])
def test_yaml_and_json_mean_the_same(text):
    reading = read_plan_text(text)
    assert reading.demand is not None
    assert reading.demand.clusters[0].pools[0].nodes == 3


# A field at its place, and what each of the values is answered with.
PLACES = {
    "": ["vnet", "vnet_name", "connected", "extra_subnets", "clusters", "start", "keep"],
    "cluster": [
        "name", "model", "pools", "service_cidr", "service_cidr_ipv6", "dns_service_ip", "pod_cidr", "pod_cidr_ipv6",
        "node_subnet", "pod_subnet", "internal_load_balancers", "private_link_services", "private_endpoints",
        "other_addresses", "dual_stack", "policy_engine", "services", "private_link_ips", "load_balancer_ports",
        "pod_cidr_now", "pods_ceiling", "api_server_vnet_integration", "growth_per_month", "target_date",
    ],
    "pool": [
        "name", "nodes", "nodes_max", "max_pods", "surge", "max_unavailable", "mode", "os", "replaced", "pods_expected",
        "node_subnet", "pod_subnet", "zones", "auto_provisioned", "egress_prefix",
    ],
    "extra": ["service", "name", "prefix", "cidr", "ipv6", "delegation"],
    "connection": ["name", "cidr"],
    "subnet": ["name", "cidr", "ipv6", "delegation"],
}  # fmt: skip
WRONG = ["\x00\n", {"a": {"b": [1]}}, [[1], None], "-1/99", 1.5, float("nan"), "x" * 10_000, "10.0.0.1/8x"]


def placed(place: str, field: str, value: object) -> dict[str, object]:
    inner = {field: value}
    match place:
        case "":
            return {"clusters": [{}]} | inner
        case "cluster":
            return {"clusters": [inner]}
        case "pool":
            return {"clusters": [{"pools": [inner]}]}
        case "extra":
            return {"clusters": [{}], "extra_subnets": [{"prefix": 26} | inner]}
        case "connection":
            return {"clusters": [{}], "connected": [{"cidr": "10.9.0.0/16"} | inner]}
        case _:
            return {"clusters": [{"node_subnet": inner}]}


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize(("place", "field"), [(place, field) for place, fields in PLACES.items() for field in fields])
def test_every_field_answers_bad_input_with_a_sentence(place, field, value):
    if (place, field) == ("connection", "name") and value in ("-1/99", "10.0.0.1/8x"):
        assert read_plan(placed(place, field, value)).demand is not None, "any short text is fine there"
        return
    reading = read_plan(placed(place, field, value))
    if (field, value) == ("growth_per_month", 1.5):
        assert reading.demand is not None, "three nodes in two months"
        return
    assert reading.demand is None
    assert reading.problems
    for problem in reading.problems:
        assert problem.code == "invalid-input"
        assert problem.problem_class.exit_code == 2
        assert problem.message.endswith((".", "?")) and problem.message.isprintable()
        assert len(problem.message) < 500
    assert any(field in problem.field for problem in reading.problems)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"nodes": "many"}, "nodes is 'many'. It must be a whole number from 0 to 1000000."),
        ({"nodes": -1}, "nodes is '-1'. It must be a whole number from 0 to 1000000."),
        ({"nodes": True}, "nodes is 'True'. It must be a whole number from 0 to 1000000."),
        ({"nodes": "٣"}, "nodes is '٣'. It must be a whole number from 0 to 1000000."),
        ({"surge": "120%"}, "surge is '120%'. It must be a number of nodes such as 2, or a percentage up to 100%."),
        ({"pod_cidr": "10.244.0.1/16"}, "pod_cidr is '10.244.0.1/16'. An address range begins at its first address: 10.244.0.0/16."),
        ({"pod_cidr": "10.244.0.0"}, "pod_cidr is '10.244.0.0'. It must be an address range such as 10.20.0.0/16."),
        ({"pod_cidr_ipv6": "10.244.0.0/16"}, "pod_cidr_ipv6 is '10.244.0.0/16'. It must be an IPv6 range such as fd00:10::/64."),
        ({"dns_service_ip": "10.0.0.300"}, "dns_service_ip is '10.0.0.300'. It must be an address such as 10.0.0.10."),
        ({"nodes": 5, "nodes_max": 4}, "nodes_max is 4, less than the 5 nodes of now."),
        ({"node_pool": ["nodes"]}, "node_pool[0] is 'nodes'. A node pool is written as name=apps,nodes=3,max-pods=30."),
        ({"max_podz": 30}, "max_podz is not a field of the plan. Did you mean max_pods?"),
        ({"nodes": 3, "pools": [{"nodes": 3}]}, "nodes stands beside a list of pools."),
        ({"pools": []}, "pools is empty."),
        ({"clusters": []}, "The plan has no cluster."),
        ({"clusters": [{"name": "a"}, {"name": "a"}]}, "The name 'a' is used twice in clusters."),
        ({"pools": [{"name": "a"}, {"name": "a"}]}, "The name 'a' is used twice in pools."),
        ({"clusters": [{"pools": [{"nodes": "x"}]}]}, "clusters[0].pools[0].nodes is 'x'. It must be a whole number from 0 to 1000000."),
        ({"max_pods": 3, "max-pods": 4}, "max_pods is given twice."),
        ({"extra_subnets": [{"name": "x"}]}, "extra_subnets[0].prefix is missing."),
        ({"extra_subnets": [{"prefix": 30}]}, "extra_subnets[0].prefix is 30."),
        ({"extra_subnets": [{"name": "cluster-nodes", "prefix": 27}]}, "The name 'cluster-nodes' in extra_subnets is a cluster's subnet too."),
        ({"extra_subnets": [{"name": "x", "prefix": 27}, {"name": "x", "prefix": 28}]}, "The name 'x' is used twice in extra_subnets."),
        ({"extra_subnets": [{"service": "bastian"}]}, "extra_subnets[0].service is 'bastian'. It must be one of bastion, firewall, gateway, application_gateway, application_gateway_for_containers, api_server, virtual_nodes, private_endpoints."),
        ({"extra_subnets": [{"service": "virtual_nodes"}]}, "extra_subnets[0].prefix is missing."),
        ({"zones": "1 4"}, "zones is '1 4'. It must be some of the zones 1, 2, 3, such as 1 2 3."),
        ({"egress_prefix": 27}, "egress_prefix is '27'. It must be a whole number from 28 to 31."),
        ({"private_link_ips": 9}, "private_link_ips is '9'. It must be a whole number from 1 to 8."),
        ({"pods_ceiling": 300000}, "pods_ceiling is 300000. For Azure CNI Overlay sources state 200000 or 250000."),
        ({"model": "byo_cni", "pods_ceiling": 5}, "pods_ceiling is 5. For Bring your own CNI sources state none."),
        ({"connected": "hq 10.0.0.0"}, "connected is '10.0.0.0'. It must be an address range such as 10.20.0.0/16."),
        ({"node_subnet": "nodes 10.1.0.0"}, "node_subnet.cidr is '10.1.0.0'. It must be an address range such as 10.20.0.0/16."),
        ({"connected": [{"name": "x"}]}, "connected[0].cidr is missing."),
        ({"vnet": "10.0.0.0/0.255.255.255"}, "vnet is '10.0.0.0/0.255.255.255'. It must be an address range such as 10.20.0.0/16."),
        ({"pod_cidr": "10.0.0.0/255.0.0.0"}, "pod_cidr is '10.0.0.0/255.0.0.0'. It must be an address range such as 10.20.0.0/16."),
        ({"vnet": "fe80::%eth0/64"}, "vnet is 'fe80::%eth0/64'. It must be an address range such as 10.20.0.0/16."),
        ({"node_subnet": "n 10.1.0.0/24 fd00::/64 nobody"}, "node_subnet.delegation is 'nobody'. It must be a service such as Microsoft.ContainerService/managedClusters."),
        ({"node_subnet": "n 10.1.0.0/24 fd00::1/64"}, "node_subnet.ipv6 is 'fd00::1/64'. An address range begins at its first address: fd00::/64."),
        ({"node_subnet": {"name": "n", "ipv6": "fd00::/64"}}, "node_subnet.ipv6 stands without cidr."),
        ({"resource_group": "a\nb"}, "resource_group is 'a\\nb'. It must be a short text on one line."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_is_wrong_and_what_would_do(values, sentence):
    assert sentence in [problem.message for problem in read_plan(values).problems]


def test_a_model_that_is_nearly_right_is_guessed_at_but_not_taken():
    reading = read_plan({"model": "node-subnett"})
    assert reading.demand is None
    assert reading.problems[0].message.endswith("Did you mean node_subnet?")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("- 1", "mapping"),
        ("just words", "mapping"),
        ("a: [1", "not valid YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("nodes: 3\x00", "not valid YAML"),
        ("a: " + "[" * 5000, "inside each other"),
        ("[" * 400_000 + "]" * 400_000, "inside each other"),
        ("clusters:\n- pools:\n  - nodes: 3\n    max_pods: 30\n    nodes: 300", "the field 'nodes' twice at line 5"),
        ("nodes: 3\n'nodes': 4", "the field 'nodes' twice at line 2"),
        ("d: 2026-99-99", ""),
        ("? [1, 2]\n: 3", ""),
        ("!!python/object/apply:os.system ['true']", ""),
        ("x" * 2_000_001, "more than 2000000 characters"),
    ],
    ids=[
        "empty",
        "list",
        "text",
        "syntax",
        "alias",
        "nul",
        "deep",
        "deep-and-closed",
        "twice-in-a-pool",
        "twice-quoted",
        "date",
        "list-key",
        "tag",
        "huge",
    ],
)
def test_a_file_that_is_no_plan_is_answered_with_a_sentence(text, words):
    reading = read_plan_text(text)
    assert reading.demand is None
    assert len(reading.problems) == 1
    assert words in reading.problems[0].message


def test_the_line_of_a_syntax_error_is_named():
    assert "at line 3" in read_plan_text("nodes: 3\nsurge: 1\nmax_pods: ]\n").problems[0].message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from(sorted({field for fields in PLACES.values() for field in fields}))


@given(st.dictionaries(field_names, json_values, max_size=6))
def test_nothing_that_json_can_say_raises(values):
    reading = read_plan({"clusters": [values]})
    assert isinstance(reading, PlanReading)
    assert (reading.demand is None) == bool(reading.problems)


@given(st.text(max_size=200))
def test_no_text_raises(text):
    reading = read_plan_text(text)
    assert (reading.demand is None) == bool(reading.problems)


def test_a_reading_of_what_json_writes_is_the_same():
    assert read_plan_text(json.dumps({"nodes": 4, "vnet": ["10.0.0.0/16"]})) == read_plan_text(
        "nodes: 4\nvnet: 10.0.0.0/16"
    )


@pytest.mark.parametrize("keep", ["a-nodes=10.1.0.0/24, b=10.2.0.0/16", {"a-nodes": "10.1.0.0/24", "b": "10.2.0.0/16"}])
def test_places_are_kept_as_a_text_or_a_mapping(keep):
    demand = read_plan({"nodes": 3, "keep": keep}).demand
    assert demand is not None
    assert demand.kept == (("a-nodes", ip_network("10.1.0.0/24")), ("b", ip_network("10.2.0.0/16")))


@pytest.mark.parametrize(
    ("keep", "part"),
    [
        ("a-nodes", "keep is 'a-nodes'. Places are written as"),
        (["a"], "keep is a list."),
        ({"a": "10.0.0.1/24"}, "keep.a is '10.0.0.1/24'. An address range begins at its first address: 10.0.0.0/24."),
        ({"a": "fd00::/64"}, "keep.a is 'fd00::/64'. Places are kept in IPv4."),
        ({"a": {"b": 1}}, "keep.a is a mapping."),
        ("a=x", "keep.a is 'x'. It must be an address range"),
    ],
)
def test_a_place_that_cannot_be_kept_is_told(keep, part):
    reading = read_plan({"nodes": 3, "keep": keep})
    assert reading.demand is None
    assert part in reading.problems[0].message


@pytest.mark.parametrize(
    "written",
    [
        "nodes 10.1.0.0/24 fd00:1::/64 Microsoft.Web/serverFarms",
        {"name": "nodes", "cidr": "10.1.0.0/24", "ipv6": "fd00:1::/64", "delegation": "Microsoft.Web/serverFarms"},
    ],
)
def test_a_subnet_is_written_with_both_prefixes(written):
    (cluster,) = read_plan({"nodes": 3, "node_subnet": written}).demand.clusters
    subnet = cluster.node_subnet
    assert (subnet.name, str(subnet.cidr), str(subnet.ipv6)) == ("nodes", "10.1.0.0/24", "fd00:1::/64")
    assert subnet.delegation == "Microsoft.Web/serverFarms"


def test_a_subnet_without_a_name_is_called_by_its_range():
    (cluster,) = read_plan({"nodes": 3, "node_subnet": "10.1.0.0/24 fd00:1::/64"}).demand.clusters
    assert (cluster.node_subnet.name, str(cluster.node_subnet.ipv6)) == ("10.1.0.0/24", "fd00:1::/64")


def test_the_name_of_a_place_is_shortened_in_the_sentence():
    (problem,) = read_plan({"nodes": 3, "keep": {"x" * 100_000: "nowhere"}}).problems
    assert len(problem.message) < 300 and "It must be an address range" in problem.message


@pytest.mark.parametrize("cidr", ["255.255.255.255/32", "0.0.0.0/0", "::/0", "10.0.0.0/32", "10.0.0.0/31"])
def test_a_service_range_of_any_size_is_judged(cidr):
    assert plan(read_plan({"nodes": 3, "service_cidr": cidr}).demand).problems


FILE_LINES = """\
vnet: 10.20.0.0/16
extra_subnets:
- {name: small, prefix: 24}
clusters:
- name: shop
  model: kubenet
  pools:
  - name: system
    nodes: 010
  - name: apps
    mode: user
    max-pods: 300
- name: data
  service_cidr: 10.20.0.0/20
"""


def test_a_number_is_what_stands_in_the_file_and_not_what_yaml_makes_of_it():
    """In YAML 1.1 010 is eight, 12:30 is 750 and 0x10 sixteen."""
    ten = read_plan_text("nodes: 010").demand
    assert ten is not None and ten.clusters[0].pools[0].nodes == 10
    for text in ("12:30", "0x10", "1_000", "1e3"):
        (problem,) = read_plan_text(f"model: kubenet\nnodes: {text}").problems
        assert (problem.message.partition(". ")[0], problem.line) == (f"nodes is '{text}'", 2)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nodes: 3\nvnet: {", 3, "not valid YAML or JSON at line 3: did not find"),
        ("nodes: 3\n---\nnodes: 4", 2, "found another document"),
        ("nodes: 3\n? [a]\n: 4", 2, "the name of a field"),
        ("nodes: 3\nnodes: 4", 2, "the field 'nodes' twice"),
        ("a: &a [3]\nvnet: *a", 2, "aliases at line 2"),
        ("nodes: 3\nname: !!binary aGVsbG8=", 2, "marks a value with '!!binary'"),
        ("a: !!python/object/apply:os.system [ls]", 1, "'!!python/object/apply:os.system'"),
        ("nodes: 3\nname: a\x00", 2, "it holds the character U+0000"),
        ("nodes: 3\nvnet: 10.20.0.1/16", 2, "An address range begins"),
        ("nodes: 3\nclusters:\n- name: a\n- name: a", 1, "nodes is not a field"),
        ("clusters:\n- name: a\n- name: a", 1, "used twice"),
        ("clusters:\n- name: a\n  pools:\n  - nodes: 3\n  - nods: 3", 5, "nods is not a field"),
        ("clusters:", 1, "The field clusters is empty."),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(text, line, words):
    problem = next(p for p in read_plan_text(text).problems if words in p.message)
    assert problem.line == line
    assert problem.remedy


def test_what_a_plan_breaks_is_told_with_the_line_of_the_pool_cluster_or_subnet():
    reading = read_plan_text(FILE_LINES)
    assert reading.demand is not None and reading.text is not None
    found = with_lines(plan(reading.demand).problems, reading.text, reading.demand)
    lines = {(problem.code, problem.subject): problem.line for problem in found}
    assert lines["max-pods-out-of-range", "shop/apps"] == 12
    assert lines["network-retires", "shop"] == 6
    assert lines["service-cidr-overlap", "data"] == 14
    top = read_plan_text("model: kubenet\nmax_pods: 300\nnodes: 3")
    assert top.demand is not None and top.text is not None
    lines = {p.code: p.line for p in with_lines(plan(top.demand).problems, top.text, top.demand)}
    assert lines == {"max-pods-out-of-range": 2, "network-retires": 1}


@pytest.mark.parametrize("name", ["vnet", "connected", "keep", "extra_subnets", "clusters"])
def test_what_there_is_too_much_of_is_refused_before_it_is_read(name):
    many = {f"s{i}": "10.20.0.0/24" for i in range(501)} if name == "keep" else ["10.20.0.0/24"] * 501
    (problem,) = read_plan({"nodes": 3, name: many}).problems
    assert "501" in problem.message and "At most" in problem.remedy
    pools = {"clusters": [{"name": f"c{i}", "pools": [{"name": "p"}] * 1_000} for i in range(11)]}
    (problem,) = read_plan(pools).problems
    assert problem.message == "The plan has 11000 node pools."
