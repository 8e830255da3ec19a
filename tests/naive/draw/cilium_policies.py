"""Random policies of Cilium."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive.draw.words import (
    BLOCKS,
    KEYS,
    NAMESPACES,
    PORT_NAMES,
    PROTOCOLS,
    VALUES,
    chance,
    port_numbers,
    selectors,
)
from tests.naive.flow import Raw


@st.composite
def cilium_selectors(draw: st.DrawFn) -> Raw:
    """Endpoint selectors, some of other namespaces by name or label, some with the source of their labels."""
    selector = draw(selectors())
    source = draw(st.sampled_from(["", "k8s:", "any:"]))
    labels = {f"{source}{key}": value for key, value in selector.get("matchLabels", {}).items()}
    expressions = selector.get("matchExpressions", [])
    kind = draw(st.sampled_from(["own", "own", "name", "label", "expression"]))
    if kind == "name":
        labels["k8s:io.kubernetes.pod.namespace"] = draw(st.sampled_from(NAMESPACES))
    elif kind == "label":
        labels["io.cilium.k8s.namespace.labels.team"] = draw(st.sampled_from(VALUES))
    elif kind == "expression":
        key = draw(st.sampled_from(["k8s:io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.namespace.labels.team"]))
        expression: Raw = {"key": key, "operator": draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))}
        if expression["operator"].endswith("In"):
            expression["values"] = [draw(st.sampled_from([*NAMESPACES, *VALUES]))]
        # What is said of namespaces by "not" alone nodes and addresses fulfil too; whether it means them is left open.
        expressions = [*expressions, expression, {"key": draw(st.sampled_from(KEYS)), "operator": "Exists"}]
    return {**selector, "matchLabels": labels, "matchExpressions": expressions}


@st.composite
def cilium_rules(draw: st.DrawFn, peer_field: str, denies: bool) -> Raw:
    kind = draw(st.sampled_from(["any", "empty", "Endpoints", "Endpoints", "Entities", "CIDR", "CIDRSet"]))
    rule: Raw = {}
    if kind == "Endpoints":
        rule[f"{peer_field}Endpoints"] = draw(st.lists(cilium_selectors(), max_size=2))
    elif kind == "Entities":
        # Which node is a pod's own is told only for what comes in and is allowed.
        near = [["host"], ["remote-node"]] if peer_field == "from" and not denies else []
        words = st.sampled_from(
            [["all"], ["world"], ["world-ipv4"], ["world-ipv6"], ["cluster"], ["host", "remote-node"], *near]
        )
        rule[f"{peer_field}Entities"] = draw(words)
    elif kind == "CIDR":
        rule[f"{peer_field}CIDR"] = [draw(st.sampled_from(BLOCKS))["cidr"]]
    elif kind == "CIDRSet":
        rule[f"{peer_field}CIDRSet"] = [draw(st.sampled_from(BLOCKS))]
    if chance(draw, 8):
        rule["icmps"] = [{"fields": [{"type": 8}, {"type": 128, "family": "IPv6"}]}]
    elif kind == "any" or (kind != "empty" and draw(st.booleans())):
        rule["toPorts"] = [{"ports": draw(st.lists(cilium_ports(), min_size=1, max_size=2))}]
    return rule


@st.composite
def cilium_ports(draw: st.DrawFn) -> Raw:
    item: Raw = {"port": draw(st.sampled_from([*PORT_NAMES, "0"]))}
    if draw(st.booleans()):
        number = draw(port_numbers)
        item = {"port": str(number)}
        if draw(st.booleans()):
            item["endPort"] = draw(port_numbers.filter(lambda last: last >= number))
    if chance(draw, 70):
        item["protocol"] = draw(st.sampled_from([*PROTOCOLS, "ANY"]))
    return item


@st.composite
def cilium_specs(draw: st.DrawFn, clusterwide: bool) -> Raw:
    # A namespaced policy's own selector says nothing of namespaces: it is limited to that of the policy.
    some = cilium_selectors() if clusterwide else selectors()
    spec: Raw = {"endpointSelector": draw(some) if chance(draw, 50) else {}}
    for direction, peer_field in (("ingress", "from"), ("egress", "to")):
        for field, denies in ((direction, False), (f"{direction}Deny", True)):
            if chance(draw, 20 if denies else 60):
                spec[field] = draw(st.lists(cilium_rules(peer_field, denies), max_size=2))
    if not any(spec.get(f) for f in ("ingress", "egress", "ingressDeny", "egressDeny")):
        spec["ingress"] = [{}]
    if chance(draw, 20):
        spec["enableDefaultDeny"] = {draw(st.sampled_from(["ingress", "egress"])): draw(st.booleans())}
    return spec


@st.composite
def cilium_policies(draw: st.DrawFn, number: int) -> Raw:
    clusterwide = chance(draw, 30)
    metadata = {"name": f"cilium-{number}"}
    if not clusterwide:
        metadata["namespace"] = draw(st.sampled_from(NAMESPACES))
    found = draw(st.lists(cilium_specs(clusterwide), min_size=1, max_size=2))
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumClusterwideNetworkPolicy" if clusterwide else "CiliumNetworkPolicy",
        "metadata": metadata,
        **({"spec": found[0]} if len(found) == 1 else {"specs": found}),
    }
