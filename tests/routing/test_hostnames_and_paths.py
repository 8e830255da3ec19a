"""The matching tables of the two APIs, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.routing.hostnames import gateway_host_matches, ingress_host_matches, intersection, intersections
from lib.routing.paths import exact_matches, prefix_matches

# kubernetes.io, Ingress, "Examples" of path matching: kind, path of the rule, path of the request, whether it matches.
INGRESS_PATHS = [
    ("Prefix", "/", "/", True),
    ("Prefix", "/", "/anything/at/all", True),
    ("Exact", "/foo", "/foo", True),
    ("Exact", "/foo", "/bar", False),
    ("Exact", "/foo", "/foo/", False),
    ("Exact", "/foo/", "/foo", False),
    ("Prefix", "/foo", "/foo", True),
    ("Prefix", "/foo", "/foo/", True),
    ("Prefix", "/foo/", "/foo", True),
    ("Prefix", "/foo/", "/foo/", True),
    ("Prefix", "/aaa/bb", "/aaa/bbb", False),
    ("Prefix", "/aaa/bbb", "/aaa/bbb", True),
    ("Prefix", "/aaa/bbb/", "/aaa/bbb", True),
    ("Prefix", "/aaa/bbb", "/aaa/bbb/", True),
    ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", True),
    ("Prefix", "/aaa/bbb", "/aaa/bbbxyz", False),
    ("Prefix", "/aaa", "/ccc", False),
    # networking/v1, PathTypeExact and PathTypePrefix: "Matching is case sensitive".
    ("Exact", "/foo", "/Foo", False),
    ("Prefix", "/foo", "/Foo/bar", False),
]


@pytest.mark.parametrize(("kind", "rule", "path", "matches"), INGRESS_PATHS)
def test_paths_match_as_the_documentation_lists(kind: str, rule: str, path: str, matches: bool) -> None:
    match = exact_matches if kind == "Exact" else prefix_matches
    assert match(rule, path) is matches


# kubernetes.io, Ingress, "Hostname wildcards".
@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("*.foo.com", "bar.foo.com", True),
        ("*.foo.com", "baz.bar.foo.com", False),
        ("*.foo.com", "foo.com", False),
        ("foo.bar.com", "foo.bar.com", True),
        ("foo.bar.com", "FOO.bar.com", True),
        ("foo.bar.com", "bar.com", False),
        ("", "anything.example", True),
        ("*.foo.com", ".foo.com", False),
    ],
)
def test_an_ingress_wildcard_takes_exactly_one_label(pattern: str, host: str, matches: bool) -> None:
    assert ingress_host_matches(pattern, host) is matches


# gateway.networking.k8s.io/v1, HTTPRouteSpec.hostnames.
@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("*.example.com", "test.example.com", True),
        ("*.example.com", "foo.test.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
        ("*.example.com", ".example.com", False),
        ("", "example.com", True),
        ("Example.com", "example.COM", True),
    ],
)
def test_a_gateway_wildcard_is_a_suffix(pattern: str, host: str, matches: bool) -> None:
    assert gateway_host_matches(pattern, host) is matches


# gateway.networking.k8s.io/v1, HTTPRouteSpec.hostnames and Listener.hostname, in their words.
@pytest.mark.parametrize(
    ("listener", "route", "common"),
    [
        ("test.example.com", "", "test.example.com"),
        ("test.example.com", "test.example.com", "test.example.com"),
        ("test.example.com", "*.example.com", "test.example.com"),
        ("*.example.com", "", "*.example.com"),
        ("*.example.com", "*.example.com", "*.example.com"),
        ("*.example.com", "test.example.com", "test.example.com"),
        ("*.example.com", "foo.test.example.com", "foo.test.example.com"),
        ("*.example.com", "example.com", None),
        ("*.example.com", "test.example.net", None),
        ("*.example.com", "*.test.example.com", "*.test.example.com"),
        ("*.test.example.com", "*.example.com", "*.test.example.com"),
        ("", "a.example", "a.example"),
        ("", "", ""),
    ],
)
def test_listener_and_route_hostnames_intersect(listener: str, route: str, common: str | None) -> None:
    assert intersection(listener, route) == common


def test_hostnames_that_the_listener_does_not_serve_are_ignored() -> None:
    assert intersections("*.example.com", ("test.example.com", "test.example.net")) == ("test.example.com",)


def test_a_route_without_hostnames_has_the_listeners() -> None:
    assert intersections("*.example.com", ()) == ("*.example.com",)


SEGMENTS = st.lists(st.sampled_from(["a", "b", "aa", "%20", ".."]), max_size=4)


def naive_prefix(rule: list[str], path: list[str]) -> bool:
    """The API's words: element by element, the rule's elements are a prefix of the path's."""
    return len(rule) <= len(path) and all(x == y for x, y in zip(rule, path, strict=False))


@given(SEGMENTS, SEGMENTS, st.booleans(), st.booleans())
def test_prefix_is_a_prefix_of_elements(rule: list[str], path: list[str], slash: bool, path_slash: bool) -> None:
    rule_text = "/" + "/".join(rule) + ("/" if slash and rule else "")
    path_text = "/" + "/".join(path) + ("/" if path_slash and path else "")
    assert prefix_matches(rule_text, path_text) is naive_prefix(rule, path)


LABELS = st.lists(st.sampled_from(["a", "b", "example"]), min_size=1, max_size=3)


@given(LABELS, st.booleans(), LABELS, st.booleans(), LABELS)
def test_an_intersection_takes_what_both_take(
    a: list[str], wild_a: bool, b: list[str], wild_b: bool, h: list[str]
) -> None:
    one, other = ("*." * wild_a) + ".".join(a), ("*." * wild_b) + ".".join(b)
    host = ".".join(h)
    both = gateway_host_matches(one, host) and gateway_host_matches(other, host)
    common = intersection(one, other)
    assert (common is not None and gateway_host_matches(common, host)) is both
