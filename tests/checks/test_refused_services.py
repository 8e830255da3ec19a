"""What Azure's provider makes nothing of: such a load balancer is not called open, but one that was made before is."""

from __future__ import annotations

from typing import Any

import pytest

from lib.checks.run import run_checks
from tests.policy.build import load

PREFIX = "service.beta.kubernetes.io/"
OPEN = "load-balancer-open-to-internet"


def codes(
    protocol: str = "TCP", address: str = "", node_labels: dict[str, str] | None = None, **annotations: str
) -> set[str]:
    """What is found of one Service on Azure."""
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
    return {found.code for found in run_checks(load([service, node]).snapshot)}


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


@pytest.mark.parametrize(("model", "broken"), [("vnetblock", True), ("vnet", False), ("overlay", False)])
def test_a_cluster_with_static_blocks_has_no_private_link_services(model: str, broken: bool):
    """AKS, configure-azure-cni-static-block-allocation: no Private Link Services on LoadBalancer Services."""
    asked = {"azure-pls-create": "true", "azure-load-balancer-internal": "true"}
    found = codes(address="10.224.0.9", node_labels={"kubernetes.azure.com/podnetwork-type": model}, **asked)
    assert ("azure-private-link-broken" in found) is broken
