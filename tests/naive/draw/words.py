"""The words that random objects are made of: few, so that policies meet pods."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive.flow import Raw

NAMESPACES = ("alpha", "beta")
METADATA_NAME = "kubernetes.io/metadata.name"
KEYS = ("app", "tier")
VALUES = ("a", "b")
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORT_NAMES = ("web", "dns")

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
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
        expression: Raw = {"key": draw(st.sampled_from(keys)), "operator": operator}
        if operator in ("In", "NotIn"):
            expression["values"] = draw(st.lists(values, min_size=1, max_size=2, unique=True))
        selector.setdefault("matchExpressions", []).append(expression)
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
