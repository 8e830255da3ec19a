"""Which names a name or a pattern in a policy means.

Expectations are the words of Cilium's and Kubernetes' API: pkg/policy/api/fqdn.go and Documentation/security (layer7,
"DNS Policy and IP Discovery") of cilium/cilium, and DomainName of kubernetes-sigs/network-policy-api.
"""

from __future__ import annotations

from ipaddress import ip_network
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model import domain_names
from lib.model.domain_names import NameEntry, NamePattern, NameTable, canonical
from lib.model.refs import Source


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        # "`*.cilium.io` matches subdomains of cilium at that level: www.cilium.io and blog.cilium.io match, cilium.io
        # and google.com do not"
        ("*.cilium.io", "www.cilium.io", True),
        ("*.cilium.io", "blog.cilium.io", True),
        ("*.cilium.io", "cilium.io", False),
        ("*.cilium.io", "google.com", False),
        ("*.cilium.io", "test.app.cilium.io", False),
        # "`*cilium.io` matches cilium.io and all subdomains ends with "cilium.io" except those containing "."
        # separator, subcilium.io and sub-cilium.io match, www.cilium.io and blog.cilium.io does not"
        ("*cilium.io", "cilium.io", True),
        ("*cilium.io", "subcilium.io", True),
        ("*cilium.io", "sub-cilium.io", True),
        ("*cilium.io", "www.cilium.io", False),
        ("*cilium.io", "blog.cilium.io", False),
        # "`sub*.cilium.io` matches subdomains of cilium where the subdomain component begins with "sub".
        # sub.cilium.io and subdomain.cilium.io match while www.cilium.io, blog.cilium.io, cilium.io and google.com do
        # not"
        ("sub*.cilium.io", "sub.cilium.io", True),
        ("sub*.cilium.io", "subdomain.cilium.io", True),
        ("sub*.cilium.io", "www.cilium.io", False),
        ("sub*.cilium.io", "cilium.io", False),
        # "`part*ial.com` will match `partial.com` and `part-extra-ial.com`"
        ("part*ial.com", "partial.com", True),
        ("part*ial.com", "part-extra-ial.com", True),
        # "`special*service.api.cilium.io`, such as `special-region1-service.api.cilium.io` but not
        # `region1-service.api.cilium.io`"
        ("special*service.api.cilium.io", "special-region1-service.api.cilium.io", True),
        ("special*service.api.cilium.io", "region1-service.api.cilium.io", False),
        # "`*` alone matches all names"
        ("*", "io", True),
        ("*", "a.b.c.d", True),
        ("*.", "io", True),
        ("*.", "cilium.io", False),
        # "`**.cilium.io` matches all multilevel subdomains of cilium.io: "app.cilium.io" and "test.app.cilium.io"
        # match but not "cilium.io"", from version 1.19 on: "Previously, `**` was allowed as a wildcard but treated the
        # same as `*`" (Documentation/operations/upgrade.rst)
        ("**.cilium.io", "app.cilium.io", True),
        ("**.cilium.io", "test.app.cilium.io", None),
        ("**.cilium.io", "cilium.io", False),
        ("**.cilium.io", "a.b.google.com", False),
        # Only as a prefix: "`**` is only permitted at the beginning of the pattern and before a `.`"
        ("a.**.cilium.io", "a.b.cilium.io", True),
        ("a.**.cilium.io", "a.b.c.cilium.io", False),
        ("**cilium.io", "a.cilium.io", False),
        # "All wildcards are case insensitive"; "A trailing "." is automatically added when missing"
        ("*.Cilium.IO.", "www.cilium.io", True),
        ("cilium.io.", "cilium.io", True),
        ("*.*.svc.cluster.local.", "dns.kube-system.svc.cluster.local", True),
    ],
)
def test_a_match_pattern_of_cilium(pattern: str, name: str, expected: bool | None) -> None:
    assert NamePattern.of_cilium(pattern).matches(name) is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("kubernetes.io", "kubernetes.io", True),
        ("kubernetes.io", "www.kubernetes.io", False),
        ("kubernetes.io", "my-kubernetes.io", False),
        ("blog.kubernetes.io", "kubernetes.io", False),
        ("*.kubernetes.io", "www.kubernetes.io", True),
        ("*.kubernetes.io", "blog.kubernetes.io", True),
        ("*.kubernetes.io", "latest.blog.kubernetes.io", True),
        ("*.kubernetes.io", "kubernetes.io", False),
        ("*.kubernetes.io", "wikipedia.org", False),
        ("*.kubernetes.io", "my-kubernetes.io", False),
        ("*.Kubernetes.io.", "www.kubernetes.io", True),
    ],
)
def test_a_domain_name_of_a_cluster_policy(pattern: str, name: str, expected: bool) -> None:
    assert NamePattern.of_cluster_policy(pattern).matches(name) is expected


