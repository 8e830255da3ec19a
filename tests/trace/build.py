"""A small cluster for traces, built from raw objects so that every fact in it is seen in the test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.trace.context import Context, Given
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import HopKind, HopVerdict, Trace
from lib.trace.walk import trace
from tests.policy.build import snapshot_of

Raw = dict[str, Any]
CLIENT = "198.51.100.7"
FRONT = "203.0.113.10"
INTERNAL = "10.224.0.200"
CLUSTER_IP = "10.0.0.80"
NODES = {"n1": "10.224.0.4", "n2": "10.224.0.5"}
NODE_PORT = 30080


def node(name: str, **labels: str) -> Raw:
    address = [{"type": "InternalIP", "address": NODES[name]}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"addresses": address},
    }


def agent(name: str) -> Raw:
    """A DaemonSet by which the data plane is known: kube-proxy or cilium."""
    spec = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "a", "image": "a"}]}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": spec,
    }


def pod(name: str, ip: str, on: str, namespace: str = "shop", ports: Iterable[Raw] = (), ready: bool = True) -> Raw:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"nodeName": on, "containers": [{"name": "main", "image": "a", "ports": list(ports)}]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": conditions},
    }


def service(name: str = "web", kind: str = "ClusterIP", **more: Any) -> Raw:
    """A Service ``web`` on port 80 to port 8080 of the pod ``web``; ``status`` is its load balancer's addresses."""
    status = more.pop("status", [])
    annotations = more.pop("annotations", {})
    port = {"port": 80, "targetPort": 8080, "protocol": "TCP"}
    if kind in ("NodePort", "LoadBalancer"):
        port["nodePort"] = NODE_PORT
    spec = {
        "type": kind,
        "selector": {"app": name},
        "ports": [port],
        "clusterIP": CLUSTER_IP,
        "clusterIPs": [CLUSTER_IP],
        **more,
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": "01234567-89ab-cdef-0123-456789abcdef",
            "annotations": annotations,
        },
        "spec": {k: v for k, v in spec.items() if v is not None},
        "status": {"loadBalancer": {"ingress": status}},
    }


def policy(name: str, namespace: str = "shop", app: str = "web", **spec: Any) -> Raw:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, **spec},
    }


def block(cidr: str) -> Raw:
    return {"ipBlock": {"cidr": cidr}}


def from_blocks(*cidrs: str) -> Raw:
    """The policy that lets only some addresses into the pod ``web``."""
    return policy("in", policyTypes=["Ingress"], ingress=[{"from": [block(c) for c in cidrs]}])


def dns() -> list[Raw]:
    """CoreDNS and its Service, as AKS has them."""
    server = pod("coredns", "10.244.1.2", "n1", "kube-system")
    server["metadata"]["labels"] = {"k8s-app": "kube-dns"}
    found = service("kube-dns", selector={"k8s-app": "kube-dns"}, clusterIP="10.0.0.10", clusterIPs=["10.0.0.10"])
    found["metadata"]["namespace"] = "kube-system"
    found["spec"]["ports"] = [
        {"name": word, "port": 53, "targetPort": 53, "protocol": protocol}
        for word, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    ]
    return [server, found]


def cluster(*more: Raw, plane: str = "kube-proxy") -> list[Raw]:
    """Two nodes; the pod web on n1 and the pod shop/client on n2; DNS; the agent of a data plane ("": none)."""
    return [
        node("n1"),
        node("n2"),
        pod("web", "10.244.1.10", "n1", ports=[{"containerPort": 8080, "name": "http"}]),
        pod("client", "10.244.2.20", "n2"),
        *dns(),
        *([agent(plane)] if plane else []),
        *more,
    ]


def walk(objects: Iterable[Raw], src: str, dst: str, engine: str = "kubernetes", **given: Any) -> Trace:
    """The trace from ``src`` to ``dst`` in a cluster of raw objects."""
    snapshot = snapshot_of(objects)
    context = Context(compile_engine(snapshot, profile(engine)), Given(**given))
    start = read_start(src, snapshot)
    return trace(context, start, read_goal(dst, snapshot, start))


def kinds(found: Trace) -> list[str]:
    return [hop.kind.value for hop in found.hops]


def verdicts(found: Trace) -> Mapping[HopKind, HopVerdict]:
    """The verdict of the last hop of each kind."""
    return {hop.kind: hop.verdict for hop in found.hops}
