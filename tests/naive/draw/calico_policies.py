"""Random policies of Calico, and what they refer to: tiers, sets of addresses, ServiceAccounts, Services."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import strategies as st

from tests.naive.draw.words import BLOCKS, KEYS, NAMESPACES, PORT_NAMES, PROTOCOLS, VALUES, chance, labels, port_numbers
from tests.naive.flow import Raw

NAMESPACE, ACCOUNT, NAME = (f"projectcalico.org/{key}" for key in ("namespace", "serviceaccount", "name"))
ACCOUNTS = ("default", "robot")
SERVICE = "backend"
SERVED = "served"
"""The label of the pods that the Services select; none of them is on its node's network."""
V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"
TIERS = ("platform", "basic")
KUBERNETES_TIERS = ("adminnetworkpolicy", "baselineadminnetworkpolicy"), ("kube-admin", "kube-baseline")
CIDRS = {
    4: [b["cidr"] for b in BLOCKS if ":" not in b["cidr"]],
    6: [b["cidr"] for b in BLOCKS if ":" in b["cidr"]],
}
_NAMES = {NAMESPACE: NAMESPACES, ACCOUNT: ACCOUNTS, NAME: (*NAMESPACES, *ACCOUNTS)}


@st.composite
def expressions(draw: st.DrawFn, keys: tuple[str, ...], *extra: str, depth: int = 1) -> str:
    """A selector; ``extra`` are further whole expressions to choose from."""
    kind = draw(st.sampled_from(["one", "one", "one", "not", "and", "or"])) if depth else "one"
    if kind == "not":
        return f"!({draw(expressions(keys, *extra, depth=0))})"
    if kind != "one":
        # Without parentheses, so that && has to bind closer than ||, and ! closer than both.
        first, second, third = (draw(expressions(keys, *extra, depth=0)) for _ in range(3))
        word, other = ("&&", "||") if kind == "and" else ("||", "&&")
        negated = "!" if draw(st.booleans()) else ""
        return f"{negated}{first} {word} {second} {other} {third}"
    if extra and chance(draw, 30):
        return draw(st.sampled_from(extra))
    key = draw(st.sampled_from(keys))
    value = draw(st.sampled_from(_NAMES.get(key, VALUES)))
    quoted = f"'{value}'" if draw(st.booleans()) else f'"{value}"'
    return draw(
        st.sampled_from(
            [
                f"{key} == {quoted}",
                f"{key} == {quoted}",
                f"{key} != {quoted}",
                f"has({key})",
                "all()",
                f"{key} in {{{quoted}, 'c'}}",
                f"{key} not in {{{quoted}}}",
                f"{key} contains '{value[1:3]}'",
                f"{key} starts with '{value[:2]}'",
                f"{key} ends with '{value[-2:]}'",
            ]
        )
    )


@st.composite
def entities(draw: st.DrawFn, namespaced: bool, family: int, service: bool) -> Raw:
    """One end of a rule, without ports; ``service``: it may be that of a Service."""
    if service and chance(draw, 10):
        return {"services": {"name": SERVICE, "namespace": draw(st.sampled_from(NAMESPACES))}}
    entity: Raw = {}
    if chance(draw, 30):
        entity["selector"] = draw(expressions((*KEYS, NAMESPACE)))
    if chance(draw, 18):
        entity["namespaceSelector"] = draw(expressions(("team", NAME), "global()", "all()"))
    if chance(draw, 10):
        entity["notSelector"] = draw(expressions(KEYS))
    for key, percent in (("nets", 14), ("notNets", 10)):
        if chance(draw, percent):
            entity[key] = draw(st.lists(st.sampled_from(CIDRS[family]), min_size=1, max_size=2, unique=True))
    if chance(draw, 10):
        accounts: Raw = {}
        if draw(st.booleans()):
            accounts["names"] = [draw(st.sampled_from(ACCOUNTS))]
        if not accounts or draw(st.booleans()):
            accounts["selector"] = draw(expressions((*KEYS, NAME)))
        entity["serviceAccounts"] = accounts
    return entity


@st.composite
def calico_ports(draw: st.DrawFn) -> int | str:
    kind = draw(st.sampled_from(["number", "range", "name"]))
    if kind == "name":
        return draw(st.sampled_from(PORT_NAMES))
    first, last = sorted(draw(st.lists(port_numbers, min_size=2, max_size=2, unique=True)))
    return first if kind == "number" else f"{first}:{last}"


