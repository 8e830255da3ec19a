"""Domain names in raw policies: random ones, and the same policies with the addresses in their place.

"The IPs that result from DNS resolution of `ToFQDN.MatchName`s are added to the same EgressRule object as ToCIDRSet
entries, and behave accordingly" (pkg/policy/api/egress.go of cilium/cilium); naming pods by domain name "is analogous
to selecting the Pod by its IP address using the Network selector" (NPEP-133 of kubernetes-sigs/network-policy-api).
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Raw = dict[str, Any]
Table = dict[str, list[str]]

NAMES = (
    "a.example.org",
    "b.example.org",
    "ab.example.org",
    "x.a.example.org",
    "y.b.example.org",
    "example.org",
    "a.b.net",
)
BLOCKS = ("10.0.0.0/8", "10.1.0.0/24", "10.1.0.0/16", "10.0.0.1", "203.0.113.9", "0.0.0.0/0", "fd00:1::/64", "::/0")
WILD = ("*", "*.example.org", "*a*.example.org", "a*.example.org", "*.*.example.org", "**.b.net", "*example.org")
OF_CILIUM = (*NAMES, "A.Example.org.", *WILD)
OF_CLUSTER = (*NAMES, "B.EXAMPLE.ORG", "*.example.org", "*.b.example.org")
ASKING: Raw = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumClusterwideNetworkPolicy",
    "metadata": {"name": "asking"},
    "spec": {
        # It lets every pod ask for every name, and neither closes nor opens anything else.
        "endpointSelector": {},
        "enableDefaultDeny": {"egress": False, "ingress": False},
        "egress": [
            {
                "toEndpoints": [{"matchLabels": {"nobody": "has-this"}}],
                "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [{"matchPattern": "*"}]}}],
            }
        ],
    },
}

tables = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=2, unique=True), min_size=2
)
cilium_names = st.lists(
    st.sampled_from(OF_CILIUM).map(lambda name: {"matchPattern" if "*" in name else "matchName": name}),
    min_size=1,
    max_size=2,
)
cluster_names = st.lists(st.sampled_from(OF_CLUSTER), min_size=1, max_size=2, unique=True)


@st.composite
def with_names(draw: st.DrawFn, objects: list[Raw]) -> list[Raw]:
    """The objects with names in rules that allow addresses outside, policies of names beside them, and DNS read."""
    found = deepcopy(objects)
    for obj in found:
        for rule in _rules(obj, "ingress", "ingressDeny"):
            if rule.get("fromEntities") == ["cluster"]:
                # What the API server sends may come from nodes, so that of its own address nobody knows.
                rule["fromEntities"] = ["all"]
        for rule in _rules(obj, "egressDeny") if obj["kind"].startswith("Cilium") else ():
            # DNS denied leaves open what is learnt, which the naive evaluator does not know of.
            rule["toPorts"] = [{"ports": [{"port": "80", "protocol": "TCP"}]}]
            rule.pop("icmps", None)
        for rule in _egress(obj):
            if "toCIDR" in rule:
                del rule["toCIDR"]
                rule["toFQDNs"] = draw(cilium_names)
            for peer in rule.get("to") or []:
                if "networks" in peer and rule["action"] in ("Accept", "Allow"):
                    del peer["networks"]
                    peer["domainNames"] = draw(cluster_names)
    if draw(st.booleans()):
        found.append(_of("cilium.io/v2", "CiliumClusterwideNetworkPolicy"))
        found[-1]["spec"] = {"endpointSelector": {}, "egress": [{"toFQDNs": draw(cilium_names)}]}
    else:
        found.append(_of("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"))
        found[-1]["spec"] = {
            "tier": "Admin",
            "priority": 500,
            "subject": {"namespaces": {}},
            "egress": [
                {"action": "Accept", "to": [{"domainNames": draw(cluster_names)}]},
                {"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]},
            ],
        }
    return [*found, ASKING]


def _of(api_version: str, kind: str) -> Raw:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "names"}}


def resolved(objects: list[Raw], table: Table) -> list[Raw]:
    """The objects with all addresses of names in the place of the names."""
    found = deepcopy(objects)
    for obj in found:
        for rule in _egress(obj):
            if "toFQDNs" in rule:
                wanted = [_of_cilium(item) for item in rule.pop("toFQDNs")]
                rule["toCIDR"] = _addresses(wanted, table)
            for peer in rule.get("to") or []:
                if "domainNames" in peer:
                    peer["networks"] = _addresses([_of_cluster(name) for name in peer.pop("domainNames")], table)
    return found


def _egress(obj: Raw) -> list[Raw]:
    return _rules(obj, "egress")


def _rules(obj: Raw, *fields: str) -> list[Raw]:
    """The rules of a policy of Cilium's or a cluster-wide one."""
    if not obj["kind"].endswith("NetworkPolicy") or obj["kind"] == "NetworkPolicy":
        return []
    specs = [obj["spec"]] if "spec" in obj else obj["specs"]
    return [rule for spec in specs for field in fields for rule in spec.get(field) or []]


def _addresses(wanted: list[re.Pattern[str]], table: Table) -> list[str]:
    found = [a for name, addresses in table.items() for a in addresses if any(w.fullmatch(name) for w in wanted)]
    return [a if "/" in a else f"{a}/32" for a in dict.fromkeys(found)]


def _of_cilium(item: Raw) -> re.Pattern[str]:
    """ "`*` within a domain allows 0 or more valid DNS characters, except for the `.` separator"; "`*` alone matches
    all names".
    """
    text = (item.get("matchName") or item["matchPattern"]).lower().rstrip(".")
    return re.compile(".*" if text == "*" else re.escape(text).replace(r"\*", "[-a-z0-9_]*"))


def _of_cluster(name: str) -> re.Pattern[str]:
    """ "'*', the wildcard specifier, matches one or more entire labels. … '*' may only be specified as a prefix." """
    return re.compile(re.escape(name.lower().rstrip(".")).replace(r"\*", r"[^.]+(\.[^.]+)*"))
