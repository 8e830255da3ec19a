"""Gateway API: defaults and rules of its CRDs."""

from __future__ import annotations

import pytest

from lib.model.refs import ObjectRef
from lib.model.routes import GatewayRoute, ResourceBackend, RouteMatch, ServiceBackend
from tests.loaders.parse.build import faults, load, merged

GATEWAY = """
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: gw, namespace: infra}
    spec:
      gatewayClassName: istio
      listeners: [{name: http, port: 80, protocol: HTTP}]
"""
ROUTE = """
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: r, namespace: shop}
    spec:
      parentRefs: [{name: gw, namespace: infra}]
      rules: [{backendRefs: [{name: web, port: 80}]}]
"""


def route(changes: str) -> GatewayRoute:
    loaded = load(merged(ROUTE, changes))
    assert loaded.problems == ()
    (found,) = loaded.snapshot.gateway_routes
    return found


def matches(rule: str, kind: str = "HTTPRoute") -> tuple[RouteMatch, ...]:
    return route(f"{{kind: {kind}, spec: {{rules: [{rule}]}}}}").rules[0].matches


def test_a_listener_lets_in_routes_of_its_own_namespace_by_default() -> None:
    loaded = load(GATEWAY)
    assert loaded.problems == ()
    (listener,) = loaded.snapshot.gateways[0].listeners
    assert (listener.name, listener.port, listener.protocol, listener.hostname) == ("http", 80, "HTTP", "")
    assert (listener.allowed_routes.namespaces_from, listener.allowed_routes.kinds) == ("Same", ())


def test_a_tls_listener_terminates_by_default_with_secrets_of_its_namespace() -> None:
    tls = "{name: s, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: a}, {name: b, namespace: certs}]}}"
    (listener,) = load(merged(GATEWAY, f"spec: {{listeners: [{tls}]}}")).snapshot.gateways[0].listeners
    assert listener.tls_mode == "Terminate"
    assert listener.certificates == (ObjectRef("infra", "a", "Secret"), ObjectRef("certs", "b", "Secret"))


@pytest.mark.parametrize(
    ("listeners", "code", "path"),
    [
        ("[]", "missing-listener", "spec"),
        ("[{name: a, protocol: HTTP}]", "missing-port", "spec.listeners[0]"),
        ("[{name: a, port: 80}]", "missing-protocol", "spec.listeners[0]"),
        ("[{name: a, port: 0, protocol: HTTP}]", "out-of-range", "spec.listeners[0].port"),
        ("[{port: 80, protocol: HTTP}]", "invalid-name", "spec.listeners[0]"),
        ("[{name: a, port: 80, protocol: HTTP, hostname: '*'}]", "invalid-host", "spec.listeners[0].hostname"),
        ("[{name: a, port: 80, protocol: TCP, hostname: a.b}]", "invalid-host", "spec.listeners[0].hostname"),
        ("[{name: a, port: 80, protocol: HTTP, tls: {}}]", "tls-without-protocol", "spec.listeners[0].tls"),
        ("[{name: a, port: 443, protocol: HTTPS, tls: {}}]", "missing-certificate", "spec.listeners[0].tls"),
        (
            "[{name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}]",
            "tls-mode",
            "spec.listeners[0].tls.mode",
        ),
        (
            "[{name: a, port: 80, protocol: HTTP}, {name: a, port: 81, protocol: HTTP}]",
            "duplicate-listener",
            "spec.listeners[1].name",
        ),
        (
            "[{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}]",
            "duplicate-listener",
            "spec.listeners[1]",
        ),
        (
            "[{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector}}}]",
            "missing-selector",
            "spec.listeners[0].allowedRoutes.namespaces",
        ),
    ],
)
def test_a_listener_that_the_server_refuses_rejects_the_gateway(listeners: str, code: str, path: str) -> None:
    loaded = load(merged(GATEWAY, f"spec: {{listeners: {listeners}}}"))
    assert ("error", code, path) in faults(loaded)
    assert loaded.snapshot.gateways == ()


def test_a_field_of_another_channel_is_a_warning_and_the_gateway_counts() -> None:
    loaded = load(merged(GATEWAY, "spec: {fancy: 1}"))
    assert faults(loaded) == [("warning", "unknown-field", "spec.fancy")]
    assert len(loaded.snapshot.gateways) == 1


def test_a_parent_is_a_gateway_of_the_routes_namespace_unless_said_otherwise() -> None:
    found = route("spec: {parentRefs: [{name: a}, {name: b, namespace: n, sectionName: s, port: 80}]}")
    first, second = found.parents
    assert (first.ref, first.section, first.port) == (ObjectRef("shop", "a", "Gateway"), "", None)
    assert (second.ref, second.section, second.port) == (ObjectRef("n", "b", "Gateway"), "s", 80)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param("{}", [("/", "PathPrefix")], id="no matches"),
        pytest.param("{matches: []}", [("/", "PathPrefix")], id="empty matches"),
        pytest.param("{matches: [{}]}", [("/", "PathPrefix")], id="an empty match"),
        pytest.param("{matches: [{path: {value: /a}}]}", [("/a", "PathPrefix")], id="type defaults to prefix"),
        pytest.param("{matches: [{path: {type: Exact, value: /a}}]}", [("/a", "Exact")], id="exact"),
    ],
)
def test_http_matches_default_to_every_path(rule: str, expected: list[tuple[str, str]]) -> None:
    assert [(m.path, m.path_type) for m in matches(rule)] == expected


