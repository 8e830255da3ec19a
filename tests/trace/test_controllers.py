"""Ingress controllers are judged from their documented place, or from the gateway's subnet; else they are unknown."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from lib.facts.ingress import ingress_controllers
from lib.model.sets import AddressSet
from lib.trace.hop import HopKind, HopVerdict
from tests.trace.build import FRONT, cluster, kinds, pod, policy, service, verdicts, walk

ALLOWED, DENIED, UNKNOWN = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.UNKNOWN
URL = "https://shop.example.com/"
SUBNET = AddressSet.from_networks([ip_network("10.225.0.0/24")])
DOCUMENTED = [c for c in ingress_controllers() if c.ingress_classes and any(p.namespace for p in c.pods)]
HOSTED = [c for c in ingress_controllers() if c.kind == "azure" and c.ingress_classes]


def ingress(class_name: str, backend: str = "web", port: int = 80, addresses: tuple[str, ...] = ()) -> dict[str, Any]:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": port}}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"ingressClassName": class_name, "rules": [{"host": "shop.example.com", "http": {"paths": [path]}}]},
        "status": {"loadBalancer": {"ingress": [{"ip": a} for a in addresses]}},
    }


def running(controller: Any) -> list[dict[str, Any]]:
    """A pod at the controller's documented place, and a load balancer in front of it."""
    place = next(p for p in controller.pods if p.namespace)
    found = pod("ctl", "10.244.2.40", "n2", namespace=place.namespace)
    found["metadata"]["labels"] = dict(place.labels)
    front = service("front", "LoadBalancer", selector=dict(place.labels), status=[{"ip": FRONT}])
    front["metadata"]["namespace"] = place.namespace
    front["spec"]["ports"] = [{"port": 443, "targetPort": 8443, "nodePort": 30443, "protocol": "TCP"}]
    front["spec"].update(clusterIP="10.0.0.90", clusterIPs=["10.0.0.90"])
    return [found, front]


def names(found: Any, kind: HopKind) -> str:
    return next(hop.subject for hop in found.hops if hop.kind is kind)


@pytest.mark.parametrize("controller", DOCUMENTED, ids=lambda c: c.id)
@pytest.mark.parametrize("addressed", [True, False])
def test_a_known_class_is_served_by_the_pods_at_its_documented_place(controller, addressed):
    route = ingress(controller.ingress_classes[0], addresses=(FRONT,) if addressed else ())
    found = walk(cluster(service(), route, *running(controller)), "internet", URL)
    assert "ctl[Pod]" in names(found, HopKind.CONTROLLER)
    assert found.verdict is ALLOWED
    assert kinds(found)[-3:] == ["policies of the sender", "policies of the receiver", "pod"]


@pytest.mark.parametrize("controller", DOCUMENTED, ids=lambda c: c.id)
def test_the_backends_policies_see_the_controllers_pods(controller):
    place = next(p for p in controller.pods if p.namespace)
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}},
        "podSelector": {"matchLabels": dict(place.labels)},
    }
    route = ingress(controller.ingress_classes[0])
    for allowed, expected in (([{"from": [peer]}], ALLOWED), ([], DENIED)):
        closed = policy("in", policyTypes=["Ingress"], ingress=allowed)
        found = walk(cluster(service(), route, closed, *running(controller)), "internet", URL)
        assert verdicts(found)[HopKind.INGRESS] is expected


@pytest.mark.parametrize("controller", DOCUMENTED, ids=lambda c: c.id)
def test_where_the_place_holds_no_pod_the_controller_is_unknown(controller):
    found = walk(cluster(service(), ingress(controller.ingress_classes[0])), "internet", URL)
    assert verdicts(found)[HopKind.CONTROLLER] is UNKNOWN
    assert found.verdict is UNKNOWN


@pytest.mark.parametrize("controller", DOCUMENTED, ids=lambda c: c.id)
def test_a_controller_that_is_not_in_the_input_is_said_with_what_to_add(controller):
    found = walk(cluster(service(), ingress(controller.ingress_classes[0])), "internet", URL)
    place = next(p for p in controller.pods if p.namespace)
    said = f"add the pods of namespace {place.namespace} with"
    assert found.verdict is UNKNOWN and said in found.sentence
    assert all(f"{key}={value}" in found.sentence for key, value in place.labels)


@pytest.mark.parametrize(("closed", "expected"), [(False, ALLOWED), (True, UNKNOWN)])
def test_who_an_unknown_controller_is_matters_only_where_a_policy_selects_the_backend(closed, expected):
    only_some = [policy("in", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}]}])] if closed else []
    found = walk(cluster(service(), ingress("nobodys"), *only_some), "internet", URL)
    assert (verdicts(found)[HopKind.INGRESS], verdicts(found)[HopKind.POD]) == (expected, expected)
    assert found.verdict is UNKNOWN


def test_a_class_that_nobody_knows_is_unknown():
    found = walk(cluster(service(), ingress("home-made")), "internet", URL)
    assert verdicts(found)[HopKind.CONTROLLER] is UNKNOWN


@pytest.mark.parametrize("controller", HOSTED, ids=lambda c: c.id)
def test_a_gateway_that_azure_hosts_connects_from_the_subnet_that_a_person_gives(controller):
    route = ingress(controller.ingress_classes[0], addresses=("203.0.113.99",))
    objects = cluster(service(), route)
    assert verdicts(walk(objects, "internet", URL))[HopKind.CONTROLLER] is UNKNOWN
    assert walk(objects, "internet", URL, gateway_subnet=SUBNET).verdict is ALLOWED
    for cidr, expected in (("10.225.0.0/24", ALLOWED), ("10.226.0.0/24", DENIED)):
        closed = policy("in", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": cidr}}]}])
        found = walk([*objects, closed], "internet", URL, gateway_subnet=SUBNET)
        assert verdicts(found)[HopKind.INGRESS] is expected


def test_a_backend_port_that_does_not_exist_ends_the_way_there():
    controller = DOCUMENTED[0]
    route = ingress(controller.ingress_classes[0], port=81)
    found = walk(cluster(service(), route, *running(controller)), "internet", URL)
    assert found.stopped_at is not None
    assert found.stopped_at.kind is HopKind.BACKEND


def test_a_pod_reaches_a_url_of_its_own_cluster_without_azure():
    controller = DOCUMENTED[0]
    route = ingress(controller.ingress_classes[0], addresses=(FRONT,))
    found = walk(cluster(service(), route, *running(controller)), "shop/client", URL)
    assert kinds(found)[:3] == ["name resolution", "DNS record", "address"]
    assert not {HopKind.SECURITY, HopKind.BALANCER} & set(verdicts(found))
    assert found.verdict is ALLOWED


def test_weights_that_share_requests_with_a_missing_backend_depend():
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "gw", "namespace": "shop"},
        "spec": {"gatewayClassName": "istio", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    }
    backends = [{"name": "web", "port": 80, "weight": 9}, {"name": "web", "port": 81, "weight": 1}]
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r", "namespace": "shop"},
        "spec": {
            "parentRefs": [{"name": "gw"}],
            "hostnames": ["shop.example.com"],
            "rules": [{"backendRefs": backends}],
        },
    }
    found = walk(cluster(service(), gateway, route), "internet", "http://shop.example.com/")
    assert verdicts(found)[HopKind.BACKEND] is HopVerdict.DEPENDS
