"""The dual-stack sample is consistent in both families, and its two refused routes are the README's."""

import re
from ipaddress import ip_address, ip_network

import pytest

from tests.samples.raw import (
    SAMPLES,
    Raw,
    documents,
    has_labels,
    labels_of,
    name_of,
    namespace_of,
    objects,
    of_kind,
    port_numbers,
    selects,
)
from tests.samples.reach import ends, may_connect

FOLDER = SAMPLES / "gateway-ipv6"
ITEMS = objects(FOLDER)
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PODS = of_kind(ITEMS, "Pod")
NODES = {item["metadata"]["name"]: item for item in of_kind(ITEMS, "Node")}
NAMESPACES = {item["metadata"]["name"]: item for item in of_kind(ITEMS, "Namespace")}
SERVICES = {name_of(item): item for item in of_kind(ITEMS, "Service")}
GRANTS = of_kind(ITEMS, "ReferenceGrant")
ROUTES = of_kind(ITEMS, "HTTPRoute", "GRPCRoute")
(GATEWAY,) = of_kind(ITEMS, "Gateway")
LISTENERS = {item["name"]: item for item in GATEWAY["spec"]["listeners"]}


def family(address: str) -> str:
    return f"IPv{ip_address(address).version}"


def granted(kind: str, home: str, target_kind: str, target: str, name: str) -> bool:
    return home == target or any(
        namespace_of(grant) == target
        and any(f["kind"] == kind and f["namespace"] == home for f in grant["spec"]["from"])
        and any(t["kind"] == target_kind and t.get("name", name) == name for t in grant["spec"]["to"])
        for grant in GRANTS
    )


def condition(route: Raw, kind: str) -> Raw:
    (parent,) = route["status"]["parents"]
    (found,) = [c for c in parent["conditions"] if c["type"] == kind]
    return dict(found)


def test_readme_counts_the_objects_of_every_file() -> None:
    told = {name: int(count) for name, count in re.findall(r"^\| ([a-z]+\.yaml) \| (\d+) \|", README, re.M)}
    assert told == {path.name: len(document["items"]) for path, document in documents(FOLDER)}


def test_uids_and_names_are_unique_and_owners_exist() -> None:
    uids = {item["metadata"]["uid"]: item for item in ITEMS}
    assert len(uids) == len(ITEMS) == len({(item["kind"], name_of(item)) for item in ITEMS})
    for item in ITEMS:
        for owner in item["metadata"].get("ownerReferences", []):
            target = uids[owner["uid"]]
            assert (target["kind"], target["metadata"]["name"]) == (owner["kind"], owner["name"])