@st.composite
def calico_rules(draw: st.DrawFn, direction: str, namespaced: bool) -> Raw:
    family = draw(st.sampled_from([4, 4, 6]))
    rule: Raw = {"action": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny", "Deny", "Pass", "Pass", "Log"]))}
    peer, own = ("source", "destination") if direction == "ingress" else ("destination", "source")
    if chance(draw, 75):
        rule[peer] = draw(entities(namespaced, family, True))
    if chance(draw, 15):
        rule[own] = draw(entities(namespaced, family, False))
    if chance(draw, 12):
        rule["ipVersion"] = family
    if chance(draw, 40) and "services" not in rule.get("destination", {}):
        rule["protocol"] = draw(st.sampled_from(PROTOCOLS))
        for key, percent in (("ports", 50), ("notPorts", 30)):
            if chance(draw, percent):
                found = draw(st.lists(calico_ports(), min_size=1, max_size=2, unique=True))
                rule.setdefault("destination", {})[key] = found
    elif chance(draw, 15):
        rule["notProtocol"] = draw(st.sampled_from([*PROTOCOLS, "ICMP" if family == 4 else "ICMPv6", 17]))
    elif chance(draw, 10):
        rule |= {"protocol": "ICMP" if family == 4 else "ICMPv6", "icmp": {"type": 8}}
    return rule


@st.composite
def calico_policies(draw: st.DrawFn, number: int, tiers: tuple[str, ...]) -> Raw:
    """A policy of one of the two kinds, or rarely a staged one."""
    namespaced = draw(st.booleans())
    tier = draw(st.sampled_from(tiers))
    spec: Raw = {} if tier == "default" and draw(st.booleans()) else {"tier": tier}
    order = draw(st.sampled_from([None, 10, 20.5, 999, 1000, 1001]))
    if order is not None:
        spec["order"] = order
    if chance(draw, 35):
        spec["selector"] = draw(expressions(KEYS))
    if not namespaced and chance(draw, 25):
        spec["namespaceSelector"] = draw(expressions(("team", NAME)))
    if chance(draw, 12):
        spec["serviceAccountSelector"] = draw(expressions((*KEYS, NAME)))
    if chance(draw, 60):
        spec["types"] = draw(st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]))
    for direction in ("ingress", "egress"):
        if chance(draw, 70):
            least = int(chance(draw, 85))
            spec[direction] = draw(st.lists(calico_rules(direction, namespaced), min_size=least, max_size=3))
    kind = "NetworkPolicy" if namespaced else "GlobalNetworkPolicy"
    # The first letter is drawn, so that names don't come in the order of the numbers.
    name = f"{draw(st.sampled_from('az'))}-{number}"
    metadata: Raw = {"name": name if tier == "default" else f"{tier}.{name}"}
    if namespaced:
        metadata["namespace"] = draw(st.sampled_from(NAMESPACES))
    staged = chance(draw, 6)
    version = draw(st.sampled_from([V3, V3, STORED]))
    return {"apiVersion": version, "kind": "Staged" * staged + kind, "metadata": metadata, "spec": spec}


@st.composite
def tiers(draw: st.DrawFn) -> list[Raw]:
    """Two tiers, before and behind those of Kubernetes or equal to one, or without an order."""
    orders = {"platform": [100, 1_000, 2_000], "basic": [None, 1_000, 5_000_000, 10_000_000, 20_000_000]}
    found = []
    for name, choices in orders.items():
        spec: Raw = {}
        order = draw(st.sampled_from(choices))
        if order is not None:
            spec["order"] = order
        if draw(st.booleans()):
            spec["defaultAction"] = draw(st.sampled_from(["Deny", "Pass"]))
        found.append({"apiVersion": V3, "kind": "Tier", "metadata": {"name": name}, "spec": spec})
    return found


@st.composite
def network_sets(draw: st.DrawFn, number: int) -> Raw:
    metadata: Raw = {"name": f"set-{number}", "labels": draw(labels)}
    namespaced = draw(st.booleans())
    if namespaced:
        metadata["namespace"] = draw(st.sampled_from(NAMESPACES))
    nets = draw(st.lists(st.sampled_from(CIDRS[4] + CIDRS[6]), min_size=1, max_size=3, unique=True))
    kind = "NetworkSet" if namespaced else "GlobalNetworkSet"
    return {"apiVersion": V3, "kind": kind, "metadata": metadata, "spec": {"nets": nets}}


@st.composite
def accounts(draw: st.DrawFn) -> list[Raw]:
    """The ServiceAccounts that pods may run under, in every namespace."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace, "labels": draw(labels)},
        }
        for namespace in NAMESPACES
        for name in ACCOUNTS
    ]


@st.composite
def services(draw: st.DrawFn, pods: list[Raw]) -> list[Raw]:
    """A Service in each namespace, with the EndpointSlices that the control plane would write."""
    found: list[Raw] = []
    for namespace in NAMESPACES:
        selector = {SERVED: "yes"}
        port = {"name": "main", "port": 443, "protocol": draw(st.sampled_from(PROTOCOLS))}
        port["targetPort"] = draw(st.sampled_from([80, 8080, *PORT_NAMES]))
        metadata = {"name": SERVICE, "namespace": namespace}
        spec = {"selector": selector, "ports": [port]}
        found.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
        chosen = [
            pod
            for pod in pods
            if pod["metadata"]["namespace"] == namespace and selector.items() <= pod["metadata"]["labels"].items()
        ]
        alive = (pod for pod in chosen if pod["status"]["phase"] in ("Running", "Pending"))
        slices = [part for pod in alive for part in _slices(pod, port)]
        if draw(st.booleans()):
            # Manifests that somebody has cleaned lack the label, and say the same.
            for part in slices:
                del part["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"]
        found += slices
    return found


def _slices(pod: Raw, port: Raw) -> list[Raw]:
    """A pod's own EndpointSlices, one a family; a name is the number of its first container that has it."""
    number = port["targetPort"]
    if isinstance(number, str):
        sidecars = [c for c in pod["spec"].get("initContainers", []) if c.get("restartPolicy") == "Always"]
        declared = [p for c in (*pod["spec"]["containers"], *sidecars) for p in c["ports"]]
        numbers = [p["containerPort"] for p in declared if (p["name"], p["protocol"]) == (number, port["protocol"])]
    else:
        numbers = [number]
    return [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{pod['metadata']['name']}-{ip_address(entry['ip']).version}",
                "namespace": pod["metadata"]["namespace"],
                "labels": {
                    "kubernetes.io/service-name": SERVICE,
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                },
            },
            "addressType": f"IPv{ip_address(entry['ip']).version}",
            "endpoints": [{"addresses": [entry["ip"]]}],
            "ports": [{"name": "main", "port": n, "protocol": port["protocol"]} for n in numbers[:1]],
        }
        for entry in pod["status"].get("podIPs", [])
    ]
