"""A packet as a person writes it, and what is no packet."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from lib.azure.security_group import provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_match import Place
from lib.azure.security_group_question import Question, ask, read_question
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.model.refs import ObjectRef
from lib.model.services import ServicePort
from lib.model.sets import Family, Protocol
from tests.azure.nsg import cluster, load_balancer

WEB = ObjectRef("shop", "web", "Service")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("internet=shop/web:443", Question(Place.INTERNET, WEB, 443)),
        ("VNET = shop/web[Service]:443/udp", Question(Place.VIRTUAL_NETWORK, WEB, 443, Protocol.UDP)),
        ("probe=20.0.0.1:80/TCP", Question(Place.PROBE, ip_address("20.0.0.1"), 80)),
        ("8.8.8.8=20.0.0.1:80", Question(ip_address("8.8.8.8"), ip_address("20.0.0.1"), 80)),
        (
            "2603::8=[2603::1]:7/SCTP",
            Question(ip_address("2603::8"), ip_address("2603::1"), 7, Protocol.SCTP),
        ),
    ],
)
def test_a_packet_is_read(text, expected):
    assert read_question(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "internet", "internet=", "=shop/web:80", "internet=shop/web", "internet=shop/web:0",
        "internet=shop/web:70000", "internet=shop/web:80/ICMP", "mars=shop/web:80", "internet=web:80",
        "internet=2603::1:80", "x" * 100_000,
        "internet=" + "a" * 100_000 + ":80", "8.8.8.8%eth0=20.0.0.1:80",
    ],
)  # fmt: skip
def test_what_is_no_packet_is_refused_with_a_reason(text):
    with pytest.raises(ModelError) as refused:
        read_question(text)
    assert 10 < len(str(refused.value)) < 300


def answer(snapshot, text: str):
    provider = provider_group(snapshot)
    return ask(read_question(text), snapshot, provider, [provider.group], known_addresses(snapshot, provider))


DUAL = load_balancer(
    "web",
    ServicePort(443, 443),
    frontends=("20.0.0.1", "2603::1"),
    ip_families=(Family.IPV4, Family.IPV6),
    ranges=("0.0.0.0/0",),
)


def test_a_service_means_each_of_its_frontends_of_the_senders_family():
    snapshot = cluster(DUAL)
    assert answer(snapshot, "8.8.8.8=shop/web:443").verdict is Verdict.ALLOWED
    assert answer(snapshot, "2603::8=shop/web:443").verdict is Verdict.DENIED
    both = answer(snapshot, "internet=shop/web:443")
    assert both.verdict is Verdict.UNKNOWN
    assert [judged.verdict for judged in both.judgements] == [Verdict.ALLOWED, Verdict.DENIED]


def test_a_frontend_that_the_input_does_not_show_is_unknown():
    found = answer(cluster(load_balancer("web")), "internet=shop/web:80")
    assert found.verdict is Verdict.UNKNOWN
    assert "the IPv4 frontend address of shop/web" in str(found)


@pytest.mark.parametrize("text", ["internet=shop/other:80", "8.8.8.8=[2603::1]:80", "2603::8=20.0.0.1:80"])
def test_what_has_no_answer_is_refused(text):
    with pytest.raises(ModelError):
        answer(cluster(DUAL), text)
