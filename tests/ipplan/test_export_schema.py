"""Exported code uses only the names, types and values that the schemas of Azure's providers know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lib.ipplan.export.write import write_code
from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan_text
from tests.ipplan.read_exports import bicep, terraform

SCHEMAS: Final = yaml.safe_load(Path(__file__).with_name("azure_schemas.yaml").read_text(encoding="utf-8"))
RANGES: Final = "service_cidr: 172.20.0.0/16, pod_cidr: 192.168.0.0/16"
# Every network model, kind of pool, engine and way out that a cluster with planned subnets can have.
EVERYTHING: Final = f"""
vnet: [10.0.0.0/8, "fd00:20::/48"]
vnet_name: hub
resource_group: net
extra_subnets: [{{service: bastion}}, {{service: application_gateway_for_containers}}]
clusters:
  - {{name: ov, dual_stack: true, {RANGES}, outbound_type: loadBalancer,
     pools: [{{name: system, nodes: 3, zones: [1, 2]}},
     {{name: apps, mode: user, nodes: 3, nodes_max: 9, surge: 33%, max_unavailable: 1}},
     {{name: win, mode: user, os: windows, nodes: 3, max_pods: 110}}]}}
  - {{name: cil, model: azure_cni_overlay_cilium, {RANGES}, pools: [{{name: system, nodes: 3}},
     {{name: nap, auto_provisioned: true, mode: user, nodes: 0, nodes_max: 50}}]}}
  - {{name: kube, model: kubenet, policy_engine: calico, {RANGES}, pools: [{{name: system, nodes: 3, nodes_max: 5}}]}}
  - {{name: dyn, model: pod_subnet_dynamic, policy_engine: cilium, service_cidr: 172.20.0.0/16,
     outbound_type: userAssignedNATGateway, pools: [{{name: system, nodes: 3}}, {{name: b, mode: user, nodes: 3}}]}}
  - {{name: stat, model: pod_subnet_static_block, policy_engine: azure-npm, service_cidr: 172.20.0.0/16,
     pools: [{{name: system, nodes: 3, max_pods: 31}}]}}
  - {{name: node, model: node_subnet, service_cidr: 172.20.0.0/16, api_server_vnet_integration: true,
     outbound_type: userDefinedRouting, pools: [{{name: system, nodes: 3}}]}}
  - {{name: byo, model: byo_cni, {RANGES}, outbound_type: none, pools: [{{name: system, nodes: 3}}]}}
  - {{name: gw, {RANGES}, pools: [{{name: system, nodes: 3}},
     {{name: egw, mode: gateway, nodes: 2, egress_prefix: 30}}]}}
"""


def code(language: str) -> str:
    demand = read_plan_text(EVERYTHING, date(2026, 11, 26)).demand
    assert demand is not None
    found = plan(demand)
    assert [p.message for p in found.problems if p.problem_class.exit_code == 2] == []
    return "".join(write_code(found, language))


def wrong_arm(value: Any, schema: dict[str, dict[str, Any]], path: str = "") -> Iterator[str]:
    """What of a resource its schema does not know, or knows as something else."""
    for key, inner in value.items():
        place = f"{path}.{key}".lstrip(".")
        expected = schema[path].get(key) if path in schema else None
        if expected is None:
            yield f"{place} is not known"
        elif isinstance(expected, list):
            if str(inner).lower() not in [str(one).lower() for one in expected]:
                yield f"{place} is {inner}, none of {expected}"
        elif not isinstance(inner, {"text": str, "number": int, "flag": bool, "list": list, "object": dict}[expected]):
            yield f"{place} is {inner!r}, no {expected}"
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict) and place != "identity.userAssignedIdentities":
                yield from wrong_arm(one, schema, place)


def wrong_terraform(body: dict[str, Any], schema: dict[str, dict[str, str]], path: str = "") -> Iterator[str]:
    """What of a resource or block azurerm has no argument for, or of another type, and what it demands besides."""
    known = schema[path]
    for key, inner in body.items():
        place = f"{path}.{key}".lstrip(".")
        kind = known.get(key, "").partition(",")[0]
        if not kind:
            yield f"{place} is not known"
        elif kind == "block":
            for one in inner if isinstance(inner, list) else [inner]:
                yield from wrong_terraform(one, schema, place)
        elif not isinstance(inner, {"text": str, "number": int, "flag": bool, "list": list}[kind]):
            yield f"{place} is {inner!r}, no {kind}"
    yield from (
        f"{path}.{key} is missing" for key, kind in known.items() if kind.endswith("required") and key not in body
    )


def resources(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for found in bicep(text).values():
        kind = re.search(r"/(\w+)@", found["@type"])
        assert kind is not None
        yield kind[1], {key: value for key, value in found.items() if not key.startswith("@")}


def test_bicep_says_only_what_the_resource_manager_knows() -> None:
    found = list(resources(code("bicep")))
    assert [kind for kind, _ in found] == ["virtualNetworks", *["managedClusters"] * 8]
    assert [wrong for kind, body in found for wrong in wrong_arm(body, SCHEMAS["arm"][kind])] == []


def test_azapi_says_only_what_the_resource_manager_knows() -> None:
    bodies = [found["body"] for found in terraform(code("terraform"))["azapi_resource"].values()]
    assert len(bodies) >= 5
    assert [wrong for body in bodies for wrong in wrong_arm(body, SCHEMAS["arm"]["managedClusters"])] == []


@pytest.mark.parametrize("kind", SCHEMAS["azurerm"])
def test_terraform_says_only_what_azurerm_knows_and_all_that_it_demands(kind: str) -> None:
    found = terraform(code("terraform"))[kind]
    assert found
    assert [wrong for body in found.values() for wrong in wrong_terraform(body, SCHEMAS["azurerm"][kind])] == []


def test_a_name_that_no_schema_knows_is_seen() -> None:
    """The checks above can fail."""
    arm, azurerm = SCHEMAS["arm"]["managedClusters"], SCHEMAS["azurerm"]["azurerm_subnet"]
    body = {"properties": {"networkProfile": {"networkPlugin": "flannel", "podCidrz": [], "dnsServiceIP": 3}}}
    assert list(wrong_arm(body, arm)) == [
        "properties.networkProfile.networkPlugin is flannel, none of ['azure', 'kubenet', 'none']",
        "properties.networkProfile.podCidrz is not known",
        "properties.networkProfile.dnsServiceIP is 3, no text",
    ]
    assert list(wrong_terraform({"name": "a", "address_prefix": "10.0.0.0/24"}, azurerm)) == [
        "address_prefix is not known",
        ".resource_group_name is missing",
        ".virtual_network_name is missing",
    ]
