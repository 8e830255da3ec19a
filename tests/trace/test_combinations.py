"""Every start with every end: which hops there are, and where the packet is stopped, without any policy.

The expectations are read off the facts: who translates for whom and what is routed (FACTS "Services on Azure": only
LoadBalancer Services have an address outside; "Client IP"; networks.yaml: pods_reachable_from_vnet), Azure's default
rules (nsg.yaml), and that nodes take load balancer addresses themselves (ipMode VIP).
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any, Final

import pytest

from lib.facts.engines import Known
from lib.facts.networks import network_facts
from lib.model.errors import ModelError
from lib.model.sets import AddressSet
from lib.trace.hop import HopVerdict
from tests.trace.build import CLIENT, FRONT, INTERNAL, NODES, cluster, kinds, service, walk

ALLOWED, DENIED = HopVerdict.ALLOWED, HopVerdict.DENIED
PEERED: Final = "10.9.0.5"
NETWORK: Final = AddressSet.from_networks(map(ip_network, ("10.224.0.0/12", "10.9.0.0/16")))
OUTSIDE: Final = ("internet", CLIENT, "vnet", PEERED)
ON_THE_INTERNET: Final = ("internet", CLIENT)
INSIDE: Final = ("node/n1", "node", "shop/client")
ENGINES: Final = ("kubernetes", "azure-npm", "calico", "cilium", "none")
BOTH: Final = ["policies of the sender", "policies of the receiver", "pod"]
FRONT_HOPS: Final = ["address", "security rules", "load balancing rule", "health probe", "node"]
INTERNAL_NOTE: Final = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}


def of_policy(policy: str) -> dict[str, Any]:
    """A health check node port is for Local alone; the API server refuses it elsewhere."""
    return {"externalTrafficPolicy": policy, **({"healthCheckNodePort": 31000} if policy == "Local" else {})}


def public(policy: str = "Cluster") -> dict[str, Any]:
    return service(kind="LoadBalancer", status=[{"ip": FRONT}], **of_policy(policy))


def internal(policy: str = "Cluster") -> dict[str, Any]:
    return service(kind="LoadBalancer", status=[{"ip": INTERNAL}], annotations=INTERNAL_NOTE, **of_policy(policy))


def answer(made: dict[str, Any], src: str, dst: str, plane: str = "kube-proxy", **given: Any) -> Any:
    found = walk(cluster(made, plane=plane), src, dst, virtual_network=NETWORK, **given)
    assert all(hop.change for hop in found.hops), "every hop says what would change it"
    assert not found.others
    return kinds(found), found.verdict


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("plane", ["kube-proxy", "cilium"])
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("src", OUTSIDE)
def test_a_public_frontend_takes_everybody_outside_over_azure(src, policy, plane, engine):
    hops = [*FRONT_HOPS, "policies of the receiver", "pod"]
    assert answer(public(policy), src, f"{FRONT}:80", plane, engine=engine) == (hops, ALLOWED)
    assert answer(public(policy), src, "svc/shop/web:80", plane, engine=engine) == (hops, ALLOWED)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("address", [FRONT, INTERNAL])
@pytest.mark.parametrize("src", INSIDE)
def test_inside_the_cluster_a_frontend_is_taken_by_the_senders_node(src, address, policy, engine):
    made = public(policy) if address == FRONT else internal(policy)
    assert answer(made, src, f"{address}:80", engine=engine) == (["address", "node", *BOTH], ALLOWED)


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("src", OUTSIDE)
def test_an_internal_frontend_takes_the_network_and_what_is_joined_to_it(src, policy):
    expected = (["address"], DENIED) if src in ON_THE_INTERNET else ([*FRONT_HOPS, BOTH[1], "pod"], ALLOWED)
    assert answer(internal(policy), src, f"{INTERNAL}:80") == expected


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
@pytest.mark.parametrize("src", [*OUTSIDE, *INSIDE])
def test_a_node_port_is_open_to_the_network_and_the_cluster(src, policy):
    made = service(kind="NodePort", externalTrafficPolicy=policy)
    if src in ON_THE_INTERNET:
        expected = (["address"], DENIED)
    elif src in INSIDE:
        expected = (["node", *BOTH], ALLOWED)
    else:
        expected = (["address", "security rules", "node", "policies of the receiver", "pod"], ALLOWED)
    assert answer(made, src, f"{NODES['n1']}:30080") == expected
    assert answer(made, src, "node/n1:30080") == expected


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
@pytest.mark.parametrize("src", [*OUTSIDE, *INSIDE])
def test_the_name_of_a_service_is_for_the_cluster_unless_it_has_a_load_balancer(src, kind):
    made = public() if kind == "LoadBalancer" else service(kind=kind)
    if src in INSIDE:
        expected = (["name resolution", "DNS record", "node", *BOTH], ALLOWED)
    elif kind == "LoadBalancer":
        expected = ([*FRONT_HOPS, "policies of the receiver", "pod"], ALLOWED)
    else:
        expected = (["address"], DENIED)
    assert answer(made, src, "svc/shop/web:80") == expected


@pytest.mark.parametrize("model", network_facts(), ids=lambda m: m.id)
@pytest.mark.parametrize("src", [*OUTSIDE, *INSIDE])
def test_a_pod_is_reached_from_the_network_where_the_model_routes_it(src, model):
    found, verdict = answer(service(), src, "shop/web:8080", network_model=model.id)
    if src in INSIDE:
        assert (found, verdict) == (BOTH, ALLOWED)
    elif src in ON_THE_INTERNET or model.pods_reachable_from_vnet is Known.NO:
        assert (found, verdict) == (["address"], DENIED)
    elif model.pods_reachable_from_vnet is Known.YES:
        assert (found, verdict) == (["address", "security rules", *BOTH[1:]], ALLOWED)
    else:
        assert verdict is not ALLOWED


@pytest.mark.parametrize("src", [*OUTSIDE, *INSIDE])
@pytest.mark.parametrize("dst", ["192.0.2.50:443", "10.9.0.7:5432"])
def test_an_address_outside_is_reached_from_the_cluster_alone(src, dst):
    if src in INSIDE:
        hops = ["policies of the sender", "security rules", "way out"]
        assert answer(service(), src, dst, outbound_type="loadBalancer") == (hops, ALLOWED)
        return
    with pytest.raises(ModelError, match="nothing to trace"):
        answer(service(), src, dst)
