"""The shop is consistent to the last field, and its faults are the eight that its README lists."""

import ipaddress
import re
from collections import Counter
from itertools import pairwise

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

SHOP = SAMPLES / "shop"
README = (SHOP / "README.md").read_text(encoding="utf-8")
ITEMS = objects(SHOP)
PODS = of_kind(ITEMS, "Pod")
RUNNING = [pod for pod in PODS if pod["status"]["phase"] == "Running"]
SERVICES = {name_of(item): item for item in of_kind(ITEMS, "Service")}
SLICES = of_kind(ITEMS, "EndpointSlice")
INGRESSES = {name_of(item): item for item in of_kind(ITEMS, "Ingress")}
POLICIES = {name_of(item): item for item in of_kind(ITEMS, "NetworkPolicy")}
NODES = {item["metadata"]["name"]: item for item in of_kind(ITEMS, "Node")}
NAMESPACES = {item["metadata"]["name"]: item for item in of_kind(ITEMS, "Namespace")}
SECRETS = {name_of(item) for item in of_kind(ITEMS, "Secret")}
BY_UID = {item["metadata"]["uid"]: item for item in ITEMS}
OWN = {"shop-web", "shop-api", "shop-data", "shop-payments", "monitoring", "app-routing-system"}
INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"


def pods_behind(service: Raw) -> list[Raw]:
    return [
        pod
        for pod in RUNNING
        if namespace_of(pod) == namespace_of(service) and has_labels(service["spec"]["selector"], labels_of(pod))
    ]


def slices_of(service: Raw) -> list[Raw]:
    wanted = service["metadata"]["name"]
    return [
        item
        for item in SLICES
        if namespace_of(item) == namespace_of(service) and labels_of(item)["kubernetes.io/service-name"] == wanted
    ]


def routes() -> list[tuple[str, str, str, str, Raw]]:
    """(Ingress, host, path, pathType, backend Service) of every path."""
    return [
        (ref, rule["host"], path["path"], path["pathType"], path["backend"]["service"])
        for ref, ingress in INGRESSES.items()
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]


def selected(policy: Raw) -> list[Raw]:
    """Pods, and templates of the jobs that have no running pod, that the policy's podSelector matches."""
    return [
        pod
        for pod in PODS
        if namespace_of(pod) == namespace_of(policy) and selects(policy["spec"]["podSelector"], labels_of(pod))
    ]


def peer_pods(peer: Raw, home: str) -> list[Raw]:
    if "ipBlock" in peer:
        return []
    return [
        pod
        for pod in PODS
        if (
            selects(peer["namespaceSelector"], labels_of(NAMESPACES[namespace_of(pod)]))
            if "namespaceSelector" in peer
            else namespace_of(pod) == home
        )
        and selects(peer.get("podSelector", {}), labels_of(pod))
    ]


# ---- the dump itself


def test_every_file_is_one_list_of_all_namespaces() -> None:
    typed = {"namespaces.yaml": "NamespaceList", "nodes.yaml": "NodeList"}
    for path, document in documents(SHOP):
        assert (document["apiVersion"], document["kind"]) == ("v1", typed.get(path.name, "List")), path.name


def test_readme_counts_the_objects_of_every_file() -> None:
    told = {name: int(count) for name, count in re.findall(r"^\| ([a-z]+\.yaml) \| (\d+) \|", README, re.M)}
    assert told == {path.name: len(document["items"]) for path, document in documents(SHOP)}


def test_readme_lists_exactly_eight_faults() -> None:
    assert re.findall(r"^\| (\d) \| (\w+\.yaml): ", README, re.M) == [
        ("1", "services.yaml"),
        ("2", "services.yaml"),
        ("3", "ingresses.yaml"),
        ("4", "ingresses.yaml"),
        ("5", "ingresses.yaml"),
        ("6", "networkpolicies.yaml"),
        ("7", "networkpolicies.yaml"),
        ("8", "services.yaml"),
    ]


