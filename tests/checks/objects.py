"""Raw Kubernetes objects in few words, and a cluster of them read as NetAtlas reads any input."""

import json
from typing import Any

from lib.loaders.assemble import assemble
from lib.loaders.inputs import InputFile
from lib.loaders.manifests import read_inputs
from lib.model.problem import Severity
from lib.model.snapshot import Snapshot

Raw = dict[str, Any]


def cluster(*objects: Raw, complete: bool = True) -> Snapshot:
    """The snapshot of objects that are all valid; ``complete``: nothing else is in the cluster."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    loaded = assemble(read_inputs([InputFile("case.json", text.encode())]), title="case", assume_complete=complete)
    assert not [p for p in loaded.problems if p.severity is Severity.ERROR], loaded.problems
    return loaded.snapshot


def obj(kind: str, name: str, spec: Raw | None = None, api: str = "v1", ns: str | None = "shop", **more: Any) -> Raw:
    meta: Raw = {"name": name, **({"namespace": ns} if ns else {}), **more.pop("meta", {})}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **({"spec": spec} if spec is not None else {}), **more}


def namespace(name: str, **labels: str) -> Raw:
    return obj("Namespace", name, ns=None, meta={"labels": labels})


def node(name: str, **labels: str) -> Raw:
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    return obj("Node", name, ns=None, meta={"labels": labels}, status=status)


def pod(
    name: str,
    app: str = "",
    ports: list[Raw] | None = None,
    ready: bool = True,
    phase: str = "Running",
    ip: str = "10.244.0.9",
    node_name: str = "node-1",
    ns: str = "shop",
) -> Raw:
    spec = {"nodeName": node_name, "containers": [{"name": "main", "image": "example/main:1", "ports": ports or []}]}
    status = {
        "phase": phase,
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    return obj("Pod", name, spec, ns=ns, meta={"labels": {"app": app or name}}, status=status)


def port(number: int, name: str = "", **more: Any) -> Raw:
    return {"containerPort": number, **({"name": name} if name else {}), **more}


def service(name: str, *ports: Raw, selector: Raw | None = None, ns: str = "shop", **spec: Any) -> Raw:
    meta = {"annotations": spec.pop("annotations")} if "annotations" in spec else {}
    status = spec.pop("status", {})
    chosen = {"app": name} if selector is None else selector
    body = {"ports": list(ports or (sport(80),)), **({"selector": chosen} if chosen else {}), **spec}
    return obj("Service", name, body, ns=ns, meta=meta, status=status)


def sport(number: int, target: int | str | None = None, **more: Any) -> Raw:
    return {"name": f"p{number}", "port": number, **({} if target is None else {"targetPort": target}), **more}


def balanced(*addresses: str) -> Raw:
    return {"loadBalancer": {"ingress": [{"ip": a} for a in addresses]}}


def endpoint_slice(service_name: str, *endpoints: Raw, ns: str = "shop") -> Raw:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service_name}-x",
            "namespace": ns,
            "labels": {"kubernetes.io/service-name": service_name},
        },
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": [{"name": "p80", "port": 80, "protocol": "TCP"}],
    }


def endpoint(address: str, pod_name: str = "", ready: bool = True, node_name: str = "node-1") -> Raw:
    target = {"targetRef": {"kind": "Pod", "name": pod_name, "namespace": "shop"}} if pod_name else {}
    return {"addresses": [address], "conditions": {"ready": ready}, "nodeName": node_name, **target}


def web(name: str = "web", **more: Any) -> list[Raw]:
    """A Service with one ready pod behind it, as a cluster has them."""
    return [pod(f"{name}-1", name), service(name, **more), endpoint_slice(name, endpoint("10.244.0.9", f"{name}-1"))]


def ingress_class(name: str, controller: str = "example.com/controller", default: bool = False) -> Raw:
    meta = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}} if default else {}
    return obj("IngressClass", name, {"controller": controller}, "networking.k8s.io/v1", None, meta=meta)


CLASS = ingress_class("front")


def ingress(name: str, *paths: Raw, host: str = "shop.example.com", cls: str | None = "front", **more: Any) -> Raw:
    spec: Raw = {"rules": [{"host": host, "http": {"paths": list(paths)}}], **more.pop("spec", {})}
    if cls is not None:
        spec["ingressClassName"] = cls
    return obj("Ingress", name, spec, "networking.k8s.io/v1", **more)


def path(text: str, to: str, number: int = 80, type: str = "Prefix") -> Raw:
    return {"path": text, "pathType": type, "backend": {"service": {"name": to, "port": {"number": number}}}}


def secret(name: str, *keys: str) -> Raw:
    return obj("Secret", name, type="kubernetes.io/tls", data={key: "" for key in keys})


GATEWAY_API = "gateway.networking.k8s.io/v1"


def gateway_class(name: str = "gw-class", accepted: bool = True) -> Raw:
    conditions = [{"type": "Accepted", "status": "True" if accepted else "False"}]
    spec = {"controllerName": "example.com/gateway"}
    return obj("GatewayClass", name, spec, GATEWAY_API, None, status={"conditions": conditions})


def gateway(*listeners: Raw, cls: str = "gw-class") -> Raw:
    found = list(listeners or (listener(),))
    return obj("Gateway", "gw", {"gatewayClassName": cls, "listeners": found}, GATEWAY_API)


def listener(**more: Any) -> Raw:
    return {"name": "web", "port": 80, "protocol": "HTTP", **more}


def route(*rules: Raw, ns: str = "shop", parent: Raw | None = None, **spec: Any) -> Raw:
    parents = [{"name": "gw", "namespace": "shop"} if parent is None else parent]
    return obj("HTTPRoute", "route", {"parentRefs": parents, "rules": list(rules), **spec}, GATEWAY_API, ns)


def to(name: str, **more: Any) -> Raw:
    return {"backendRefs": [{"name": name, "port": 80, **more}]}


def policy(name: str, app: str = "", ns: str = "shop", **spec: Any) -> Raw:
    selector = {"matchLabels": {"app": app}} if app else {}
    return obj("NetworkPolicy", name, {"podSelector": selector, **spec}, "networking.k8s.io/v1", ns)
