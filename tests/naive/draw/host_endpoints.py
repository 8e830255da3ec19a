"""Random host endpoints of Calico's, at most one a node."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.naive.draw.words import chance, labels
from tests.naive.draw.workloads import NODES
from tests.naive.flow import Raw


@st.composite
def host_endpoints(draw: st.DrawFn) -> list[Raw]:
    """Of all interfaces or of one; rules know them by all addresses of their node, or by none."""
    return [
        {
            "apiVersion": "projectcalico.org/v3",
            "kind": "HostEndpoint",
            "metadata": {"name": f"{node}-hep", "labels": draw(labels)},
            "spec": {
                "node": node,
                "interfaceName": draw(st.sampled_from(["*", "*", "eth0"])),
                "expectedIPs": draw(st.sampled_from([list(addresses), []])),
                "profiles": draw(st.sampled_from([[], ["projectcalico-default-allow"]])),
            },
        }
        for node, addresses in NODES.items()
        if chance(draw, 75)
    ]


@st.composite
def forwarding(draw: st.DrawFn, policy: Raw) -> Raw:
    """The policy, or one of the same rules that is about forwarded traffic as well.

    Some are asked before DNAT or without tracking; there a rule that passes would leave open what it skips.
    """
    kind = draw(st.sampled_from(["local", "local", "forward", "forward", "preDNAT", "doNotTrack"]))
    spec = dict(policy["spec"])
    if kind == "local":
        return policy
    spec["applyOnForward"] = True
    if kind == "preDNAT":
        spec["types"] = ["Ingress"]
        spec.pop("egress", None)
    if kind in ("preDNAT", "doNotTrack"):
        spec[kind] = True
        for field in ("ingress", "egress"):
            if field in spec:
                spec[field] = [rule for rule in spec[field] or [] if rule["action"] != "Pass"]
    return {**policy, "spec": spec}


def without_port_names(policy: Raw) -> Raw:
    """The policy with numbers alone: which port of a host has a name only its host endpoint says, which is not read."""
    spec: dict[str, Any] = dict(policy["spec"])
    for field in ("ingress", "egress"):
        if field in spec:
            spec[field] = [{k: _numbered(v) if isinstance(v, dict) else v for k, v in r.items()} for r in spec[field]]
    return {**policy, "spec": spec}


def _numbered(entity: Raw) -> Raw:
    found = dict(entity)
    for field in ("ports", "notPorts"):
        numbers = [p for p in entity.get(field) or [] if not isinstance(p, str) or p.replace(":", "").isdigit()]
        found.pop(field, None)
        if numbers:
            found[field] = numbers
    return found
