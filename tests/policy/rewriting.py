"""Rewritings of raw objects that do not change what they mean, or change names only."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from random import Random
from typing import Any

Raw = dict[str, Any]

UNORDERED = ("podSelector", "podSelectors", "matchExpressions", "from", "to", "ports", "protocols", "networks", "nets")
UNORDERED += ("notNets", "notPorts", "types", "policyTypes", "values", "names", "except", "toPorts", "specs")
PEER_LISTS = ("from", "to", "networks", "nets", "ports", "protocols")
KUBERNETES, WIDE, CILIUM = "networking.k8s.io", "policy.networking.k8s.io", "cilium.io"
CALICO = ("projectcalico.org", "crd.projectcalico.org")
_SELECTORS = ("selector", "notSelector", "namespaceSelector", "serviceAccountSelector")


def group_of(obj: Raw) -> str:
    """The API group of an object."""
    return str(obj["apiVersion"].rpartition("/")[0])


def walk(value: Any) -> Iterator[Raw]:
    """Every mapping inside a value, the value itself first."""
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def rules_of(obj: Raw) -> Iterator[tuple[Raw, str]]:
    """Every list of rules of a policy, as the mapping that holds it and its key."""
    for spec in (obj.get("spec"), *obj.get("specs", ())):
        if spec and obj["kind"].endswith("NetworkPolicy"):
            yield from ((spec, key) for key in ("ingress", "egress", "ingressDeny", "egressDeny") if spec.get(key))


# --- names -----------------------------------------------------------------------------------------------------------

# Calico can ask what a name begins with, contains and ends with; the new names answer as the old ones do.
NAMESPACES = {"alpha": "al-lp-ha", "beta": "be-et-ta"}
KEYS = {"app": "example.org/app", "tier": "layer", "team": "squad", "zone": "example.org/zone"}
VALUES = {"a": "a-a", "b": "b-b"}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[A-Za-z0-9_./-]+")


def renamed(objects: list[Raw]) -> list[Raw]:
    """Namespaces, pods, policies and labels under other names, consistently.

    Calico asks policies and tiers of equal order by their names, so that these keep their alphabetical order.
    """
    found = copy.deepcopy(objects)
    for obj in found:
        meta = obj["metadata"]
        if "namespace" in meta:
            meta["namespace"] = NAMESPACES.get(meta["namespace"], meta["namespace"])
        if obj["kind"] == "Namespace":
            meta["name"] = NAMESPACES[meta["name"]]
        elif obj["kind"] == "Pod":
            meta["name"] = pod_name(meta["name"])
        elif group_of(obj) in (KUBERNETES, WIDE, CILIUM) and meta["name"] != "default":
            meta["name"] = f"p{9 - int(meta['name'][-1])}"
        elif group_of(obj) in CALICO:
            meta["name"] = f"{meta['name']}-x"
        if group_of(obj) in CALICO and obj["spec"].get("tier") in ("platform", "basic"):
            obj["spec"]["tier"] += "-x"
        if "labels" in meta and obj["kind"] != "EndpointSlice":
            meta["labels"] = _renamed_labels(meta["labels"])
        for part in walk(obj.get("spec", obj.get("specs"))):
            _rename_selectors(part)
    return found


def pod_name(name: str) -> str:
    """The new name of a pod."""
    return f"z{9 - int(name[-1])}-{name}"


def _rename_selectors(part: Raw) -> None:
    if "matchLabels" in part:
        part["matchLabels"] = _renamed_labels(part["matchLabels"])
    for expression in part.get("matchExpressions", ()):
        expression["key"] = _renamed_key(expression["key"])
        expression["values"] = [_renamed_value(v) for v in expression.get("values", ())]
        if not expression["values"]:
            del expression["values"]
    for key in _SELECTORS:
        if isinstance(part.get(key), str):
            part[key] = _renamed_text(part[key])
        elif key == "selector" and isinstance(part.get(key), dict) and "targetPort" in str(part):
            part[key] = _renamed_labels(part[key])
    if isinstance(part.get("services"), dict):
        service = part["services"]
        service["namespace"] = NAMESPACES[service["namespace"]]


def _renamed_labels(labels: dict[str, str]) -> dict[str, str]:
    return {_renamed_key(key): _renamed_value(value) for key, value in labels.items()}


def _renamed_key(key: str) -> str:
    for prefix in ("k8s:", "any:", "io.cilium.k8s.namespace.labels."):
        if key.startswith(prefix):
            return prefix + _renamed_key(key.removeprefix(prefix))
    return KEYS.get(key, key)


def _renamed_value(value: str) -> str:
    return VALUES.get(value, NAMESPACES.get(value, value))


def _renamed_text(text: str) -> str:
    """A selector of Calico's, its quoted values and its keys each renamed."""
    parts, start = [], 0
    for quoted in _QUOTED.finditer(text):
        parts += [_renamed_words(text[start : quoted.start()]), f"'{_renamed_value(quoted.group()[1:-1])}'"]
        start = quoted.end()
    return "".join((*parts, _renamed_words(text[start:])))