def test_every_pod_has_an_address_of_each_family_inside_its_nodes_blocks() -> None:
    seen = [entry["ip"] for pod in PODS for entry in pod["status"]["podIPs"]]
    assert len(seen) == len(set(seen)) == 2 * len(PODS)
    for pod in PODS:
        node = NODES[pod["spec"]["nodeName"]]
        addresses = [entry["ip"] for entry in pod["status"]["podIPs"]]
        assert pod["status"]["podIP"] == addresses[0]
        assert [family(a) for a in addresses] == ["IPv4", "IPv6"]
        for address, block in zip(addresses, node["spec"]["podCIDRs"], strict=True):
            assert ip_address(address) in ip_network(block)
        hosts = [a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP"]
        assert [entry["ip"] for entry in pod["status"]["hostIPs"]] == hosts


def test_pod_blocks_of_the_nodes_are_apart_and_inside_the_clusters() -> None:
    for index, whole in enumerate(("10.244.0.0/16", "fd12:3456:789a::/64")):
        first, second = (ip_network(node["spec"]["podCIDRs"][index]) for node in NODES.values())
        assert not first.overlaps(second)
        assert all(block[0] in ip_network(whole) and block[-1] in ip_network(whole) for block in (first, second))


@pytest.mark.parametrize("ref", SERVICES)
def test_service_has_a_cluster_address_and_a_slice_for_each_family(ref: str) -> None:
    service = SERVICES[ref]
    spec = service["spec"]
    assert [family(a) for a in spec["clusterIPs"]] == spec["ipFamilies"]
    assert spec["clusterIP"] == spec["clusterIPs"][0]
    assert (len(spec["ipFamilies"]) == 2) == (spec["ipFamilyPolicy"] != "SingleStack")
    for address in spec["clusterIPs"]:
        block = "10.0.0.0/16" if family(address) == "IPv4" else "fd12:3456:789a:1::/108"
        assert ip_address(address) in ip_network(block)
    slices = [
        item
        for item in of_kind(ITEMS, "EndpointSlice")
        if namespace_of(item) == namespace_of(service)
        and labels_of(item)["kubernetes.io/service-name"] == service["metadata"]["name"]
    ]
    assert sorted(item["addressType"] for item in slices) == sorted(spec["ipFamilies"])
    pods = [
        pod
        for pod in PODS
        if namespace_of(pod) == namespace_of(service) and has_labels(spec["selector"], labels_of(pod))
    ]
    assert pods
    for item in slices:
        expected = {
            (pod["metadata"]["uid"], entry["ip"])
            for pod in pods
            for entry in pod["status"]["podIPs"]
            if family(entry["ip"]) == item["addressType"]
        }
        assert {(e["targetRef"]["uid"], e["addresses"][0]) for e in item["endpoints"]} == expected
        assert {(p["name"], p["port"]) for p in item["ports"]} == {
            (port["name"], number)
            for port in spec["ports"]
            for number in port_numbers(pods[0]["spec"], port["targetPort"], port["protocol"])
        }


def test_both_families_and_both_orders_occur() -> None:
    orders = {tuple(item["spec"]["ipFamilies"]) for item in SERVICES.values()}
    assert orders == {("IPv4", "IPv6"), ("IPv6", "IPv4"), ("IPv4",), ("IPv6",)}


def test_gateway_and_its_service_have_the_same_addresses_and_ports() -> None:
    service = SERVICES["edge/public-approuting-istio"]
    assert [a["value"] for a in GATEWAY["status"]["addresses"]] == [
        entry["ip"] for entry in service["status"]["loadBalancer"]["ingress"]
    ]
    assert {item["port"] for item in LISTENERS.values()} <= {port["port"] for port in service["spec"]["ports"]}
    (gateway_class,) = of_kind(ITEMS, "GatewayClass")
    assert GATEWAY["spec"]["gatewayClassName"] == gateway_class["metadata"]["name"]
    assert all(
        parent["controllerName"] == gateway_class["spec"]["controllerName"]
        for route in ROUTES
        for parent in route["status"]["parents"]
    )


def test_the_certificate_is_in_another_namespace_and_granted() -> None:
    (reference,) = LISTENERS["https"]["tls"]["certificateRefs"]
    assert granted("Gateway", "edge", "Secret", reference["namespace"], reference["name"])
    assert reference["namespace"] != "edge"
    assert {name_of(item) for item in of_kind(ITEMS, "Secret")} == {f"{reference['namespace']}/{reference['name']}"}


def test_only_the_partners_route_is_not_admitted_by_its_listener() -> None:
    refused, attached = set(), dict.fromkeys(LISTENERS, 0)
    for route in ROUTES:
        (parent,) = route["spec"]["parentRefs"]
        listener = LISTENERS[parent["sectionName"]]
        rule = listener["allowedRoutes"]["namespaces"]
        home = namespace_of(route)
        admitted = home == "edge" if rule["from"] == "Same" else selects(rule["selector"], labels_of(NAMESPACES[home]))
        assert parent.get("namespace", home) == "edge"
        assert (condition(route, "Accepted")["status"] == "True") == admitted
        attached[listener["name"]] += admitted
        if not admitted:
            refused.add(name_of(route))
        for host in route["spec"].get("hostnames", []):
            assert host.endswith(listener["hostname"].removeprefix("*"))
    assert refused == {"partners/feed"}
    assert {item["name"]: item["attachedRoutes"] for item in GATEWAY["status"]["listeners"]} == attached


def test_only_reviews_is_a_backend_without_a_reference_grant() -> None:
    refused = set()
    for route in ROUTES:
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                target = backend.get("namespace", namespace_of(route))
                service = SERVICES[f"{target}/{backend['name']}"]
                assert backend["port"] in [port["port"] for port in service["spec"]["ports"]]
                if not granted(route["kind"], namespace_of(route), "Service", target, backend["name"]):
                    refused.add((name_of(route), f"{target}/{backend['name']}"))
        failing = condition(route, "ResolvedRefs")["status"] == "False"
        assert failing == any(ref == name_of(route) for ref, _ in refused)
    assert refused == {("store/api", "reviews/reviews")}


@pytest.mark.parametrize(
    ("source", "target", "port", "allowed"),
    [
        ("198.51.100.1", "edge/public-approuting-istio", 443, True),
        ("2001:db8::1", "edge/public-approuting-istio", 443, True),
        ("2001:db8::1", "edge/public-approuting-istio", 15021, False),
        ("198.51.100.1", "partners/feed", 8080, True),
        ("2001:db8::1", "partners/feed", 8080, False),
        ("store/store-v1", "2001:db8::1", 443, True),
        ("store/store-v1", "198.51.100.1", 443, False),
        ("store/store-v1", "fd40:7:1::1", 443, False),
        ("fd40:7:1::1", "inventory/inventory", 9090, True),
        ("fd40:7:1:ff::1", "inventory/inventory", 9090, False),
        ("10.40.2.2", "inventory/inventory", 9090, True),
        ("10.41.2.2", "inventory/inventory", 9090, False),
        ("edge/public-approuting-istio", "store/store-v1", 8080, True),
        ("edge/public-approuting-istio", "store/store-v2", 8080, True),
        ("edge/public-approuting-istio", "cart/cart", 8080, True),
        ("edge/public-approuting-istio", "reviews/reviews", 8080, True),
        ("edge/public-approuting-istio", "inventory/inventory", 9090, True),
        ("store/store-v2", "cart/cart", 8080, True),
        ("store/store-v2", "reviews/reviews", 8080, True),
        ("store/store-v2", "inventory/inventory", 9090, True),
        ("cart/cart", "reviews/reviews", 8080, False),
        ("store/store-v1", "partners/feed", 8080, False),
    ],
)
def test_flow_is_as_the_readme_tells(source: str, target: str, port: int, allowed: bool) -> None:
    workloads = ends(ITEMS)
    one, other = workloads.get(source, source), workloads.get(target, target)
    assert ("/" in source) == (one is not source) and ("/" in target) == (other is not target)
    assert may_connect(ITEMS, one, other, port) is allowed
