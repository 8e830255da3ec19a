"""Hypothesis strategies for small random clusters, as raw objects, dense enough that policies meet pods."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Raw = dict[str, Any]

NAMESPACES = ("alpha", "beta")
METADATA_NAME = "kubernetes.io/metadata.name"
KEYS = ("app", "tier")
VALUES = ("a", "b")
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_NAMES = ("web", "dns")
NODES = {"node-1": ("10.0.0.1", "fd00:9::1"), "node-2": ("10.0.0.2",)}

FAMILIES = (["10.1.0.{}"], ["fd00:1::{}"], ["10.1.0.{}", "fd00:1::{}"], ["fd00:1::{}", "10.1.0.{}"])

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
port_numbers = st.sampled_from([1, 2, 53, 80, 443, 8080, 65534, 65535])


def chance(draw: st.DrawFn, percent: int) -> bool:
    """True in about ``percent`` of a hundred draws."""
    return draw(st.integers(1, 100)) > 100 - percent


@st.composite
def selectors(draw: st.DrawFn, keys: tuple[str, ...] = KEYS) -> Raw:
    selector: Raw = {}
    values = st.sampled_from((*VALUES, *NAMESPACES) if METADATA_NAME in keys else VALUES)
    if chance(draw, 30):
        selector["matchLabels"] = draw(st.dictionaries(st.sampled_from(keys), values, max_size=1))
    if chance(draw, 50):
        operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
        expression: Raw = {"key": draw(st.sampled_from(keys)), "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = draw(st.lists(values, min_size=1, max_size=2, unique=True))
        selector["matchExpressions"] = [expression]
    return selector


BLOCKS = [
    {"cidr": "0.0.0.0/0"},
    {"cidr": "::/0"},
    {"cidr": "10.0.0.0/8"},
    {"cidr": "10.0.0.0/31", "except": ["10.0.0.1/32"]},
    {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/16", "10.128.0.0/9"]},
    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "255.255.255.255/32"]},
    {"cidr": "10.0.0.1/32"},
    {"cidr": "10.1.0.2/32"},
    {"cidr": "10.1.0.0/30", "except": ["10.1.0.1/32"]},
    {"cidr": "fd00:9::/64"},
    {"cidr": "fd00::/8", "except": ["fd00:1::/32"]},
    {"cidr": "fd00:1::2/127"},
]
"""Prefixes with and without exceptions, of both families; some cover pods and nodes."""

PROBED_ADDRESSES = (
    "0.0.0.0",
    "9.255.255.255",
    "10.0.0.0",
    "10.0.0.9",
    "10.0.255.255",
    "10.1.0.0",
    "10.1.0.9",
    "10.127.255.255",
    "10.128.0.0",
    "11.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fd00::",
    "fd00:1::",
    "fd00:1::9",
    "fd00:1:ffff:ffff:ffff:ffff:ffff:ffff",
    "fd00:2::",
    "fd00:8:ffff:ffff:ffff:ffff:ffff:ffff",
    "fd00:9::9",
    "fd00:9:0:1::",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)
"""Outside addresses on both sides of every boundary of BLOCKS; none is a pod's or a node's."""


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


@st.composite
def cilium_selectors(draw: st.DrawFn) -> Raw:
    """Endpoint selectors, some of other namespaces by name or label, some with the source of their labels."""
    selector = draw(selectors())
    source = draw(st.sampled_from(["", "k8s:", "any:"]))
    labels = {f"{source}{key}": value for key, value in selector.get("matchLabels", {}).items()}
    kind = draw(st.sampled_from(["own", "own", "name", "label"]))
    if kind == "name":
        labels["k8s:io.kubernetes.pod.namespace"] = draw(st.sampled_from(NAMESPACES))
    elif kind == "label":
        labels["io.cilium.k8s.namespace.labels.team"] = draw(st.sampled_from(VALUES))
    return {**selector, "matchLabels": labels}


@st.composite
def cilium_rules(draw: st.DrawFn, peer_field: str, denies: bool) -> Raw:
    kind = draw(st.sampled_from(["any", "empty", "Endpoints", "Endpoints", "Entities", "CIDR", "CIDRSet"]))
    rule: Raw = {}
    if kind == "Endpoints":
        rule[f"{peer_field}Endpoints"] = draw(st.lists(cilium_selectors(), max_size=2))
    elif kind == "Entities":
        # Which node is a pod's own is told only for what comes in and is allowed.
        near = [["host"], ["remote-node"]] if peer_field == "from" and not denies else []
        words = st.sampled_from([["all"], ["world"], ["world-ipv6"], ["cluster"], ["host", "remote-node"], *near])
        rule[f"{peer_field}Entities"] = draw(words)
    elif kind == "CIDR":
        rule[f"{peer_field}CIDR"] = [draw(st.sampled_from(BLOCKS))["cidr"]]
    elif kind == "CIDRSet":
        rule[f"{peer_field}CIDRSet"] = [draw(st.sampled_from(BLOCKS))]
    if kind == "any" or (kind != "empty" and draw(st.booleans())):
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
def cilium_specs(draw: st.DrawFn) -> Raw:
    spec: Raw = {"endpointSelector": draw(selectors()) if chance(draw, 50) else {}}
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
    found = draw(st.lists(cilium_specs(), min_size=1, max_size=2))
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumClusterwideNetworkPolicy" if clusterwide else "CiliumNetworkPolicy",
        "metadata": metadata,
        **({"spec": found[0]} if len(found) == 1 else {"specs": found}),
    }


@st.composite
def mixed_clusters(draw: st.DrawFn) -> list[Raw]:
    """Clusters with their Nodes, and cluster-wide and Cilium's policies beside the NetworkPolicies."""
    objects = draw(clusters())
    for name, (ipv4, *_) in NODES.items():
        objects.append(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": draw(st.fixed_dictionaries({"zone": st.sampled_from(VALUES)}))},
                "status": {"addresses": [{"type": "InternalIP", "address": ipv4}]},
            }
        )
    wide = [draw(cluster_policies(i)) for i in range(draw(st.integers(0, 3)))]
    if any(policy["kind"] == "BaselineAdminNetworkPolicy" for policy in wide):
        # It has no priority, so that it must not meet others of its tier.
        wide = [policy for policy in wide if policy["spec"].get("tier") != "Baseline"]
    objects += wide
    objects.append(
        {
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
    )
    return [*objects, *(draw(cilium_policies(i)) for i in range(draw(st.integers(0, 3))))]


@st.composite
def containers(draw: st.DrawFn, name: str) -> Raw:
    declared = draw(
        st.lists(
            st.tuples(st.sampled_from(PORT_NAMES), st.sampled_from(PROTOCOLS)),
            min_size=1,
            max_size=2,
            unique_by=lambda port: port[0],
        )
    )
    numbers = draw(st.lists(st.sampled_from([53, 80, 8080]), min_size=2, max_size=2, unique=True))
    return {
        "name": name,
        "image": "example.org/app:1",
        "ports": [
            {"name": n, "protocol": p, "containerPort": number}
            for (n, p), number in zip(declared, numbers, strict=False)
        ],
    }


@st.composite
def pods(draw: st.DrawFn, number: int) -> Raw:
    spec: Raw = {"nodeName": draw(st.sampled_from(sorted(NODES))), "containers": [draw(containers("main"))]}
    if chance(draw, 25):
        helper = draw(containers("helper"))
        if draw(st.booleans()):
            helper["restartPolicy"] = "Always"
        spec["initContainers"] = [helper]
    host_ips = NODES[spec["nodeName"]]
    pod_ips = draw(st.sampled_from(FAMILIES))
    pod_ips = [ip.format(number + 1) for ip in pod_ips]
    if chance(draw, 20):
        spec["hostNetwork"] = True
        pod_ips = list(host_ips)
    status: Raw = {
        "phase": "Running" if chance(draw, 75) else draw(st.sampled_from(["Pending", "Succeeded", "Failed"])),
        "podIP": pod_ips[0],
        "podIPs": [{"ip": ip} for ip in pod_ips],
        "hostIP": host_ips[0],
        "hostIPs": [{"ip": ip} for ip in host_ips],
    }
    if status["phase"] == "Pending" and draw(st.booleans()):
        del status["podIP"], status["podIPs"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-{number}",
            "namespace": draw(st.sampled_from(NAMESPACES)),
            "labels": draw(labels),
        },
        "spec": spec,
        "status": status,
    }


def owned(pod: Raw, name: str) -> Raw:
    """The same pod as one of a StatefulSet's."""
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": name, "controller": True}
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner]}}


@st.composite
def owned_clusters(draw: st.DrawFn) -> list[Raw]:
    """Clusters whose pods belong to two StatefulSets a namespace, host-network pods to one of their own."""
    return [
        owned(o, "host" if o["spec"].get("hostNetwork") else draw(st.sampled_from(["set-0", "set-1"])))
        if o["kind"] == "Pod"
        else o
        for o in draw(clusters())
    ]


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