def _renamed_words(text: str) -> str:
    return _WORD.sub(lambda word: KEYS.get(word.group(), word.group()), text)


def old_names(text: str) -> str:
    """A row's end or reason with the names that were there before."""
    for old, new in NAMESPACES.items():
        text = text.replace(new, old)
    return without_policies(re.sub(r"z\d-(pod-\d)", r"\1", text).replace("-hep-x[", "-hep["))


def without_policies(reason: str) -> str:
    """A reason without the names of the policies of equal precedence that it tells of."""
    return re.sub(r"which of \S+ and \S+, of equal precedence", "which of two, of equal precedence", reason)


# --- order -----------------------------------------------------------------------------------------------------------


def shuffled(objects: list[Raw], random: Random) -> list[Raw]:
    """The same documents in another order."""
    found = list(objects)
    random.shuffle(found)
    return found


def reordered(objects: list[Raw], random: Random) -> list[Raw]:
    """Lists without an order in another one: everything but the rules of kinds that ask them in their order."""
    found = copy.deepcopy(objects)
    for obj in found:
        if not obj["kind"].endswith("NetworkPolicy"):
            continue
        for part in walk({"spec": obj.get("spec"), "specs": obj.get("specs")}):
            for key, value in part.items():
                if isinstance(value, list) and (key in UNORDERED or key.startswith(("from", "to"))):
                    random.shuffle(value)
        if group_of(obj) in (KUBERNETES, CILIUM):
            for holder, key in rules_of(obj):
                random.shuffle(holder[key])
    return found


# --- splitting -------------------------------------------------------------------------------------------------------


def split_rules(objects: list[Raw]) -> list[Raw]:
    """Every rule that names several peers, nets or ports as one rule for each, one behind the other."""
    found = copy.deepcopy(objects)
    for obj in found:
        for holder, key in rules_of(obj):
            holder[key] = [part for rule in holder[key] for part in _parts(rule)]
    return found


def _parts(rule: Raw) -> list[Raw]:
    for holder, key in _lists(rule):
        if len(holder[key]) > 1:
            first, rest = copy.deepcopy(rule), copy.deepcopy(rule)
            for half, kept in ((first, slice(0, 1)), (rest, slice(1, None))):
                for inner, name in _lists(half):
                    if name == key and inner[name] == holder[key]:
                        inner[name] = inner[name][kept]
                        break
            return _parts(first) + _parts(rest)
    return [rule]


def _lists(rule: Raw) -> list[tuple[Raw, str]]:
    """The lists of a rule any element of which is enough."""
    ends = [rule, *(rule[end] for end in ("source", "destination") if end in rule), *rule.get("toPorts", ())]
    wanted = (*PEER_LISTS, "fromEndpoints", "toEndpoints", "fromCIDR", "toCIDR", "fromEntities", "toEntities")
    return [(holder, key) for holder in ends for key in wanted if isinstance(holder.get(key), list)]