def test_six_namespaces_of_its_own_hold_about_twenty_workloads() -> None:
    owners = [
        item
        for item in of_kind(ITEMS, "Deployment", "StatefulSet", "DaemonSet", "CronJob")
        if namespace_of(item) in OWN
    ]
    assert {namespace_of(item) for item in owners} == OWN
    assert 18 <= len(owners) <= 24
    assert 40 <= len(PODS) <= 50
    assert {item["kind"] for item in owners} == {"Deployment", "StatefulSet", "DaemonSet", "CronJob"}


def test_every_object_is_in_a_namespace_that_exists() -> None:
    cluster_wide = {"Namespace", "Node", "IngressClass"}
    for item in ITEMS:
        if item["kind"] in cluster_wide:
            assert "namespace" not in item["metadata"]
        else:
            assert item["metadata"]["namespace"] in NAMESPACES, name_of(item)


def test_uids_names_and_resource_versions_are_unique() -> None:
    assert len(BY_UID) == len(ITEMS)
    assert len({(item["kind"], name_of(item)) for item in ITEMS}) == len(ITEMS)
    assert len({item["metadata"]["resourceVersion"] for item in ITEMS}) == len(ITEMS)


def test_owner_references_lead_to_the_owner() -> None:
    chains: Counter[tuple[str, str]] = Counter()
    for item in ITEMS:
        for owner in item["metadata"].get("ownerReferences", []):
            target = BY_UID[owner["uid"]]
            assert (target["kind"], target["apiVersion"]) == (owner["kind"], owner["apiVersion"])
            assert target["metadata"]["name"] == owner["name"]
            assert namespace_of(target) == namespace_of(item)
            chains[item["kind"], owner["kind"]] += 1
    assert set(chains) == {
        ("Pod", "ReplicaSet"),
        ("Pod", "StatefulSet"),
        ("Pod", "DaemonSet"),
        ("Pod", "Job"),
        ("ReplicaSet", "Deployment"),
        ("Job", "CronJob"),
        ("EndpointSlice", "Service"),
    }
    assert chains["Pod", "ReplicaSet"] + chains["Pod", "StatefulSet"] + chains["Pod", "DaemonSet"] + chains[
        "Pod", "Job"
    ] == len(PODS)


def test_owners_select_their_pods_and_count_them() -> None:
    for item in of_kind(ITEMS, "ReplicaSet", "StatefulSet", "DaemonSet", "Job"):
        mine = [pod for pod in PODS if pod["metadata"]["ownerReferences"][0]["uid"] == item["metadata"]["uid"]]
        matching = [
            pod
            for pod in PODS
            if namespace_of(pod) == namespace_of(item) and selects(item["spec"]["selector"], labels_of(pod))
        ]
        assert matching == mine, name_of(item)
        told = item["status"].get(
            "replicas", item["status"].get("currentNumberScheduled", item["status"].get("succeeded"))
        )
        assert len(mine) == told, name_of(item)
        for pod in mine:
            template = item["spec"]["template"]
            assert has_labels(template["metadata"]["labels"], labels_of(pod))
            assert [c["image"] for c in pod["spec"]["containers"]] == [
                c["image"] for c in template["spec"]["containers"]
            ]
            assert [c.get("ports") for c in pod["spec"]["containers"]] == [
                c.get("ports") for c in template["spec"]["containers"]
            ]


# ---- addresses


def test_pod_addresses_are_unique_and_inside_their_nodes_pod_cidr() -> None:
    seen = []
    for pod in PODS:
        node = NODES[pod["spec"]["nodeName"]]
        host = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
        status = pod["status"]
        assert status["hostIP"] == host and status["hostIPs"] == [{"ip": host}]
        assert status["podIPs"] == [{"ip": status["podIP"]}]
        if pod["spec"].get("hostNetwork"):
            assert status["podIP"] == host, name_of(pod)
        else:
            assert ipaddress.ip_address(status["podIP"]) in ipaddress.ip_network(node["spec"]["podCIDR"])
            seen.append(status["podIP"])
    assert len(seen) == len(set(seen))


