"""Rules about addresses that no pod can have leave nothing open, though the input does not show the pods' addresses.

RFC 6890, "Forwardable: False", for this host, loopback and link-local; RFC 1112 and RFC 4291 for multicast.
"""

from __future__ import annotations

import pytest

from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import profile
from tests.policy.build import engine_of, pod, policy

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