def halved_blocks(objects: list[Raw]) -> list[Raw]:
    """Every block of addresses as its two halves."""
    found = copy.deepcopy(objects)
    for obj in found:
        for part in walk({"spec": obj.get("spec"), "specs": obj.get("specs")}):
            for key, value in part.items():
                if key in ("nets", "notNets", "networks", "fromCIDR", "toCIDR"):
                    # The half of one may be another: cluster-wide policies are refused where one stands twice.
                    part[key] = list(dict.fromkeys(half for block in value for half in _halves(block)))
                elif key in ("fromCIDRSet", "toCIDRSet"):
                    part[key] = [half for block in value for half in _halved(block)]
                elif key in ("from", "to") and isinstance(value, list):
                    part[key] = [half for peer in value for half in _halved_peer(peer)]
    return found


def _halves(block: str) -> list[str]:
    network = ip_network(block, strict=False)
    return [block] if network.prefixlen == network.max_prefixlen else list(map(str, network.subnets()))


def _halved(block: Raw) -> list[Raw]:
    found = []
    for half in _halves(block["cidr"]):
        whole = ip_network(half, strict=False)
        exceptions = [e for e in block.get("except", ()) if ip_network(e).overlaps(whole)]
        if not any(whole.subnet_of(ip_network(e)) for e in exceptions):  # type: ignore[arg-type]
            found.append({"cidr": half, **({"except": exceptions} if exceptions else {})})
    return found


def _halved_peer(peer: Raw) -> list[Raw]:
    return [{"ipBlock": half} for half in _halved(peer["ipBlock"])] if "ipBlock" in peer else [peer]


def halved_ranges(objects: list[Raw]) -> list[Raw]:
    """Every range of ports as two."""
    found = copy.deepcopy(objects)
    for obj in found:
        if obj["kind"].endswith("NetworkPolicy"):
            for part in walk({"spec": obj.get("spec"), "specs": obj.get("specs")}):
                for key in ("ports", "notPorts", "protocols"):
                    if isinstance(part.get(key), list):
                        part[key] = [half for item in part[key] for half in _halved_range(item)]
    return found


def _halved_range(item: Any) -> list[Any]:
    if isinstance(item, str) and ":" in item:
        first, last = map(int, item.split(":"))
        return [_words(*span) for span in _spans(first, last)]
    if not isinstance(item, dict):
        return [item]
    if "endPort" in item:
        text = isinstance(item["port"], str)
        spans = _spans(int(item["port"]), item["endPort"])
        return [{**item, "port": str(a) if text else a, "endPort": b} for a, b in spans]
    if "portRange" in item:
        old = item["portRange"]
        return [_old_range(old["protocol"], a, b) for a, b in _spans(old["start"], old["end"])]
    for protocol, means in item.items():
        if isinstance(means, dict) and "range" in means.get("destinationPort", {}):
            span = means["destinationPort"]["range"]
            return [{protocol: {"destinationPort": _new_range(a, b)}} for a, b in _spans(span["start"], span["end"])]
    return [item]


def _spans(first: int, last: int) -> list[tuple[int, int]]:
    middle = (first + last) // 2
    return [(first, last)] if first == last else [(first, middle), (middle + 1, last)]


def _words(first: int, last: int) -> int | str:
    return first if first == last else f"{first}:{last}"


def _old_range(protocol: str, first: int, last: int) -> Raw:
    if first == last:
        return {"portNumber": {"protocol": protocol, "port": first}}
    return {"portRange": {"protocol": protocol, "start": first, "end": last}}


def _new_range(first: int, last: int) -> Raw:
    return {"number": first} if first == last else {"range": {"start": first, "end": last}}


# --- replicas and policies -------------------------------------------------------------------------------------------


def as_sets(objects: list[Raw], replicas: Callable[[str], int]) -> list[Raw]:
    """Every pod as a StatefulSet of its name with as many like it on the same node, each with an address of its own."""
    found: list[Raw] = []
    for obj in objects:
        if obj["kind"] != "Pod":
            found.append(obj)
            continue
        name = obj["metadata"]["name"]
        owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": name, "controller": True}
        for number in range(replicas(name)):
            pod = copy.deepcopy(obj)
            pod["metadata"] |= {"name": f"{name}-{number}", "ownerReferences": [owner]}
            if not pod["spec"].get("hostNetwork"):
                _move(pod["status"], 100 * number)
            found.append(pod)
    return found


