"""Hypothesis strategies for small random clusters, as raw objects, dense enough that policies meet pods."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive.draw.calico_policies import (
    KUBERNETES_TIERS,
    SERVED,
    TIERS,
    accounts,
    calico_policies,
    network_sets,
    services,
    tiers,
)
from tests.naive.draw.cilium_policies import cilium_policies
from tests.naive.draw.cluster_policies import cluster_policies
from tests.naive.draw.host_endpoints import forwarding, host_endpoints, without_port_names
from tests.naive.draw.network_policies import policies
from tests.naive.draw.words import NAMESPACES, PROBED_ADDRESSES, PROTOCOLS, VALUES, chance
from tests.naive.draw.workloads import NODES, owned, pods
from tests.naive.flow import Raw

__all__ = [
    "PROBED_ADDRESSES",
    "PROTOCOLS",
    "calico_clusters",
    "clusters",
    "hosted_clusters",
    "mixed_clusters",
    "owned_clusters",
]

API_SERVER = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "name": "kubernetes",
        "namespace": "default",
        "labels": {"kubernetes.io/service-name": "kubernetes"},
    },
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.255.255"]}],
    "ports": [{"name": "https", "port": 443}],
}


@st.composite
def clusters(draw: st.DrawFn) -> list[Raw]:
    """Namespaces, pods and policies."""
    objects: list[Raw] = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "labels": draw(st.dictionaries(st.just("team"), st.sampled_from(VALUES), max_size=1)),
            },
        }
        for name in NAMESPACES
    ]
    objects += [draw(pods(i)) for i in range(draw(st.integers(3, 5)))]
    objects += [draw(policies(i)) for i in range(draw(st.integers(1, 4)))]
    return objects


@st.composite
def mixed_clusters(draw: st.DrawFn) -> list[Raw]:
    """Clusters with their Nodes, and cluster-wide and Cilium's policies beside the NetworkPolicies."""
    objects = [*draw(clusters()), *draw(nodes()), *draw(wide_policies()), API_SERVER]
    return [*objects, *(draw(cilium_policies(i)) for i in range(draw(st.integers(0, 3))))]


@st.composite
def calico_clusters(draw: st.DrawFn) -> list[Raw]:
    """Clusters with Calico's policies and what they refer to, and in some of them policies of all other kinds too."""
    objects = draw(clusters())
    for pod in (obj for obj in objects if obj["kind"] == "Pod"):
        # "Each named port in a pod must have a unique name"; of several, Kubernetes takes the first and Calico all.
        named = {(port["name"], port["protocol"]) for port in pod["spec"]["containers"][0]["ports"]}
        for helper in pod["spec"].get("initContainers", ()):
            helper["ports"] = [port for port in helper["ports"] if (port["name"], port["protocol"]) not in named]
        if not pod["spec"].get("hostNetwork") and draw(st.booleans()):
            # What a rule about a Service means by an endpoint on a node's network is not settled here.
            pod["metadata"]["labels"][SERVED] = "yes"
        if draw(st.booleans()):
            pod["spec"]["serviceAccountName"] = draw(st.sampled_from(["default", "robot"]))
    if chance(draw, 30):
        objects = [obj for obj in objects if obj["kind"] != "NetworkPolicy"]
    objects += [*draw(nodes()), *draw(accounts()), *draw(tiers()), API_SERVER]
    objects += draw(services([obj for obj in objects if obj["kind"] == "Pod"]))
    objects += [draw(network_sets(i)) for i in range(draw(st.integers(0, 3)))]
    wide = draw(wide_policies()) if chance(draw, 40) else []
    # No release of Calico's enforces the newer and the older kinds together, nor tells how their tiers would stand.
    newer = {policy["kind"] == "ClusterNetworkPolicy" for policy in wide}
    shared = KUBERNETES_TIERS[max(newer, default=False)] if len(newer) < 2 else ()
    objects += wide
    # Few tiers, so that several policies meet in one.
    chosen = draw(st.lists(st.sampled_from((*TIERS, *shared)), max_size=2, unique=True))
    objects += [draw(calico_policies(i, (*chosen, "default"))) for i in range(draw(st.integers(2, 5)))]
    if chance(draw, 30):
        objects += [draw(cilium_policies(i)) for i in range(draw(st.integers(1, 2)))]
    return objects


@st.composite
def hosted_clusters(draw: st.DrawFn) -> list[Raw]:
    """Clusters with Calico's policies and host endpoints on their nodes; some policies are about forwarded traffic."""
    objects = [
        draw(forwarding(without_port_names(o))) if o["kind"] == "GlobalNetworkPolicy" else o
        for o in draw(calico_clusters())
    ]
    return [*objects, *draw(host_endpoints())]


@st.composite
def nodes(draw: st.DrawFn) -> list[Raw]:
    """The Nodes that pods run on."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": draw(st.fixed_dictionaries({"zone": st.sampled_from(VALUES)}))},
            "status": {"addresses": [{"type": "InternalIP", "address": ipv4}]},
        }
        for name, (ipv4, *_) in NODES.items()
    ]


@st.composite
def wide_policies(draw: st.DrawFn) -> list[Raw]:
    """Cluster-wide policies of Kubernetes, of which no two are equals."""
    wide = [draw(cluster_policies(i)) for i in range(draw(st.integers(0, 3)))]
    if any(policy["kind"] == "BaselineAdminNetworkPolicy" for policy in wide):
        # It has no priority, so that it must not meet others of its tier.
        wide = [policy for policy in wide if policy["spec"].get("tier") != "Baseline"]
    return wide


@st.composite
def owned_clusters(draw: st.DrawFn) -> list[Raw]:
    """Clusters whose pods belong to two StatefulSets a namespace, host-network pods to one of their own."""
    return [
        owned(o, "host" if o["spec"].get("hostNetwork") else draw(st.sampled_from(["set-0", "set-1"])))
        if o["kind"] == "Pod"
        else o
        for o in draw(clusters())
    ]
