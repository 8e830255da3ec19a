"""Tested URLs against a naive reading of the two APIs, on random routes."""

from hypothesis import given
from hypothesis import strategies as st

from lib.routing.url_test import Certainty
from lib.routing.url_test import test_url as ask
from tests.routing.make import (
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
    path,
    rule,
    snapshot,
    svc,
)

BACKENDS = [f"b{i}" for i in range(6)]
BASE = [item for name in BACKENDS for item in (app(name), svc(name))]
HOSTS = st.sampled_from(["", "*.example", "*.a.example", "a.example", "x.a.example"])
REQUEST_HOSTS = st.sampled_from(["a.example", "x.a.example", "y.a.example", "b.example", "example", "z.y.a.example"])
PATHS = st.sampled_from(["/", "/foo", "/foo/", "/foo/bar", "/foobar", "/bar"])
TYPES = st.sampled_from(["Exact", "Prefix"])
RULES = st.lists(st.tuples(HOSTS, PATHS, TYPES), unique_by=lambda r: (r[0], r[1].rstrip("/"), r[2]), max_size=6)


def segments(text: str) -> list[str]:
    return [part for part in text.split("/") if part]


def path_fits(kind: str, wanted: str, asked: str) -> bool:
    if kind == "Exact":
        return wanted == asked
    return segments(asked)[: len(segments(wanted))] == segments(wanted)


def ingress_host_fits(wanted: str, asked: str) -> bool:
    if wanted.startswith("*."):
        return asked.count(".") == wanted.count(".") and asked.endswith(wanted[1:])
    return wanted in ("", asked)


@given(RULES, REQUEST_HOSTS, PATHS)
def test_an_ingress_answers_as_its_words_say(rules: list[tuple[str, str, str]], host: str, asked: str) -> None:
    one = ingress("one", *(rule(h, path(p, f"b{i}", t)) for i, (h, p, t) in enumerate(rules)))
    found = ask(snapshot(*BASE, WEB_CLASS, one), f"http://{host}{asked}")
    fitting = [(h, p, t, f"shop/b{i}:80") for i, (h, p, t) in enumerate(rules) if ingress_host_fits(h, host)]
    best_host = max((h for h, *_ in fitting), key=lambda h: (h != "", not h.startswith("*"), len(h)), default=None)
    paths = [r for r in fitting if r[0] == best_host and path_fits(r[2], r[1], asked)]
    others = [r for r in fitting if r[0] != best_host and path_fits(r[2], r[1], asked)]
    if paths:
        best = max(paths, key=lambda r: (len(segments(r[1])), r[2] == "Exact"))
        assert found.winner is not None and found.winner.backend.label == best[3]
    else:
        assert found.certainty is (Certainty.UNKNOWN if others else Certainty.NO_ROUTE)


METHODS = st.sampled_from(["", "GET", "POST"])
AGES = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"])
ROUTES = st.lists(st.tuples(HOSTS, PATHS, TYPES, METHODS, AGES), max_size=6)


def gateway_host_fits(wanted: str, asked: str) -> bool:
    return wanted in ("", asked) or (wanted.startswith("*.") and asked.endswith(wanted[1:]))


@given(ROUTES, REQUEST_HOSTS, PATHS)
def test_a_gateway_answers_in_the_specifications_order(
    routes: list[tuple[str, str, str, str, str]], host: str, asked: str
) -> None:
    objects = []
    for i, (h, p, t, m, created) in enumerate(routes):
        found_match = match(p, "PathPrefix" if t == "Prefix" else "Exact", method=m)
        hosts = (h,) if h else ()
        rules = http_rule(backend(f"b{i}"), matches=(found_match,))
        objects.append(http_route(f"route-{i}", rules, hosts=hosts, created=created))
    found = ask(snapshot(*BASE, gateway_class(), gateway("gw", listener("web")), *objects), f"http://{host}{asked}")
    fitting = [
        # hostname without wildcard, hostname, exact, prefix length, method; then the oldest and the first by name
        (
            (-(len(h) if not h.startswith("*") else 0), -len(h), t != "Exact", -len(p) if t == "Prefix" else 0, not m),
            created,
            f"route-{i}",
        )
        for i, (h, p, t, m, created) in enumerate(routes)
        if gateway_host_fits(h, host) and path_fits(t, p, asked) and m in ("", "GET")
    ]
    if not fitting:
        assert found.certainty is Certainty.NO_ROUTE
    else:
        assert found.winner is not None and found.winner.route.name == min(fitting)[2]
