"""Host names and wildcards: an Ingress's ``*.x`` takes exactly one label, Gateway API's one or more."""

from __future__ import annotations

from typing import Final

ANY_HOST: Final = ""


def ingress_host_matches(pattern: str, host: str) -> bool:
    """Whether an Ingress rule's host takes ``host``; "" takes every host.

    ``*.foo.com`` takes ``bar.foo.com`` and neither ``foo.com`` nor ``baz.bar.foo.com`` (networking/v1, IngressRule).
    """
    pattern, host = pattern.lower(), host.lower()
    if pattern == ANY_HOST:
        return True
    if not pattern.startswith("*."):
        return pattern == host
    label, dot, rest = host.partition(".")
    return bool(label and dot) and rest == pattern[2:]


def gateway_host_matches(pattern: str, host: str) -> bool:
    """Whether a listener's or route's hostname takes ``host``; "" takes every host.

    ``*.example.com`` is a suffix match: it takes ``test.example.com`` and ``foo.test.example.com``, not
    ``example.com`` (gateway.networking.k8s.io/v1, HTTPRouteSpec.hostnames).
    """
    pattern, host = pattern.lower(), host.lower()
    if pattern == ANY_HOST:
        return True
    if not pattern.startswith("*."):
        return pattern == host
    return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1


def intersection(listener: str, route: str) -> str | None:
    """The hosts that a listener's and a route's hostname have in common, as one hostname; None for none."""
    listener, route = listener.lower(), route.lower()
    if listener == ANY_HOST or route == ANY_HOST:
        return listener or route
    if listener == route:
        return listener
    if gateway_host_matches(listener, _sample(route)):
        return route
    return listener if gateway_host_matches(route, _sample(listener)) else None


def _sample(pattern: str) -> str:
    """A host that ``pattern`` takes: with one more label in place of the asterisk."""
    return f"label{pattern[1:]}" if pattern.startswith("*.") else pattern


def intersections(listener: str, routes: tuple[str, ...]) -> tuple[str, ...]:
    """The hostnames under which a listener serves a route; a route without hostnames has the listener's."""
    found = (intersection(listener, route) for route in routes or (ANY_HOST,))
    return tuple(dict.fromkeys(host for host in found if host is not None))


def specificity(host: str) -> tuple[int, int]:
    """Larger is more specific: the characters of a name without wildcard first, then those of any (Gateway API)."""
    return (0 if host.startswith("*.") else len(host), len(host))
