"""Stated needs that an ipBlock cannot surely write, or that do not mean what they seem to."""

from __future__ import annotations

import pytest

from lib.model.errors import ModelError
from tests.policy.build import pod
from tests.scenario.recommending import WEB, flows, questions, recommended

NODE = """
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [10.244.1.0/24]}
status: {addresses: [{type: InternalIP, address: 10.240.0.4}]}
"""


def at(address: str) -> str:
    return pod("db", app="db") + f"status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"


@pytest.mark.parametrize(
    ("end", "candidate"),
    [
        ("10.244.1.60-10.244.1.70[External]", "shop/db[Pod]"),
        ("10.244.1.0/24", "shop/db[Pod]"),
        ("10.240.0.4-10.240.0.4[External]", "node/n1"),
    ],
)
@pytest.mark.parametrize("form", ["shop/web={}:9090", "{}=shop/web:9090"])
def test_ranges_of_pods_and_nodes_are_refused_with_the_workload_to_ask_for(end: str, candidate: str, form: str) -> None:
    with pytest.raises(ModelError) as refused:
        recommended(WEB, at("10.244.1.63"), NODE, needs=(form.format(end),))
    assert "ask for the workload or the node" in str(refused.value)
    assert candidate in str(refused.value)


@pytest.mark.parametrize("end", ["10.244.1.63", "10.244.1.63/32"])
def test_the_address_of_a_pod_is_that_pod(end: str) -> None:
    found = recommended(WEB, at("10.244.1.63"), NODE, needs=(f"shop/web={end}:9090",))
    assert "shop/web[Pod] → shop/db[Pod] TCP 9090" in flows(found)


@pytest.mark.parametrize("end", ["10.244.0.0/16", "10.240.0.0/24", "192.0.2.1/32"])
def test_prefixes_that_hold_other_addresses_too_may_be_stated(end: str) -> None:
    found = recommended(WEB, at("10.244.1.63"), NODE, needs=(f"shop/web={end}:9090",))
    assert f"shop/web[Pod] → outside {end} TCP 9090" in flows(found)


@pytest.mark.parametrize(
    ("need", "says"),
    [
        ("shop/web=192.0.2.1:8000-7000", "8000-7000: the range runs backwards"),
        ("shop/web=8.8.8.8/24:53", "write 8.8.8.0/24 or 8.8.8.8"),
        ("2001:db8::1/64=shop/web:53", "write 2001:db8::/64 or 2001:db8::1"),
    ],
)
def test_a_slip_of_the_pen_is_told(need: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        recommended(WEB, needs=(need,))


HOST = pod("agent", app="agent", host=True) + "status: {phase: Running, hostIPs: [{ip: 10.240.0.4}]}\n"


def test_all_pods_of_a_namespace_are_those_on_a_network_of_their_own_and_that_is_said() -> None:
    # A podSelector takes no pod on its node's network: what such a pod is, no NetworkPolicy can say.
    said = questions(recommended(WEB, at("10.244.1.63"), HOST, NODE, needs=("shop/*=192.0.2.1:443",)))
    assert "the stated need shop/* → outside 192.0.2.1/32 (TCP 443) is not about shop/agent[Pod]" in said
    assert "is not about" not in questions(recommended(WEB, at("10.244.1.63"), NODE, needs=("shop/*=192.0.2.1:443",)))


def test_a_prefix_that_holds_addresses_of_pods_too_says_so() -> None:
    said = questions(recommended(WEB, at("10.244.1.63"), NODE, needs=("shop/web=10.244.0.0/16:9090",)))
    assert "names addresses of shop/db[Pod], which an ipBlock does not surely mean" in said
    for end in ("192.0.2.0/24", "outside", "internet"):
        said = questions(recommended(WEB, at("10.244.1.63"), NODE, needs=(f"shop/web={end}:9090",)))
        assert "does not surely mean" not in said
