"""The raw objects of a generated cluster, policies apart."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from benchmarks.emit import Raw
from benchmarks.shape import ENVIRONMENTS, TEAMS, App, Shape, meta_of, namespace_name, owner_of, uid_of

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
INTERNAL = "service.beta.kubernetes.io/azure-load-balancer-internal"
INGRESS_CLASS = "webapprouting.kubernetes.azure.com"
ENDPOINTS_PER_SLICE = 100  # the controller's own limit

NODE_BASE = IPv4Address("10.224.0.4")
POD_BASE = IPv4Address("100.64.0.0")  # a /24 for each node out of 100.64.0.0/10
SERVICE_BASE = IPv4Address("10.0.1.0")  # out of 10.0.0.0/13


def namespace(shape: Shape, number: int) -> Raw:
    """A namespace of one of the teams and environments in turn."""
    name = namespace_name(number)
    labels = {
        "env": ENVIRONMENTS[number % len(ENVIRONMENTS)],
        "kubernetes.io/metadata.name": name,
        "team": f"team-{number % TEAMS}",
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": meta_of(shape, "Namespace", name, labels=labels),
        "status": {"phase": "Active"},
    }


def node_name(number: int) -> str:
    return f"aks-apps-30000000-vmss{number:06d}"


def node(shape: Shape, number: int) -> Raw:
    """A node of Azure CNI Overlay with its /24 for pods."""
    name, zone = node_name(number), f"westeurope-{number % 3 + 1}"
    block = f"{POD_BASE + number * 256}/24"
    scale_set = "Microsoft.Compute/virtualMachineScaleSets/aks-apps-30000000-vmss"
    labels = {
        "kubernetes.azure.com/agentpool": "apps",
        "kubernetes.azure.com/mode": "user",
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": zone,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta_of(shape, "Node", name, labels=labels),
        "spec": {
            "podCIDR": block,
            "podCIDRs": [block],
            "providerID": f"azure:///subscriptions/{SUBSCRIPTION}/resourceGroups/mc_large"
            f"/providers/{scale_set}/virtualMachines/{number}",
        },
        "status": {
            "addresses": [
                {"address": _node_address(number), "type": "InternalIP"},
                {"address": name, "type": "Hostname"},
            ],
            "capacity": {"cpu": "16", "memory": "65842208Ki", "pods": "250"},
            "conditions": [{"status": "True", "type": "Ready"}],
        },
    }


def _node_address(number: int) -> str:
    return str(NODE_BASE + number)


def _containers(app: App) -> list[Raw]:
    ports = [
        {"containerPort": app.port, "name": app.port_name, "protocol": "TCP"},
        {"containerPort": 9102, "name": "metrics", "protocol": "TCP"},
    ]
    return [{"image": f"registry.example.com/{app.tier}:1.0.{app.index % 10}", "name": "main", "ports": ports}]


def workload(shape: Shape, app: App) -> Iterator[Raw]:
    """A Deployment, and with pods its ReplicaSet and the pods."""
    replicas = shape.pods_per_workload or 2
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": app.name}},
        "template": {"metadata": {"labels": app.labels}, "spec": {"containers": _containers(app)}},
    }
    meta = meta_of(shape, "Deployment", app.name, app.namespace, app.labels)
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
    if not shape.pods_per_workload:
        return
    revision = f"{app.index:07d}bc"
    labels = {**app.labels, "pod-template-hash": revision}
    name = f"{app.name}-{revision}"
    meta = meta_of(shape, "ReplicaSet", name, app.namespace, labels)
    meta["ownerReferences"] = owner_of(shape, "Deployment", "apps/v1", app.name, app.namespace)
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": app.name, "pod-template-hash": revision}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": _containers(app)}},
    }
    yield {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec}
    for number in range(shape.pods_per_workload):
        node, address = _place(shape, app, number)
        meta = meta_of(shape, "Pod", _pod_name(app, number), app.namespace, labels)
        meta["ownerReferences"] = owner_of(shape, "ReplicaSet", "apps/v1", name, app.namespace)
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta,
            "spec": {"containers": _containers(app), "nodeName": node_name(node)},
            "status": {
                "conditions": [{"status": "True", "type": "Ready"}],
                "hostIP": _node_address(node),
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
            },
        }


def _pod_name(app: App, number: int) -> str:
    return f"{app.name}-{app.index:07d}bc-{number:05d}"


def _place(shape: Shape, app: App, number: int) -> tuple[int, str]:
    """The node and the address of one pod: round robin, so that the nodes fill evenly."""
    turn, node = divmod(app.index * shape.pods_per_workload + number, shape.node_count)
    return node, str(POD_BASE + node * 256 + 4 + turn)


def service(shape: Shape, app: App) -> Iterator[Raw]:
    """The workload's Service, every fiftieth a load balancer, and with pods its EndpointSlices."""
    meta = meta_of(shape, "Service", app.name, app.namespace, {"app": app.name})
    address = str(SERVICE_BASE + app.index)
    spec: Raw = {
        "clusterIP": address,
        "clusterIPs": [address],
        "ports": [{"name": app.port_name, "port": 80, "protocol": "TCP", "targetPort": app.port_name}],
        "selector": {"app": app.name},
        "type": "ClusterIP",
    }
    if not shape.pods_per_workload:
        del spec["clusterIP"], spec["clusterIPs"]
    status: Raw = {"loadBalancer": {}}
    if app.index % 50 == 0:
        spec["type"] = "LoadBalancer"
        internal = app.index % 100 == 0
        if internal:
            meta["annotations"] = {INTERNAL: "true"}
        if shape.pods_per_workload:
            base = IPv4Address("10.239.0.4" if internal else "203.0.113.0")
            status["loadBalancer"]["ingress"] = [{"ip": str(base + app.index // 50 % 256)}]
    yield {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec, "status": status}
    if not shape.pods_per_workload:
        return
    endpoints = []
    for number in range(shape.pods_per_workload):
        node, address = _place(shape, app, number)
        pod = _pod_name(app, number)
        target = {"kind": "Pod", "name": pod, "namespace": app.namespace}
        target["uid"] = uid_of(shape, "Pod", f"{app.namespace}/{pod}")
        endpoints.append(
            {"addresses": [address], "conditions": {"ready": True}, "nodeName": node_name(node), "targetRef": target}
        )
    for start in range(0, len(endpoints), ENDPOINTS_PER_SLICE):
        labels = {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": app.name,
        }
        meta = meta_of(shape, "EndpointSlice", f"{app.name}-{start:05d}", app.namespace, labels)
        meta["ownerReferences"] = owner_of(shape, "Service", "v1", app.name, app.namespace)
        yield {
            "addressType": "IPv4",
            "apiVersion": "discovery.k8s.io/v1",
            "endpoints": endpoints[start : start + ENDPOINTS_PER_SLICE],
            "kind": "EndpointSlice",
            "metadata": meta,
            "ports": [{"name": app.port_name, "port": app.port, "protocol": "TCP"}],
        }


def ingress(shape: Shape, web: list[App]) -> Raw:
    """One Ingress with a host for each web workload of the namespace."""
    namespace = web[0].namespace
    rules = []
    for app in web:
        backend = {"service": {"name": app.name, "port": {"number": 80}}}
        path = {"backend": backend, "path": "/", "pathType": "Prefix"}
        rules.append({"host": f"{app.name}.{namespace}.example.com", "http": {"paths": [path]}})
    spec = {"ingressClassName": INGRESS_CLASS, "rules": rules}
    meta = meta_of(shape, "Ingress", "web", namespace)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec}


def ingress_class(shape: Shape) -> Raw:
    """The class that every generated Ingress names."""
    meta = meta_of(shape, "IngressClass", INGRESS_CLASS)
    spec = {"controller": f"{INGRESS_CLASS}/nginx"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": meta, "spec": spec}