def test_pod_cidrs_are_slash_24s_of_the_overlay_and_apart() -> None:
    blocks = sorted(ipaddress.IPv4Network(node["spec"]["podCIDR"]) for node in NODES.values())
    assert all(b.prefixlen == 24 and b.subnet_of(ipaddress.IPv4Network("10.244.0.0/16")) for b in blocks)
    assert not any(a.overlaps(b) for a, b in pairwise(blocks))


def test_nodes_carry_the_pool_and_the_provider_id_of_aks() -> None:
    modes: Counter[str] = Counter()
    for name, node in NODES.items():
        labels = labels_of(node)
        pool = labels["kubernetes.azure.com/agentpool"]
        modes[labels["kubernetes.azure.com/mode"]] += 1
        assert name.startswith(f"aks-{pool}-") and labels["kubernetes.io/hostname"] == name
        scale_set = name[: -len("000000")]
        assert re.fullmatch(
            r"azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mc_[a-z0-9_-]+"
            rf"/providers/Microsoft\.Compute/virtualMachineScaleSets/{scale_set}/virtualMachines/{int(name[-6:])}",
            node["spec"]["providerID"],
        )
    assert modes == {"system": 1, "user": 2}


def test_cluster_addresses_and_node_ports_are_unique_and_in_range() -> None:
    addresses, ports = [], []
    for service in SERVICES.values():
        spec = service["spec"]
        address = spec.get("clusterIP")
        if spec["type"] == "ExternalName":
            assert address is None
            continue
        assert spec["clusterIPs"] == [address]
        if address != "None":
            assert ipaddress.ip_address(address) in ipaddress.ip_network("10.0.0.0/16")
            addresses.append(address)
        ports += [p["nodePort"] for p in spec["ports"] if "nodePort" in p]
        ports += [spec["healthCheckNodePort"]] if "healthCheckNodePort" in spec else []
    assert len(addresses) == len(set(addresses)) and len(ports) == len(set(ports))
    assert all(30000 <= port <= 32767 for port in ports)


def test_load_balancer_addresses_are_public_documentation_ones_or_inside_the_node_subnet() -> None:
    for service in SERVICES.values():
        for entry in service["status"]["loadBalancer"].get("ingress", []):
            internal = (service["metadata"].get("annotations") or {}).get(INTERNAL) == "true"
            home = "10.224.0.0/24" if internal else "203.0.113.0/24"
            assert ipaddress.ip_address(entry["ip"]) in ipaddress.ip_network(home)
        assert bool(service["status"]["loadBalancer"]) == (service["spec"]["type"] == "LoadBalancer")


@pytest.mark.parametrize("ref", [ref for ref, item in SERVICES.items() if item["spec"].get("selector")])
def test_endpoint_slice_is_what_the_controller_would_write(ref: str) -> None:
    service = SERVICES[ref]
    (found,) = slices_of(service)
    pods = pods_behind(service)
    told = {
        (e["addresses"][0], e["nodeName"], e["zone"], e["targetRef"]["name"], e["targetRef"]["uid"])
        for e in found["endpoints"] or []
    }
    assert told == {
        (
            pod["status"]["podIP"],
            pod["spec"]["nodeName"],
            labels_of(NODES[pod["spec"]["nodeName"]])["topology.kubernetes.io/zone"],
            pod["metadata"]["name"],
            pod["metadata"]["uid"],
        )
        for pod in pods
    }
    expected = {
        (port["name"], number, port["protocol"])
        for port in service["spec"]["ports"]
        for pod in pods
        for number in port_numbers(pod["spec"], port["targetPort"], port["protocol"])
    }
    assert {(p["name"], p["port"], p["protocol"]) for p in found["ports"] or []} == expected
    assert all(e["conditions"]["ready"] for e in found["endpoints"] or [])
    assert found["metadata"]["ownerReferences"][0]["uid"] == service["metadata"]["uid"]
    assert ("service.kubernetes.io/headless" in labels_of(found)) == (service["spec"]["clusterIP"] == "None")