def test_a_match_name_is_one_name() -> None:
    assert NamePattern.exactly("API.example.com.").matches("api.example.com") is True
    assert NamePattern.exactly("api.example.com").matches("www.api.example.com") is False


def table(*names: str, complete: bool = False) -> NameTable:
    entries = {
        name: NameEntry(name, (ip_network(f"203.0.113.{i}"),), Source("names.yaml", 1), i + 1)
        for i, name in enumerate(names)
    }
    return NameTable(MappingProxyType(entries), complete, "names.yaml")


def test_a_name_in_the_table_has_its_addresses_and_no_others() -> None:
    found = table("a.example", "b.example").resolve(NamePattern.exactly("a.example"))
    assert ([e.name for e in found.entries], found.open) == (["a.example"], False)


@pytest.mark.parametrize(("complete", "still_open"), [(False, True), (True, False)])
def test_a_name_that_is_not_in_it_is_open_unless_the_table_is_complete(complete: bool, still_open: bool) -> None:
    found = table("a.example", complete=complete).resolve(NamePattern.exactly("c.example"))
    assert (found.entries, found.open) == ((), still_open)


@pytest.mark.parametrize(("complete", "still_open"), [(False, True), (True, False)])
def test_a_pattern_means_its_names_and_what_else_there_may_be(complete: bool, still_open: bool) -> None:
    found = table("a.example", "b.c.example", "d.org", complete=complete).resolve(NamePattern.of_cilium("**.example"))
    assert [e.name for e in found.entries] == ["a.example"]
    assert [e.name for e in found.perhaps] == ["b.c.example"]
    assert found.open is still_open


def test_without_a_table_every_name_is_open() -> None:
    for pattern in (NamePattern.exactly("a.example"), NamePattern.of_cilium("*")):
        assert NameTable().resolve(pattern).open


def test_patterns_that_are_too_many_to_compare_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_names, "COMPARISONS_MAX", 3)
    names = table("a.example", "b.example", complete=True)
    assert not names.resolve(NamePattern.of_cilium("*.example")).open
    assert names.resolve(NamePattern.of_cilium("*.org")).open
    # What was compared before stays settled, and names need no comparison.
    assert not names.resolve(NamePattern.of_cilium("*.example")).open
    assert not names.resolve(NamePattern.exactly("a.example")).open


def naive(pattern: str, label: str) -> bool:
    if not pattern:
        return not label
    if pattern[0] == "*":
        return naive(pattern[1:], label) or (bool(label) and naive(pattern, label[1:]))
    return bool(label) and pattern[0] == label[0] and naive(pattern[1:], label[1:])


@given(st.text("ab*", min_size=1, max_size=7), st.text("ab", min_size=1, max_size=7))
def test_a_star_stands_for_any_characters(pattern: str, label: str) -> None:
    assert NamePattern.of_cilium(f"{pattern}.x").matches(f"{label}.x") is naive(pattern, label)


def test_a_hostile_pattern_takes_no_time() -> None:
    pattern = NamePattern.of_cilium("*a" * 120 + "b.x")
    assert pattern.matches("a" * 200 + ".x") is False


def test_names_are_compared_whatever_their_case() -> None:
    assert canonical(" API.Example.com. ") == "api.example.com"
