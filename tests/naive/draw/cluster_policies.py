"""Random policies of the cluster-wide kinds of Kubernetes."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive.draw.words import BLOCKS, METADATA_NAME, PORT_NAMES, PROTOCOLS, chance, port_numbers, selectors
from tests.naive.flow import Raw


@st.composite
def groups(draw: st.DrawFn) -> Raw:
    """Pods of the whole cluster, as cluster-wide policies name subjects and peers."""
    if draw(st.booleans()):
        return {"namespaces": draw(selectors(("team", METADATA_NAME)))}
    return {"pods": {"namespaceSelector": draw(selectors(("team", METADATA_NAME))), "podSelector": draw(selectors())}}


@st.composite
def cluster_peers(draw: st.DrawFn, peer_field: str) -> Raw:
    kind = draw(st.sampled_from(["pods", "nodes", "networks"])) if peer_field == "to" else "pods"
    if kind == "nodes":
        return {"nodes": draw(selectors(("zone",)))}
    if kind == "networks":
        blocks = st.sampled_from([block["cidr"] for block in BLOCKS])
        return {"networks": draw(st.lists(blocks, min_size=1, max_size=2, unique=True))}
    return draw(groups())


@st.composite
def cluster_ports(draw: st.DrawFn, old: bool, numbers_only: bool) -> Raw:
    kind = draw(st.sampled_from(["number", "range"] if numbers_only else ["number", "range", "name"]))
    if kind == "name":
        return {"namedPort" if old else "destinationNamedPort": draw(st.sampled_from(PORT_NAMES))}
    protocol = draw(st.sampled_from(PROTOCOLS))
    start, end = sorted(draw(st.lists(port_numbers, min_size=2, max_size=2, unique=True)))
    if old and kind == "number":
        return {"portNumber": {"protocol": protocol, "port": start}}
    if old:
        return {"portRange": {"protocol": protocol, "start": start, "end": end}}
    port = {"number": start} if kind == "number" else {"range": {"start": start, "end": end}}
    return {protocol.lower(): {"destinationPort": port}}


@st.composite
def cluster_rules(draw: st.DrawFn, peer_field: str, kind: str) -> Raw:
    old = kind != "ClusterNetworkPolicy"
    actions = ["Allow" if old else "Accept", "Deny"] + ["Pass"] * (kind != "BaselineAdminNetworkPolicy")
    found = draw(st.lists(cluster_peers(peer_field), min_size=1, max_size=2))
    rule: Raw = {"action": draw(st.sampled_from(actions)), peer_field: found}
    if chance(draw, 50):
        no_pods = any("nodes" in peer or "networks" in peer for peer in found)
        items = draw(st.lists(cluster_ports(old, no_pods), min_size=1, max_size=2))
        rule["ports" if old else "protocols"] = items
    return rule


@st.composite
def cluster_policies(draw: st.DrawFn, number: int) -> Raw:
    """One of the three kinds; its priority is its number, since the API leaves open what equal ones do."""
    kind = draw(st.sampled_from(["AdminNetworkPolicy", "ClusterNetworkPolicy"]))
    if number == 0 and draw(st.booleans()):
        kind = "BaselineAdminNetworkPolicy"
    spec: Raw = {"subject": draw(groups())}
    if kind != "BaselineAdminNetworkPolicy":
        spec["priority"] = 10 - number
    if kind == "ClusterNetworkPolicy":
        spec["tier"] = draw(st.sampled_from(["Admin", "Baseline"]))
    for direction, peer_field in (("ingress", "from"), ("egress", "to")):
        spec[direction] = draw(st.lists(cluster_rules(peer_field, kind), max_size=2))
    version = "v1alpha2" if kind == "ClusterNetworkPolicy" else "v1alpha1"
    name = "default" if kind == "BaselineAdminNetworkPolicy" else f"cluster-policy-{number}"
    return {
        "apiVersion": f"policy.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }
