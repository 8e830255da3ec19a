"""Random NetworkPolicies."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive.draw.words import (
    BLOCKS,
    METADATA_NAME,
    NAMESPACES,
    PORT_NAMES,
    PROTOCOLS,
    chance,
    port_numbers,
    selectors,
)
from tests.naive.flow import Raw


@st.composite
def peers(draw: st.DrawFn) -> Raw:
    kind = draw(st.sampled_from(["pods", "namespaces", "both", "block", "block"]))
    if kind == "block":
        return {"ipBlock": draw(st.sampled_from(BLOCKS))}
    peer: Raw = {}
    if kind != "namespaces":
        peer["podSelector"] = draw(selectors())
    if kind != "pods":
        peer["namespaceSelector"] = draw(selectors(("team", METADATA_NAME)))
    return peer


@st.composite
def ports(draw: st.DrawFn) -> Raw:
    item: Raw = {}
    if draw(st.booleans()):
        item["protocol"] = draw(st.sampled_from(PROTOCOLS))
    kind = draw(st.sampled_from(["all", "number", "range", "name"]))
    if kind == "name":
        item["port"] = draw(st.sampled_from(PORT_NAMES))
    elif kind != "all":
        item["port"] = draw(port_numbers)
        if kind == "range":
            item["endPort"] = draw(port_numbers.filter(lambda last: last >= item["port"]))
    return item


@st.composite
def rules(draw: st.DrawFn, peer_field: str) -> Raw:
    rule: Raw = {}
    if chance(draw, 70):
        rule[peer_field] = draw(st.lists(peers(), min_size=int(chance(draw, 90)), max_size=2))
    if chance(draw, 70):
        rule["ports"] = draw(st.lists(ports(), min_size=int(chance(draw, 90)), max_size=2))
    return rule


@st.composite
def policies(draw: st.DrawFn, number: int) -> Raw:
    spec: Raw = {"podSelector": draw(selectors()) if chance(draw, 50) else {}}
    if chance(draw, 50):
        spec["policyTypes"] = draw(st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"], []]))
    for direction, peer_field in (("ingress", "from"), ("egress", "to")):
        if chance(draw, 60):
            spec[direction] = draw(st.lists(rules(peer_field), min_size=int(chance(draw, 80)), max_size=2))
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"policy-{number}", "namespace": draw(st.sampled_from(NAMESPACES))},
        "spec": spec,
    }