def test_every_slice_belongs_to_a_service() -> None:
    for item in SLICES:
        assert f"{namespace_of(item)}/{labels_of(item)['kubernetes.io/service-name']}" in SERVICES


def test_services_of_every_sort_are_there() -> None:
    specs = {ref: item["spec"] for ref, item in SERVICES.items()}
    assert {ref for ref, s in specs.items() if s["type"] == "ExternalName"} == {"shop-web/cdn"}
    assert {ref for ref, s in specs.items() if s["type"] == "NodePort"} == {"shop-api/orders-tills"}
    assert {ref for ref, s in specs.items() if s["type"] == "LoadBalancer"} == {
        "app-routing-system/nginx",
        "shop-api/partner-feed",
        "shop-payments/payments-partner",
        "monitoring/grafana",
    }
    assert {ref for ref, s in specs.items() if s["type"] != "ExternalName" and not s.get("selector")} == {
        "default/kubernetes",
        "shop-payments/ledger",
    }
    assert "shop-data/postgres" in {ref for ref, s in specs.items() if s.get("clusterIP") == "None"}
    for item in of_kind(ITEMS, "StatefulSet"):
        assert specs[f"{namespace_of(item)}/{item['spec']['serviceName']}"]["clusterIP"] == "None"


# ---- the eight faults, and that there is no ninth


def test_fault_1_only_notifications_selects_no_pod() -> None:
    empty = {ref for ref, item in SERVICES.items() if item["spec"].get("selector") and not pods_behind(item)}
    assert empty == {"shop-api/notifications"}


def test_fault_2_only_fraud_check_names_a_port_that_no_container_declares() -> None:
    unresolved = {
        ref
        for ref, item in SERVICES.items()
        if item["spec"].get("selector")
        for port in item["spec"]["ports"]
        for pod in pods_behind(item)
        if not port_numbers(pod["spec"], port["targetPort"], port["protocol"])
    }
    assert unresolved == {"shop-payments/fraud-check"}


def test_fault_3_only_the_blog_route_has_no_service() -> None:
    missing = set()
    for ref, host, path, _, backend in routes():
        service = SERVICES.get(f"{ref.split('/')[0]}/{backend['name']}")
        if service is None:
            missing.add((ref, host, path, backend["name"]))
        else:
            key, value = next(iter(backend["port"].items()))
            field = "port" if key == "number" else "name"
            assert value in [port[field] for port in service["spec"]["ports"]], (ref, path)
    assert missing == {("shop-web/storefront", "shop.example.com", "/blog", "blog")}


def test_fault_4_only_the_admin_certificate_is_missing() -> None:
    missing = {
        f"{ref.split('/')[0]}/{tls['secretName']}"
        for ref, ingress in INGRESSES.items()
        for tls in ingress["spec"]["tls"]
    } - SECRETS
    assert missing == {"shop-web/keyvault-admin"}
    annotation = "kubernetes.azure.com/tls-cert-keyvault-uri"
    assert {ref for ref, item in INGRESSES.items() if annotation not in item["metadata"].get("annotations", {})} == {
        "shop-web/admin"
    }


def test_fault_5_only_orders_is_claimed_twice() -> None:
    claims: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for ref, host, path, kind, backend in routes():
        claims.setdefault((host, path, kind), []).append((ref, backend["name"]))
    assert {key: refs for key, refs in claims.items() if len(refs) > 1} == {
        ("api.shop.example.com", "/orders", "Prefix"): [("shop-api/api", "orders"), ("shop-api/checkout", "cart")]
    }


