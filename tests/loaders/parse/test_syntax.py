"""Names, labels, ports, addresses and prefixes, by the rules of apimachinery and Go's lenient parsers."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.loaders.parse.session import quote
from lib.loaders.parse.syntax import (
    domain_path_fault,
    host_fault,
    label_fault,
    label_key_fault,
    label_value_fault,
    parse_lenient_address,
    parse_lenient_prefix,
    port_name_fault,
    rfc1035_fault,
    special_fault,
    subdomain_fault,
    tls_host_fault,
)


@pytest.mark.parametrize(
    ("fault", "good", "bad"),
    [
        (label_fault, ["a", "1", "a-b", "a" * 63], ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64, "a\n"]),
        (rfc1035_fault, ["a", "a-1"], ["1a", "a-", "", "A", "a" * 64]),
        (subdomain_fault, ["a", "a.b", "1.2", "a-b.c"], ["", "a..b", ".a", "a.", "A.b", "a_b", "a" * 254]),
        (host_fault, ["a.b", "*.a.b", "a"], ["*", "*.*.a", "a.*", "10.0.0.1", "A.b", "*a.b"]),
        (tls_host_fault, ["a.b", "*.a.b", "10.0.0.1"], ["*", "A.b"]),
        (label_value_fault, ["", "a", "A_b.c-1", "a" * 63], ["-a", "a-", "a b", "a/b", "a" * 64, "ä", "a\n"]),
        (
            label_key_fault,
            ["a", "A_b.c", "x.y/a", "a" * 63],
            ["", "/", "/a", "a/", "X.y/a", "a/b/c", "a b", "a" * 64, "a@b", "a" * 254 + "/b"],
        ),
        (port_name_fault, ["http", "a-1", "1a", "a" * 15], ["", "80", "a--b", "-a", "a-", "A", "a.b", "a" * 16]),
        (domain_path_fault, ["a.b/c", "a/b/c", "k8s.io/ingress-nginx"], ["", "a", "a/", "/a", "A/b", "a/b c"]),
    ],
)
def test_the_apis_syntax(fault: Callable[[str], str], good: list[str], bad: list[str]) -> None:
    assert [text for text in good if fault(text)] == []
    assert [text for text in bad if not fault(text)] == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("010.000.0.01", "10.0.0.1"),
        ("fd00::1", "fd00::1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ],
)
def test_addresses_are_read_as_the_lenient_parser_does(text: str, meant: str) -> None:
    assert parse_lenient_address(text) == ip_address(meant)


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "10.0.0.1 ", "0x0a.0.0.1", "fe80::1%eth0", "a", "١.0.0.1"]
)
def test_what_is_no_address(text: str) -> None:
    assert parse_lenient_address(text) is None


@given(st.integers(0, 2**32 - 1))
def test_every_ipv4_address_is_read_as_itself(number: int) -> None:
    assert parse_lenient_address(str(IPv4Address(number))) == IPv4Address(number)


@given(st.integers(0, 2**128 - 1))
def test_every_ipv6_address_is_read_as_itself(number: int) -> None:
    assert parse_lenient_address(str(IPv6Address(number))) == IPv6Address(number)


@pytest.mark.parametrize(
    ("text", "network", "fault"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", ""),
        ("0.0.0.0/0", "0.0.0.0/0", ""),
        ("::/0", "::/0", ""),
        ("10.0.0.1/8", "10.0.0.0/8", "host bits"),
        ("010.0.0.0/8", "10.0.0.0/8", "leading zeros"),
        ("10.0.0.0/08", "10.0.0.0/8", "leading zeros"),
        ("010.0.0.1/8", "10.0.0.0/8", "leading zeros and host bits"),
    ],
)
def test_prefixes(text: str, network: str, fault: str) -> None:
    parsed = parse_lenient_prefix(text)
    assert parsed is not None
    assert (str(parsed[0]), parsed[1]) == (network, fault)


@pytest.mark.parametrize(
    "text", ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "/8", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "a/8"]
)
def test_what_is_no_prefix(text: str) -> None:
    assert parse_lenient_prefix(text) is None


@pytest.mark.parametrize(
    ("text", "special"),
    [
        ("10.0.0.1", False),
        ("20.1.2.3", False),
        ("0.0.0.0", True),
        ("127.0.0.1", True),
        ("169.254.1.1", True),
        ("224.0.0.1", True),
        ("fd00::1", False),
        ("::", True),
        ("::1", True),
        ("fe80::1", True),
        ("ff02::1", True),
    ],
)
def test_addresses_that_cannot_be_an_endpoint(text: str, special: bool) -> None:
    assert bool(special_fault(ip_address(text))) is special


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_a_quoted_value_is_short_and_printable(value: object) -> None:
    shown = quote(value)
    assert shown.isprintable()
    assert len(shown) <= 67
