"""Test a URL: reading it, hosts and paths of Ingresses, precedence of Gateway API routes, and honest doubt."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model.routes import Ingress
from lib.routing.url import UrlError, parse_url
from lib.routing.url_test import Certainty, UrlAnswer
from lib.routing.url_test import test_url as ask
from lib.routing.url_verdict import Fit
from tests.routing.make import (
    NGINX_CLASS,
    WEB_CLASS,
    app,
    backend,
    gateway,
    gateway_class,
    http_route,
    http_rule,
    ingress,
    listener,
    match,
    named,
    parent,
    path,
    rule,
    snapshot,
    svc,
    tls,
)


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("http://shop.example.com/cart", "shop.example.com", 80, "/cart"),
        ("https://Shop.Example.COM", "shop.example.com", 443, "/"),
        ("shop.example.com/cart?x=1#top", "shop.example.com", 80, "/cart"),
        ("shop.example.com:8080", "shop.example.com", 8080, "/"),
        ("http://shop.example.com./", "shop.example.com", 80, "/"),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://[2001:db8::1]:81/x", "2001:db8::1", 81, "/x"),
        ("http://192.0.2.1/", "192.0.2.1", 80, "/"),
        ("http://a.example/caf%C3%A9", "a.example", 80, "/caf\u00e9"),
        ("http://a.example/a/../b/./c", "a.example", 80, "/b/c"),
        ("http://a.example/a/b/..", "a.example", 80, "/a/"),
        ("http://a.example//x", "a.example", 80, "//x"),
    ],
)
def test_urls_are_read_as_a_browser_sends_them(text: str, host: str, port: int, path: str) -> None:
    request = parse_url(text)
    assert (request.host, request.port, request.path) == (host, port, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ftp://a.example/",
        "http://",
        "http:///path",
        "http://a b.example/",
        "http://a.example/\x00",
        "http://user:secret@a.example/",
        "http://a.example:99999/",
        "http://a.example:0/",
        "http://a.example:x/",
        "http://[::1/",
        "http://*.example.com/",
        "http://a_b.example/",
        "http://-a.example/",
        "http://a..example/",
        "http://a.example/%zz",
        "http://a.example/%2fadmin",
        "http://a.example/%00",
        "http://a.example/%ff",
        "http://a.example\\b/",
        "http://" + "a" * 64 + ".example/",
        "http://a.example/" + "x" * 3000,
        "http://a.example/?" + "&".join(f"k{i}=v" for i in range(500)),
        "javascript:alert(1)",
    ],
)
def test_a_bad_url_gives_a_sentence(text: str) -> None:
    with pytest.raises(UrlError) as caught:
        parse_url(text)
    assert str(caught.value).endswith(".")
    assert "secret" not in str(caught.value)
    answer = ask(snapshot(), text)
    assert (answer.certainty, answer.sentence) == (Certainty.BAD_URL, str(caught.value))


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        request = parse_url(text)
    except UrlError:
        return
    assert request.path.startswith("/") and 1 <= request.port <= 65535


# Ingress


NAMES = ("a", "b", "c", "exact", "prefix", "other", "fallback")
BACKENDS = [item for name in NAMES for item in (app(name), svc(name))]


def answer(url: str, *ingresses: Ingress, classes: Sequence[Any] = (NGINX_CLASS, WEB_CLASS)) -> UrlAnswer:
    return ask(snapshot(*BACKENDS, *classes, *ingresses), url)


def winner(found: UrlAnswer) -> str | None:
    return found.winner.backend.label if found.winner else None


# kubernetes.io, Ingress, "Examples": several paths of one Ingress; None is the default backend.
@pytest.mark.parametrize(
    ("paths", "request_path", "expected"),
    [
        ({"/": "a", "/aaa": "b"}, "/aaa/ccc", "b"),
        ({"/": "a", "/aaa": "b", "/aaa/bbb": "c"}, "/aaa/bbb", "c"),
        ({"/": "a", "/aaa": "b", "/aaa/bbb": "c"}, "/ccc", "a"),
        ({"/aaa": "a"}, "/ccc", None),
    ],
)
def test_the_longest_prefix_wins(paths: dict[str, str], request_path: str, expected: str | None) -> None:
    found = answer(
        f"http://x.example{request_path}",
        ingress("one", rule("x.example", *(path(p, to) for p, to in paths.items())), cls="web"),
    )
    assert winner(found) == (f"shop/{expected}:80" if expected else None)
    assert found.certainty is (Certainty.CERTAIN if expected else Certainty.NO_ROUTE)


def test_exact_beats_prefix() -> None:
    both = rule("x.example", path("/foo", "prefix"), path("/foo", "exact", "Exact"))
    assert winner(answer("http://x.example/foo", ingress("one", both))) == "shop/exact:80"
    assert winner(answer("http://x.example/foo/", ingress("one", both))) == "shop/prefix:80"


def test_an_exact_host_beats_a_wildcard_and_both_beat_none() -> None:
    one = ingress(
        "one",
        rule("", path("/", "a")),
        rule("*.foo.com", path("/", "b")),
        rule("bar.foo.com", path("/", "c")),
    )
    for host, to in (("bar.foo.com", "c"), ("baz.foo.com", "b"), ("x.y.foo.com", "a"), ("foo.com", "a")):
        assert winner(answer(f"http://{host}/", one)) == f"shop/{to}:80"


def test_a_default_backend_takes_what_no_rule_fits() -> None:
    one = ingress("one", rule("x.example", path("/a", "a")), default_backend=backend("fallback"))
    assert winner(answer("http://other.example/", one)) == "shop/fallback:80"
    assert winner(answer("http://x.example/a", one)) == "shop/a:80"


def test_an_address_as_host_fits_rules_without_host_only() -> None:
    one = ingress("one", rule("*.0.2.1", path("/", "a")), rule("", path("/", "b")))
    assert winner(answer("http://192.0.2.1/", one)) == "shop/b:80"


def test_the_losers_say_why() -> None:
    one = ingress("one", rule("x.example", path("/", "a"), path("/cart", "b")), rule("y.example", path("/", "c")))
    whys = {c.row.where: c.why for c in answer("http://x.example/cart/1", one).candidates}
    assert whys == {
        "x.example/cart": "/cart is the longest prefix of the path",
        "x.example/": "fits as well, but Prefix /cart is more specific",
        "y.example/": "the host is not y.example",
    }


def test_a_wildcard_that_lacks_a_label_says_so() -> None:
    one = ingress("one", rule("*.example", path("/", "a")))
    (candidate,) = answer("http://x.y.example/", one).candidates
    assert candidate.why == "*.example takes exactly one label in place of the asterisk"


@pytest.mark.parametrize(
    ("cls", "url_path", "certainty"),
    [
        ("web", "/foo", Certainty.UNKNOWN),
        ("nginx", "/foobar", Certainty.CERTAIN),
        ("nginx", "/fo", Certainty.NO_ROUTE),
    ],
)
def test_implementation_specific_is_the_controllers(cls: str, url_path: str, certainty: Certainty) -> None:
    one = ingress("one", rule("x.example", path("/foo", "a", "ImplementationSpecific")), cls=cls)
    assert answer(f"http://x.example{url_path}", one).certainty is certainty


def test_an_exact_path_is_certain_beside_an_implementation_specific_one() -> None:
    one = ingress("one", rule("x.example", path("/foo", "exact", "Exact"), path("/f", "a", "ImplementationSpecific")))
    assert winner(answer("http://x.example/foo", one)) == "shop/exact:80"


def test_nginx_merges_the_ingresses_of_a_host_and_others_are_unknown() -> None:
    def two(cls: str) -> tuple[Ingress, Ingress]:
        first = ingress("one", rule("x.example", path("/a", "a")), cls=cls)
        return first, ingress("two", rule("x.example", path("/b", "b")), cls=cls)

    assert winner(answer("http://x.example/b", *two("nginx"))) == "shop/b:80"
    found = answer("http://x.example/b", *two("web"))
    assert found.certainty is Certainty.UNKNOWN
    assert "2 Ingresses have rules for x.example, and merging is up to the controller" in found.sentence


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        (("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), "shop/b:80"),
        (("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "shop/a:80"),
        (("", ""), None),
    ],
)
def test_of_two_equal_rules_nginx_takes_the_older_one(ages: tuple[str, str], expected: str | None) -> None:
    one = ingress("one", rule("x.example", path("/", "a")), cls="nginx", created=ages[0])
    two = ingress("two", rule("x.example", path("/", "b")), cls="nginx", created=ages[1])
    assert winner(answer("http://x.example/", one, two)) == expected


# ingress-nginx, "Ingress Path Matching": with use-regex or rewrite-target all paths of the host are expressions.
def test_a_rewrite_makes_all_paths_of_the_host_expressions_in_nginx() -> None:
    note = {"nginx.ingress.kubernetes.io/rewrite-target": "/$2"}
    one = ingress("one", rule("x.example", path("/api(/|$)(.*)", "a")), cls="nginx", annotations=note)
    two = ingress("two", rule("x.example", path("/foo", "b")), cls="nginx")
    assert answer("http://x.example/api/v1", one, two).certainty is Certainty.UNKNOWN
    plain = ingress("one", rule("x.example", path("/api", "a")), cls="nginx", annotations=note)
    assert winner(answer("http://x.example/foobar", plain, two)) == "shop/b:80"
    assert winner(answer("http://x.example/API/v1", plain, two)) == "shop/a:80"


def test_notes_tell_what_else_nginx_does() -> None:
    secure = ingress("one", rule("x.example", path("/", "a")), cls="nginx", tls=(tls("cert", "x.example"),))
    (note,) = answer("http://x.example/", secure).notes
    assert note.startswith("NGINX first redirects http to https")
    assert answer("https://x.example/", secure).notes == ()
    off = replace(secure, annotations={"nginx.ingress.kubernetes.io/ssl-redirect": "false"})
    assert answer("http://x.example/", off).notes == ()
    (note,) = answer("https://x.example/", replace(secure, tls=())).notes
    assert "default" in note


def test_a_canary_is_noted_and_never_wins() -> None:
    main = ingress("main", rule("x.example", path("/", "a")), cls="nginx", created="2026-01-02T00:00:00Z")
    canary = ingress(
        "canary",
        rule("x.example", path("/", "b")),
        cls="nginx",
        created="2026-01-01T00:00:00Z",
        annotations={"nginx.ingress.kubernetes.io/canary": "true"},
    )
    found = answer("http://x.example/", main, canary)
    assert winner(found) == "shop/a:80"
    assert found.notes == ("a part of the requests goes to the canary shop/canary",)


def test_a_route_whose_backend_is_missing_still_takes_the_request_and_says_so() -> None:
    found = answer("http://x.example/", ingress("one", rule("x.example", path("/", "gone"))))
    assert winner(found) == "shop/gone:80"
    assert found.notes == ("x.example/ leads to Service shop/gone, which does not exist",)


def test_an_ingress_without_backend_takes_nothing() -> None:
    found = answer("http://x.example/", ingress("one"))
    assert (found.certainty, found.candidates[0].why) == (Certainty.NO_ROUTE, "it has no backend")


def test_another_port_is_unknown() -> None:
    one = ingress("one", rule("x.example", path("/", "a")))
    assert answer("http://x.example:8080/", one).certainty is Certainty.UNKNOWN


def test_two_controllers_that_both_have_a_route_leave_it_to_dns() -> None:
    one = ingress("one", rule("x.example", path("/", "a")), cls="web")
    two = ingress("two", rule("x.example", path("/", "b")), cls="nginx")
    found = answer("http://x.example/", one, two)
    assert found.certainty is Certainty.UNKNOWN
    assert [s.name for s in found.servers] == ["Ingress class nginx", "Ingress class web"]
    narrowed = ask(snapshot(*BACKENDS, NGINX_CLASS, WEB_CLASS, one, two), "x.example", server="Ingress class web")
    assert winner(narrowed) == "shop/a:80"


def test_an_ingress_that_nobody_serves_takes_nothing() -> None:
    one = ingress("one", rule("x.example", path("/", "a")), cls="gone")
    assert answer("http://x.example/", one).certainty is Certainty.NO_ROUTE


# Gateway API


GATE = (gateway_class(), gateway("gw", listener("web"), listener("secure", 443, "HTTPS", tls_mode="Terminate")))


def via_gateway(url: str, *routes: Any, gates: Any = GATE, **more: Any) -> UrlAnswer:
    return ask(snapshot(*BACKENDS, *gates, *routes), url, **more)


# HTTPRouteRule.matches: the order in which ties are broken. Each pair: the winner's match, the loser's.
@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (match("/foo", "Exact"), match("/foo")),
        (match("/foo/bar"), match("/foo")),
        (match("/foo/bar", method="GET"), match("/foo/bar")),
        (match("/foo/bar", method="GET"), match("/foo/bar", headers=(named("v", "2"), named("w", "1")))),
        (match("/foo", headers=(named("v", "2"), named("w", "1"))), match("/foo", headers=(named("v", "2"),))),
        (match("/foo", headers=(named("v", "2"),)), match("/foo", query_params=(named("q", "1"), named("r", "2")))),
        (
            match("/foo", query_params=(named("q", "1"), named("r", "2"))),
            match("/foo", query_params=(named("q", "1"),)),
        ),
        (match("/foo/bar"), match("/foo", method="GET", headers=(named("v", "2"),))),
    ],
)
def test_the_specifications_order_of_precedence(better: Any, worse: Any) -> None:
    url_path = better.path if better.path_type == "Exact" else "/foo/bar"
    for first, second in ((better, worse), (worse, better)):
        rules = (
            http_rule(backend("a" if first is better else "b"), matches=(first,)),
            http_rule(backend("a" if second is better else "b"), matches=(second,)),
        )
        found = via_gateway(
            f"http://x.example{url_path}?q=1&r=2",
            http_route("one", *rules),
            headers=(("V", "2"), ("w", "1")),
        )
        assert winner(found) == "shop/a:80"


def test_the_older_route_wins_a_tie_and_then_the_first_by_name() -> None:
    old = http_route("z-old", http_rule(backend("a")), created="2026-01-01T00:00:00Z")
    new = http_route("a-new", http_rule(backend("b")), created="2026-01-02T00:00:00Z")
    assert winner(via_gateway("http://x.example/", new, old)) == "shop/a:80"
    same = http_route("a-same", http_rule(backend("c")), created="2026-01-01T00:00:00Z")
    assert winner(via_gateway("http://x.example/", new, old, same)) == "shop/c:80"


def test_within_a_route_the_first_rule_wins_a_tie() -> None:
    one = http_route("one", http_rule(backend("a")), http_rule(backend("b")))
    assert winner(via_gateway("http://x.example/", one)) == "shop/a:80"


def test_the_more_specific_hostname_wins_before_the_path() -> None:
    wide = http_route("wide", http_rule(backend("a"), matches=(match("/cart", "Exact"),)), hosts=("*.example",))
    exact = http_route("exact", http_rule(backend("b")), hosts=("x.example",))
    assert winner(via_gateway("http://x.example/cart", wide, exact)) == "shop/b:80"
    assert winner(via_gateway("http://y.z.example/cart", wide, exact)) == "shop/a:80"


def test_the_listener_is_chosen_by_port_scheme_and_hostname() -> None:
    only_secure = http_route("one", http_rule(backend("a")), parents=(parent(section="secure"),))
    assert winner(via_gateway("https://x.example/", only_secure)) == "shop/a:80"
    found = via_gateway("http://x.example/", only_secure)
    assert found.certainty is Certainty.NO_ROUTE
    assert "not attached to it there" in found.candidates[0].why
    missing = via_gateway("http://x.example:81/", only_secure)
    assert missing.candidates[0].why == "the Gateway has no HTTP listener on port 81 for x.example"


def test_the_most_specific_listener_takes_the_connection() -> None:
    gates = (gateway_class(), gateway("gw", listener("any"), listener("own", hostname="x.example")))
    on_any = http_route("one", http_rule(backend("a")), parents=(parent(section="any"),))
    assert via_gateway("http://x.example/", on_any, gates=gates).certainty is Certainty.NO_ROUTE
    assert winner(via_gateway("http://y.example/", on_any, gates=gates)) == "shop/a:80"


def test_weighted_backends_share_the_requests() -> None:
    one = http_route("one", http_rule(backend("a", weight=9), backend("b", weight=1), backend("c", weight=0)))
    found = via_gateway("http://x.example/", one)
    assert [row.backend.label for row in found.winners] == ["shop/a:80", "shop/b:80"]


def test_a_tls_route_takes_connections_by_their_server_name() -> None:
    gates = (gateway_class(), gateway("gw", listener("pass", 443, "TLS", tls_mode="Passthrough", hostname="*.example")))
    one = http_route("one", http_rule(backend("a"), matches=()), hosts=("x.example",), kind="TLSRoute")
    assert winner(via_gateway("https://x.example/any/path", one, gates=gates)) == "shop/a:80"
    assert via_gateway("https://y.example/", one, gates=gates).certainty is Certainty.NO_ROUTE
    assert via_gateway("http://x.example:443/", one, gates=gates).certainty is Certainty.NO_ROUTE


def test_an_https_listener_does_not_serve_a_tls_route() -> None:
    one = http_route("one", http_rule(backend("a"), matches=()), kind="TLSRoute")
    assert via_gateway("https://x.example/", one).certainty is Certainty.NO_ROUTE


def test_a_regular_expression_is_not_guessed() -> None:
    one = http_route(
        "one", http_rule(backend("a"), matches=(match("/v[0-9]+", "RegularExpression"),)), http_rule(backend("b"))
    )
    found = via_gateway("http://x.example/v1", one)
    assert found.certainty is Certainty.UNKNOWN
    assert {c.row.backend.label: c.fit for c in found.candidates} == {"shop/a:80": Fit.UNKNOWN, "shop/b:80": Fit.YES}


def test_header_and_query_conditions_that_fail_lose() -> None:
    one = http_route(
        "one",
        http_rule(backend("a"), matches=(match(headers=(named("canary", "yes"),)),)),
        http_rule(backend("b"), matches=(match(query_params=(named("beta", "1"),)),)),
        http_rule(backend("c")),
    )
    assert winner(via_gateway("http://x.example/", one)) == "shop/c:80"
    assert winner(via_gateway("http://x.example/?beta=1&beta=2", one)) == "shop/b:80"
    assert winner(via_gateway("http://x.example/?beta=2&beta=1", one)) == "shop/c:80"
    assert winner(via_gateway("http://x.example/", one, headers=(("Canary", "yes"),))) == "shop/a:80"
