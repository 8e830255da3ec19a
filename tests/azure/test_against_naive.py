"""The merged rules of all Services say of every packet what a naive evaluator says, Service by Service."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib.azure.security_group import provider_group
from lib.azure.security_group_judge import judge
from lib.azure.security_group_match import KnownAddresses, Packet
from lib.model.policies import Verdict
from lib.model.sets import AddressSet, Protocol
from lib.routing.reach import limits_nobody, opens_for_internet
from tests.naive import security_rules as naive
from tests.policy.build import load
from tests.routing.make import COMPLETE

VNET = "10.224.0.0/16"
NODES = ["10.224.0.4", "10.224.0.5"]
FRONTENDS = ["20.0.0.1", "20.0.0.2", "10.224.0.200"]
SOURCES = ["20.9.0.1", "20.9.128.7", "198.18.0.9", "10.224.0.9", "10.60.1.1", "168.63.129.16", *NODES]
RANGES = ["20.9.0.0/17", "20.9.128.0/17", "20.9.0.1/32", "10.0.0.0/8", "10.224.0.9/32", "0.0.0.0/0", "10.60.1.1/24"]
TAGS = ["Internet", "VirtualNetwork", "AzureLoadBalancer"]
PORTS = [80, 443, 30080, 30443]
VERDICTS = {True: Verdict.ALLOWED, False: Verdict.DENIED, None: Verdict.UNKNOWN}
PROTOCOLS = ["TCP", "UDP", "SCTP"]


@st.composite
def services(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    taken: set[tuple[str, int, str]] = set()
    for index in range(draw(st.integers(1, 4))):
        ports = draw(
            st.lists(st.tuples(st.sampled_from(PORTS[:2]), st.sampled_from(PROTOCOLS)), min_size=1, unique=True)
        )
        frontend = draw(st.sampled_from(FRONTENDS))
        ports = [p for p in ports if (frontend, *p) not in taken] or [(81 + index, "TCP")]
        taken |= {(frontend, *p) for p in ports}
        spec: dict[str, Any] = {
            "type": "LoadBalancer",
            "ipFamilies": ["IPv4"],
            "ports": [
                {"name": f"p{i}", "port": n, "nodePort": 30000 + n, "protocol": p} for i, (n, p) in enumerate(ports)
            ],
        }
        if draw(st.booleans()):
            # The API server refuses what is no range at all; one with host bits it takes.
            spec["loadBalancerSourceRanges"] = draw(st.lists(st.sampled_from(RANGES), min_size=1, max_size=3))
        notes = {}
        if draw(st.integers(0, 3)) == 0:
            ranges = st.sampled_from([*RANGES, "10.1.1.1", "nonsense"])
            notes["azure-allowed-ip-ranges"] = ",".join(draw(st.lists(ranges, min_size=1, max_size=3)))
        if draw(st.integers(0, 3)) == 0:
            tags = draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True))
            notes["azure-allowed-service-tags"] = ",".join(tags)
        for name in (
            "azure-load-balancer-internal",
            "azure-deny-all-except-load-balancer-source-ranges",
            "azure-disable-load-balancer-floating-ip",
            "azure-disable-load-balancer-nsg-rule",
        ):
            if draw(st.integers(0, 3)) == 0:
                notes[name] = draw(st.sampled_from(["true", "True", "false"]))
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {
                    "name": f"s{index}",
                    "namespace": draw(st.sampled_from(["a", "b"])),
                    "uid": f"u{index}",
                    "annotations": {naive.PREFIX + key: value for key, value in notes.items()},
                },
                "spec": spec,
                "status": {"loadBalancer": {"ingress": [{"ip": frontend}]}},
            }
        )
    return found


def node(index: int, address: str) -> dict[str, Any]:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n{index}"}, "spec": {}, "status": status}


@given(services())
def test_the_merged_rules_say_what_each_service_by_itself_says(raw: list[dict[str, Any]]) -> None:
    objects = [*raw, *(node(i, address) for i, address in enumerate(NODES))]
    # The objects that are drawn are all there are.
    snapshot = replace(load(objects).snapshot, coverage=COMPLETE)
    assert len(snapshot.services) == len(raw)
    found = provider_group(snapshot)
    assert len({rule.priority for rule in found.written}) == len(found.written)
    known = KnownAddresses(AddressSet.from_networks([ip_network(VNET)]), whole=True)
    for source in SOURCES:
        for destination in (*FRONTENDS, *NODES):
            for port in PORTS:
                for protocol in PROTOCOLS:
                    packet = Packet(ip_address(source), ip_address(destination), port, Protocol(protocol))
                    answer = judge(packet, [found.group], known)
                    wanted = naive.allowed(raw, NODES, VNET, (source, destination, port, protocol))
                    assert answer.verdict is VERDICTS[wanted], str(answer)


@given(services())
def test_a_sender_in_the_network_or_outside_it_is_settled_where_both_come_to_the_same(
    raw: list[dict[str, Any]],
) -> None:
    objects = [*raw, *(node(i, address) for i, address in enumerate(NODES))]
    found = provider_group(replace(load(objects).snapshot, coverage=COMPLETE))
    known = KnownAddresses(AddressSet.from_networks([ip_network(VNET)]))
    sender = "10.60.1.1"
    for destination in (*FRONTENDS, *NODES):
        for port in PORTS:
            for protocol in PROTOCOLS:
                asked = (sender, destination, port, protocol)
                # The larger network holds the sender too, and of all other ends the same ones.
                both = {naive.allowed(raw, NODES, network, asked) for network in (VNET, "10.0.0.0/8")}
                packet = Packet(ip_address(sender), ip_address(destination), port, Protocol(protocol))
                answer = judge(packet, [found.group], known)
                wanted = VERDICTS[both.pop()] if len(both) == 1 else Verdict.UNKNOWN
                assert answer.verdict is wanted, str(answer)


OUTSIDE = ["20.9.0.1", "20.9.128.7", "198.18.0.9"]


@given(services())
def test_a_service_is_called_open_where_the_groups_and_the_nodes_let_in_everybody_outside(raw: list[Any]) -> None:
    loaded = {found.name: found for found in load(raw).snapshot.services}
    for service in raw:
        found = loaded[service["metadata"]["name"]]
        notes = {k.removeprefix(naive.PREFIX): v for k, v in service["metadata"]["annotations"].items()}
        if naive.contradicts(service, notes):
            continue
        port = service["spec"]["ports"][0]
        number = port["nodePort" if naive.truth(notes, "azure-disable-load-balancer-floating-ip") else "port"]
        (end, *_) = naive.destinations(service, notes, NODES)
        held = [ip_network(text, strict=False) for text in service["spec"].get("loadBalancerSourceRanges", [])]
        everybody = all(
            naive.allowed([service], NODES, VNET, (source, end, number, port["protocol"]))
            and (not held or any(ip_address(source) in network for network in held))
            for source in OUTSIDE
        )
        assert (limits_nobody(found) and opens_for_internet(found)) is everybody
