"""The set algebra against Python's own sets, on small universes."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model.errors import ModelError
from lib.model.sets import AddressSet, ConnectionSet, Family, PortSet, Protocol, canonical, parse_address

SMALL = 24
intervals = st.lists(
    st.tuples(st.integers(1, SMALL), st.integers(1, SMALL)).map(lambda p: (min(p), max(p))), max_size=6
)


def expand(ports: PortSet) -> set[int]:
    return {n for n in range(1, SMALL + 1) if n in ports}


def written_out(pairs: list[tuple[int, int]]) -> set[int]:
    return {n for first, last in pairs for n in range(first, last + 1)}


@given(intervals, intervals)
def test_verbs_agree_with_pythons_sets(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    left, right = PortSet.from_intervals(a), PortSet.from_intervals(b)
    x, y = written_out(a), written_out(b)
    assert expand(left) == x
    assert expand(left | right) == x | y
    assert expand(left & right) == x & y
    assert expand(left - right) == x - y
    assert (left <= right) == (x <= y)
    assert bool(left) == bool(x)


@given(intervals)
def test_equal_sets_have_one_form(pairs: list[tuple[int, int]]) -> None:
    assert canonical(pairs) == canonical([(n, n) for n in written_out(pairs)])


@given(intervals, intervals)
def test_every_result_is_canonical(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    left, right = PortSet.from_intervals(a), PortSet.from_intervals(b)
    for result in (left | right, left & right, left - right):
        assert canonical(result.intervals) == result.intervals


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 65536), (2, 1), (-1, 5)])
def test_a_port_range_outside_1_to_65535_or_reversed_is_refused(first: int, last: int) -> None:
    with pytest.raises(ModelError):
        PortSet.of(first, last)


def test_connections_of_all_protocols_are_all() -> None:
    halves = [ConnectionSet.of(p, 1, 1000) | ConnectionSet.of(p, 1001, 65535) for p in Protocol]
    union = halves[0] | halves[1] | halves[2]
    assert union.is_all
    assert str(union) == "all ports"
    assert not (union - ConnectionSet.all())


def test_connections_never_mix_protocols() -> None:
    assert not ConnectionSet.of(Protocol.TCP, 53) & ConnectionSet.of(Protocol.UDP, 53)
    assert (ConnectionSet.of(Protocol.TCP, 53) | ConnectionSet.of(Protocol.UDP, 53)).to_json() == {
        "TCP": [[53, 53]],
        "UDP": [[53, 53]],
    }


def test_all_ipv4_addresses_hold_no_ipv6_address() -> None:
    everything_v4 = AddressSet.from_networks([ip_network("0.0.0.0/0")])
    assert ip_address("203.0.113.7") in everything_v4
    assert ip_address("2001:db8::1") not in everything_v4
    assert not everything_v4.of_family(Family.IPV6)


def test_neighbouring_prefixes_become_one_range() -> None:
    assert AddressSet.from_networks([ip_network("0.0.0.0/1"), ip_network("128.0.0.0/1")]) == AddressSet.from_networks(
        [ip_network("0.0.0.0/0")]
    )


def test_an_except_is_cut_out() -> None:
    left = AddressSet.from_networks([ip_network("10.0.0.0/8")]) - AddressSet.from_networks([ip_network("10.1.0.0/16")])
    assert str(left) == "10.0.0.0-10.0.255.255, 10.2.0.0-10.255.255.255"


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.256", "fe80::1%eth0", "localhost", "1" * 5000])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ModelError):
        parse_address(text)