def test_fault_6_only_the_database_lets_every_namespace_in() -> None:
    wide = {
        ref
        for ref, policy in POLICIES.items()
        for rule in policy["spec"].get("ingress", [])
        if "from" not in rule or any(peer.get("namespaceSelector") == {} for peer in rule["from"])
    }
    assert wide == {"shop-data/postgres-from-api"}
    (rule,) = POLICIES["shop-data/postgres-from-api"]["spec"]["ingress"]
    assert len(rule["from"]) == 2  # two items are "or"
    reached = {namespace_of(pod) for peer in rule["from"] for pod in peer_pods(peer, "shop-data")}
    assert reached >= OWN


def test_fault_7_only_the_redis_policy_selects_nothing() -> None:
    idle = {ref for ref, policy in POLICIES.items() if not selected(policy)}
    assert idle == {"shop-data/redis-from-api"}
    allowed = [
        ref
        for ref, policy in POLICIES.items()
        for rule in policy["spec"].get("ingress", [])
        if namespace_of(policy) == "shop-data"
        and any(labels_of(pod).get("app.kubernetes.io/name") == "redis" for pod in selected(policy))
        and any(port["port"] in (6379, "redis") for port in rule.get("ports", []))
    ]
    assert allowed == []


def test_fault_8_only_grafana_is_public_without_source_ranges_beside_the_ingress_controller() -> None:
    public = {
        ref
        for ref, item in SERVICES.items()
        if item["spec"]["type"] == "LoadBalancer"
        and (item["metadata"].get("annotations") or {}).get(INTERNAL) != "true"
        and not item["spec"].get("loadBalancerSourceRanges")
    }
    assert public == {"monitoring/grafana", "app-routing-system/nginx"}
    assert not [ref for ref in POLICIES if ref.startswith("monitoring/")]


def test_every_running_pod_is_ready() -> None:
    for pod in PODS:
        ready = {c["type"]: c["status"] for c in pod["status"]["conditions"]}["Ready"]
        running = pod["status"]["phase"] == "Running"
        assert ready == ("True" if running else "False")
        assert all(c["ready"] is running for c in pod["status"]["containerStatuses"])
        assert running or pod["metadata"]["ownerReferences"][0]["kind"] == "Job"


def test_peers_of_every_policy_select_somebody_but_the_second_one_of_fault_6() -> None:
    idle = {
        (ref, direction, index)
        for ref, policy in POLICIES.items()
        for direction, key in (("ingress", "from"), ("egress", "to"))
        for rule in policy["spec"].get(direction, [])
        for index, peer in enumerate(rule.get(key, []))
        if "ipBlock" not in peer and not peer_pods(peer, namespace_of(policy))
    }
    assert idle == {("shop-data/postgres-from-api", "ingress", 1)}


def test_named_policy_ports_are_declared_by_a_selected_pod() -> None:
    for ref, policy in POLICIES.items():
        for rule in policy["spec"].get("ingress", []):
            for port in rule.get("ports", []):
                if isinstance(port["port"], str) and selected(policy):
                    assert any(port_numbers(pod["spec"], port["port"], port["protocol"]) for pod in selected(policy)), (
                        ref,
                        port,
                    )


def test_every_workload_whose_egress_is_isolated_may_resolve_names() -> None:
    for pod in PODS:
        mine = [p for p in POLICIES.values() if "Egress" in p["spec"]["policyTypes"] and pod in selected(p)]
        if not mine:
            continue
        served = [
            rule
            for policy in mine
            for rule in policy["spec"].get("egress", [])
            if rule == {}
            or (
                {"port": 53, "protocol": "UDP"} in rule["ports"]
                and any(
                    labels_of(target).get("k8s-app") == "kube-dns"
                    for peer in rule["to"]
                    for target in peer_pods(peer, namespace_of(policy))
                )
            )
        ]
        assert served, name_of(pod)


def test_policies_use_what_people_find_hard() -> None:
    text = (SHOP / "networkpolicies.yaml").read_text(encoding="utf-8")
    for word in ("endPort: ", "except:", "matchExpressions:", "operator: NotIn", "operator: Exists", "port: metrics"):
        assert word in text
    assert {namespace_of(policy) for policy in POLICIES.values()} == (OWN - {"monitoring"}) | {"kube-system"}
