"""An end that is an address asks about packets of its family; of workloads, families that differ are told apart."""

from __future__ import annotations

import pytest

from lib.model.errors import ModelError
from lib.model.sets import Protocol
from lib.policy.engines import profile
from lib.policy.explain import Explanation
from lib.policy.points_of_family import parse_flow
from tests.policy.build import engine_of, pod, policy, rows_of

STATUS = "status: {{phase: Running, podIPs: [{{ip: 10.244.0.{0}}}, {{ip: 'fd00::{0}'}}]}}\n"
CLIENT = pod("client", app="client") + STATUS.format(1)
SERVER = pod("server", app="server") + STATUS.format(2)
OLD = pod("old", app="old") + "status: {phase: Running, podIPs: [{ip: 10.244.0.3}]}\n"
IPV4_ONLY = policy("podSelector: {matchLabels: {app: server}}\ningress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")


def asked(engine_id: str, src: str, dst: str) -> Explanation:
    engine = engine_of(CLIENT, SERVER, OLD, IPV4_ONLY, profile=profile(engine_id))
    one, other, family = parse_flow(src, dst, engine.snapshot)
    return engine.explain(one, other, Protocol.TCP, 80, family)


@pytest.mark.parametrize(
    ("engine", "src", "dst", "expected"),
    [
        ("calico", "10.244.0.1", "shop/server", "allowed"),
        ("calico", "fd00::1", "shop/server", "denied"),
        ("calico", "shop/client", "fd00::2", "denied"),
        ("calico", "2001:db8::9", "shop/server", "denied"),
        ("calico", "2001:db8::/64", "fd00::2", "denied"),
        ("calico", "internet", "10.244.0.2", "allowed"),
        ("calico", "internet", "fd00::2", "denied"),
        ("calico", "shop/client", "shop/server", "partial"),
        ("calico", "shop/old", "shop/server", "allowed"),
        ("cilium", "10.244.0.1", "shop/server", "denied"),
        ("cilium", "shop/client", "shop/server", "denied"),
        ("azure-npm", "10.244.0.1", "shop/server", "allowed"),
        ("azure-npm", "fd00::1", "shop/server", "unknown"),
        ("azure-npm", "shop/client", "shop/server", "partial"),
    ],
)
def test_a_block_of_ipv4_says_nothing_of_packets_of_ipv6(engine: str, src: str, dst: str, expected: str) -> None:
    """For Calico an ipBlock means pods by their addresses, for Cilium never (policy_engines.yaml)."""
    assert asked(engine, src, dst).verdict == expected


def test_families_that_differ_are_each_told() -> None:
    answer = asked("calico", "shop/client", "shop/server")
    assert not answer.connections
    egress, ingress = answer.directions
    assert "over IPv" not in egress.reason
    assert "over IPv4 permitted by" in ingress.reason
    assert "over IPv6 shop/" in ingress.reason
    (row,) = (
        r
        for r in rows_of(engine_of(CLIENT, SERVER, OLD, IPV4_ONLY, profile=profile("calico")))
        if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]")
    )
    assert (row.verdict.value, row.pods, row.reason) == ("partial", "", "over IPv4 allowed, over IPv6 denied")
    assert row.to_json()["only_ipv4"] == row.ports.to_json()


@pytest.mark.parametrize(
    ("src", "dst"), [("fd00::1", "10.244.0.2"), ("fd00::1", "shop/old"), ("192.0.2.0/24", "fd00::2")]
)
def test_ends_without_a_family_in_common_are_refused(src: str, dst: str) -> None:
    with pytest.raises(ModelError, match=r"no IP family in common|has no IPv6 address"):
        asked("calico", src, dst)