def _move(status: Raw, by: int) -> None:
    """Addresses further on in the same networks."""
    for entry in status.get("podIPs", ()):
        head, mark, last = entry["ip"].rpartition(":" if ":" in entry["ip"] else ".")
        entry["ip"] = f"{head}{mark}{int(last) + by}"
    if "podIP" in status:
        status["podIP"] = status["podIPs"][0]["ip"]


UNRELATED = (
    "NetworkPolicy",
    "NetworkPolicy elsewhere",
    "AdminNetworkPolicy",
    "ClusterNetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "NetworkPolicy of Calico",
    "BaselineAdminNetworkPolicy",
    "StagedGlobalNetworkPolicy",
    "StagedNetworkPolicy",
    "StagedKubernetesNetworkPolicy",
    "Tier",
    "GlobalNetworkSet",
    "HostEndpoint",
    "CiliumCIDRGroup",
    "CiliumLocalRedirectPolicy",
)


def unrelated(kind: str) -> Raw:
    """An object that changes nothing.

    A policy that selects no pod, since none has its label or none is in its namespace, or is not enforced, and would
    close everything; or what policies could refer to, and none does.
    """
    nobody = {"matchLabels": {"app": "nobody"}}
    subject = {"pods": {"namespaceSelector": {}, "podSelector": nobody}}
    rules = {"ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]}
    specs: dict[str, tuple[str, Raw, str]] = {
        "NetworkPolicy": ("networking.k8s.io/v1", {"podSelector": nobody}, "alpha"),
        "NetworkPolicy elsewhere": ("networking.k8s.io/v1", {"podSelector": {}, "policyTypes": ["Egress"]}, "nowhere"),
        "AdminNetworkPolicy": ("policy.networking.k8s.io/v1alpha1", {"priority": 1, "subject": subject, **rules}, ""),
        "ClusterNetworkPolicy": (
            "policy.networking.k8s.io/v1alpha2",
            {"tier": "Baseline", "priority": 1, "subject": subject, **rules},
            "",
        ),
        "CiliumNetworkPolicy": ("cilium.io/v2", {"endpointSelector": nobody, "ingress": [{}]}, "beta"),
        "CiliumClusterwideNetworkPolicy": ("cilium.io/v2", {"endpointSelector": nobody, "egressDeny": [{}]}, ""),
        "GlobalNetworkPolicy": ("projectcalico.org/v3", {"selector": "app == 'nobody'", "order": 1}, ""),
        "NetworkPolicy of Calico": ("projectcalico.org/v3", {"types": ["Ingress", "Egress"]}, "nowhere"),
        "BaselineAdminNetworkPolicy": ("policy.networking.k8s.io/v1alpha1", {"subject": subject, **rules}, ""),
        # Staged ones select everybody: they are not enforced.
        "StagedGlobalNetworkPolicy": ("projectcalico.org/v3", {"types": ["Ingress", "Egress"]}, ""),
        "StagedNetworkPolicy": ("projectcalico.org/v3", {"types": ["Ingress", "Egress"]}, "alpha"),
        "StagedKubernetesNetworkPolicy": ("projectcalico.org/v3", {"podSelector": {}}, "alpha"),
        "Tier": ("projectcalico.org/v3", {"order": 1}, ""),
        "GlobalNetworkSet": ("projectcalico.org/v3", {"nets": []}, ""),
        "HostEndpoint": ("projectcalico.org/v3", {"node": "nowhere", "interfaceName": "*"}, ""),
        "CiliumCIDRGroup": ("cilium.io/v2alpha1", {"externalCIDRs": ["192.0.2.0/24"]}, ""),
        "CiliumLocalRedirectPolicy": (
            "cilium.io/v2",
            {
                "redirectFrontend": {
                    "addressMatcher": {"ip": "192.0.2.1", "toPorts": [{"port": "80", "protocol": "TCP"}]}
                },
                "redirectBackend": {"localEndpointSelector": nobody, "toPorts": [{"port": "80", "protocol": "TCP"}]},
            },
            "alpha",
        ),
    }
    version, spec, namespace = specs[kind]
    metadata = {
        "name": "default" if kind == "BaselineAdminNetworkPolicy" else "unrelated",
        **({"namespace": namespace} if namespace else {}),
    }
    return {"apiVersion": version, "kind": kind.split()[0], "metadata": metadata, "spec": spec}
