"""Rules about addresses that no pod can have leave nothing open, though the input does not show the pods' addresses.

RFC 6890, "Forwardable: False", for this host, loopback and link-local; RFC 1112 and RFC 4291 for multicast.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.facts.internet import NEVER_FORWARDED
from lib.model.sets import Protocol
from lib.policy.bits import positions
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import profile
from lib.policy.spaces import AddressSpace
from tests.policy.build import engine_of, pod, policy

BLOCKS = (
    "0.0.0.0/0", "0.0.0.0/8", "0.0.0.0/7", "127.0.0.0/8", "127.0.0.1/32", "169.254.0.0/16", "169.254.0.0/17",
    "169.254.169.254/32", "169.255.0.0/16", "168.0.0.0/7", "223.0.0.0/8", "224.0.0.0/4", "224.0.0.0/3",
    "239.255.255.255/32", "::/0", "::/127", "::1/128", "::2/128", "fe80::/10", "fe80::1/128", "ff00::/8", "ff02::1/128",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "8000::/1",
)  # fmt: skip
PODS = [pod("web", app="web"), pod("db", app="db"), pod("agent", host=True, app="agent")]


def denying(block: str) -> str:
    return f"""
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {{name: default.p}}
        spec:
          selector: all()
          types: [Egress]
          egress: [{{action: Deny, destination: {{nets: [{block}]}}}}, {{action: Allow}}]
    """


def verdict(engine: Engine, src: str, dst: str) -> str:
    ends = (parse_end(end, engine.snapshot) for end in (src, dst))
    return engine.explain(*ends, Protocol.TCP, 80).verdict


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("169.254.169.254/32", "allowed"),
        ("169.254.0.0/16", "allowed"),
        ("127.0.0.0/8", "allowed"),
        ("224.0.0.0/4", "allowed"),
        ("fe80::/10", "allowed"),
        ("ff02::1/128", "allowed"),
        # Some networks hand these out, and anybody can have the others.
        ("240.0.0.0/8", "unknown"),
        ("168.63.129.16/32", "unknown"),
        ("10.0.0.0/8", "unknown"),
        ("128.0.0.0/1", "unknown"),
    ],
)
def test_a_pod_of_unknown_address_has_none_of_them(block: str, expected: str) -> None:
    assert verdict(engine_of(*PODS, denying(block)), "shop/web", "shop/db") == expected


def test_what_listens_on_a_node_may_have_one() -> None:
    """NodeLocal DNSCache listens on 169.254.20.10 by its node's network."""
    assert verdict(engine_of(*PODS, denying("169.254.20.10/32")), "shop/web", "shop/agent") == "unknown"


@pytest.mark.parametrize(("excepted", "expected"), [("169.254.169.254/32", "allowed"), ("10.1.0.0/16", "unknown")])
def test_a_block_of_all_addresses_that_pods_can_have_means_every_pod(excepted: str, expected: str) -> None:
    blocks = f"[{{ipBlock: {{cidr: 0.0.0.0/0, except: [{excepted}]}}}}, {{ipBlock: {{cidr: '::/0'}}}}]"
    rule = policy(f"{{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{{to: {blocks}}}]}}")
    assert verdict(engine_of(*PODS, rule, profile=profile("calico")), "shop/web", "shop/db") == expected


@given(st.lists(st.sampled_from(BLOCKS), max_size=6))
def test_an_atom_counts_where_all_of_its_addresses_do(blocks: list[str]) -> None:
    space = AddressSpace.cut_by(map(ip_network, blocks))
    whole = [a for a in range(len(space)) if space.addresses(1 << a) <= NEVER_FORWARDED]
    assert list(positions(space.never_forwarded())) == whole
