"""What Azure's provider makes nothing of: such a load balancer is not called open, but one that was made before is."""

from __future__ import annotations

from typing import Any

import pytest

from lib.azure.services import service_views_on_azure
from lib.checks.run import run_checks
from lib.routing.entry_points import entry_points
from lib.routing.faults import Fault, State
from lib.routing.reach import Scope
from lib.routing.services import ServiceView
from tests.policy.build import load

PREFIX = "service.beta.kubernetes.io/"
OPEN = "load-balancer-open-to-internet"


def codes(
    protocol: str = "TCP", address: str = "", node_labels: dict[str, str] | None = None, **annotations: str
) -> set[str]:
    """What is found of one Service on Azure."""
    found = objects(protocol, address, node_labels, **annotations)
    return {each.code for each in run_checks(load(found).snapshot)}


def objects(
    protocol: str = "TCP", address: str = "", node_labels: dict[str, str] | None = None, **annotations: str
) -> list[dict[str, Any]]:
    """One Service, and a node that shows that the cluster is Azure's."""
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "annotations": {PREFIX + k: v for k, v in annotations.items()},
        },
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080, "protocol": protocol}]},
    }
    if address:
        service["status"] = {"loadBalancer": {"ingress": [{"ip": address}]}}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", "labels": node_labels or {}},
        "spec": {"providerID": "azure:///n"},
    }
    return [service, node]


def test_a_public_service_is_called_open_before_it_has_an_address():
    assert OPEN in codes()


@pytest.mark.parametrize(
    "refused",
    [
        {"protocol": "SCTP"},
        {"azure-load-balancer-tcp-idle-timeout": "500"},
        {"azure-additional-public-ips": "203.0.113.7, 203.0.113.8"},
        {"port_80_no_lb_rule": "true"},
    ],
    ids=str,
)
def test_a_service_without_a_load_balancing_rule_is_not_called_open(refused: dict[str, str]):
    assert OPEN not in codes(**refused)


def test_a_refused_service_with_an_address_was_made_before_and_is_called_open():
    assert OPEN in codes(address="203.0.113.9", **{"azure-load-balancer-tcp-idle-timeout": "500"})


def view(**annotations: str) -> ServiceView:
    """The Service as tables show it."""
    service = objects(**annotations)
    (found,) = service_views_on_azure(load(service).snapshot)
    return found


def test_the_table_of_services_tells_the_refusal_and_nobody_from_outside_reaches_it():
    found = view(**{"azure-load-balancer-tcp-idle-timeout": "500"})
    assert found.state is State.ERROR
    assert [i.fault for i in found.issues] == [Fault.LOAD_BALANCER_REFUSED]
    assert "tcp-idle-timeout" in found.reason
    assert found.reach.scope is Scope.CLUSTER


def test_a_refusal_of_security_rules_alone_is_told_as_well():
    found = view(**{"azure-additional-public-ips": "203.0.113.7, 203.0.113.8"})
    assert [i.fault for i in found.issues] == [Fault.LOAD_BALANCER_REFUSED] and found.reach.scope is Scope.CLUSTER


def test_a_load_balancer_without_rules_that_is_meant_so_is_no_fault():
    found = view(port_80_no_lb_rule="true")
    assert not found.issues and found.reach.scope is Scope.CLUSTER


def test_what_was_made_before_stays_reachable_and_the_refusal_is_told():
    found = view(address="203.0.113.9", **{"azure-load-balancer-tcp-idle-timeout": "500"})
    assert {i.fault for i in found.issues} == {Fault.LOAD_BALANCER_REFUSED, Fault.LOAD_BALANCER_OPEN}
    assert found.reach.scope is Scope.INTERNET


def test_a_door_that_azure_never_made_is_no_exposure():
    doors = entry_points(load(objects()).snapshot, (view(**{"azure-load-balancer-tcp-idle-timeout": "500"}),))
    assert Scope.INTERNET not in {door.reach.scope for door in doors}


@pytest.mark.parametrize(("model", "broken"), [("vnetblock", True), ("vnet", False), ("overlay", False)])
def test_a_cluster_with_static_blocks_has_no_private_link_services(model: str, broken: bool):
    """AKS, configure-azure-cni-static-block-allocation: no Private Link Services on LoadBalancer Services."""
    asked = {"azure-pls-create": "true", "azure-load-balancer-internal": "true"}
    found = codes(address="10.224.0.9", node_labels={"kubernetes.azure.com/podnetwork-type": model}, **asked)
    assert ("azure-private-link-broken" in found) is broken