def test_a_route_without_rules_matches_every_path_and_has_no_backend() -> None:
    loaded = load("""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: r}
        spec: {}
    """)
    (rule,) = loaded.snapshot.gateway_routes[0].rules
    assert (rule.matches, rule.backends) == ((RouteMatch(),), ())


@pytest.mark.parametrize(
    ("method", "path", "path_type"),
    [
        ("{service: a.B, method: C}", "/a.B/C", "Exact"),
        ("{service: a.B}", "/a.B", "PathPrefix"),
        ("{method: C}", "/[^/]+/C", "RegularExpression"),
        ("{type: RegularExpression, service: 'a.*', method: C}", "/a.*/C", "RegularExpression"),
    ],
)
def test_grpc_methods_become_paths(method: str, path: str, path_type: str) -> None:
    (found,) = matches(f"{{matches: [{{method: {method}}}]}}", "GRPCRoute")
    assert (found.path, found.path_type) == (path, path_type)


def test_backends_weigh_one_and_stand_in_the_routes_namespace_by_default() -> None:
    refs = "[{name: a, port: 1}, {name: b, namespace: n, port: 2, weight: 0}, {group: x.y, kind: K, name: c}]"
    first, second, third = route(f"spec: {{rules: [{{backendRefs: {refs}}}]}}").rules[0].backends
    assert isinstance(first, ServiceBackend)
    assert (first.service, first.port, first.weight) == (ObjectRef("shop", "a", "Service"), 1, 1)
    assert isinstance(second, ServiceBackend)
    assert (second.service.namespace, second.weight) == ("n", 0)
    assert isinstance(third, ResourceBackend)
    assert third.api_group == "x.y"


@pytest.mark.parametrize("kind", ["TLSRoute", "TCPRoute", "UDPRoute"])
def test_routes_below_http_have_backends_and_no_matches(kind: str) -> None:
    found = route(f"{{apiVersion: gateway.networking.k8s.io/v1alpha2, kind: {kind}}}")
    assert found.ref.kind == kind
    assert (found.rules[0].matches, len(found.rules[0].backends)) == ((), 1)


@pytest.mark.parametrize(
    ("spec", "code", "path"),
    [
        ("{parentRefs: [{}]}", "missing-name", "spec.parentRefs[0]"),
        ("{hostnames: [10.0.0.1]}", "invalid-host", "spec.hostnames[0]"),
        ("{rules: [{backendRefs: [{name: web}]}]}", "missing-port", "spec.rules[0].backendRefs[0]"),
        ("{rules: [{backendRefs: [{port: 80}]}]}", "missing-name", "spec.rules[0].backendRefs[0]"),
        ("{rules: [{matches: [{path: {value: a}}]}]}", "invalid-path", "spec.rules[0].matches[0].path.value"),
        ("{rules: [{matches: [{method: get}]}]}", "unsupported-value", "spec.rules[0].matches[0].method"),
        (
            "{rules: [{filters: [{type: RequestRedirect}], backendRefs: [{name: web, port: 80}]}]}",
            "redirect-with-backend",
            "spec.rules[0].backendRefs",
        ),
    ],
)
def test_a_route_that_the_server_refuses_is_not_taken_over(spec: str, code: str, path: str) -> None:
    loaded = load(merged(ROUTE, f"spec: {spec}"))
    assert ("error", code, path) in faults(loaded)
    assert loaded.snapshot.gateway_routes == ()


def test_a_class_says_whether_its_controller_took_it() -> None:
    text = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: GatewayClass
        metadata: {name: istio}
        spec: {controllerName: istio.io/gateway-controller}
    """
    assert load(text).snapshot.gateway_classes[0].accepted is None
    accepted = merged(text, "status: {conditions: [{type: Accepted, status: 'True'}]}")
    assert load(accepted).snapshot.gateway_classes[0].accepted is True


def test_a_grant_says_who_may_refer_to_what() -> None:
    text = """
        apiVersion: gateway.networking.k8s.io/v1beta1
        kind: ReferenceGrant
        metadata: {name: g, namespace: data}
        spec:
          from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
          to: [{group: "", kind: Service}, {group: "", kind: Secret, name: cert}]
    """
    (grant,) = load(text).snapshot.reference_grants
    assert (grant.from_[0].kind, grant.from_[0].namespace) == ("HTTPRoute", "shop")
    assert [(t.kind, t.name) for t in grant.to] == [("Service", ""), ("Secret", "cert")]
    assert faults(load(merged(text, "spec: {to: []}"))) == [("error", "incomplete-grant", "spec")]


def test_the_options_of_a_listeners_tls_are_kept_and_must_be_texts() -> None:
    options = "kubernetes.azure.com/tls-cert-keyvault-uri: {}"
    tls = "spec: {{listeners: [{{name: s, port: 443, protocol: HTTPS, tls: {{options: {{" + options + "}}}}}}]}}"
    (listener,) = load(merged(GATEWAY, tls.format("'https://kv.vault.azure.net/c'"))).snapshot.gateways[0].listeners
    assert dict(listener.tls_options) == {"kubernetes.azure.com/tls-cert-keyvault-uri": "https://kv.vault.azure.net/c"}
    assert [p.code for p in load(merged(GATEWAY, tls.format("7"))).problems] == ["wrong-type"]
