"""Routes of both APIs: class, attachment, grants, certificates, backends and conflicts."""

from dataclasses import replace
from typing import Any

import pytest

from lib.model.cluster import Namespace
from lib.model.labels import LabelSelector
from lib.model.routes import AllowedRoutes, Ingress, ReferenceGrant, ReferenceGrantFrom, ReferenceGrantTo
from lib.model.snapshot import Coverage, Snapshot
from lib.routing.conflicts import conflicts
from lib.routing.faults import Fault, State
from lib.routing.route_view import RouteView
from lib.routing.routes import ingress_backends, route_views
from lib.routing.tls import KEY_VAULT_ANNOTATION
from tests.routing.make import (
    COMPLETE,
    NGINX_CLASS,
    WEB_CLASS,
    app,
    backend,
    gateway,
    gateway_class,
    http_route,
    http_rule,
    ingress,
    ingress_class,
    listener,
    match,
    parent,
    path,
    port,
    ref,
    rule,
    secret,
    service,
    snapshot,
    sport,
    src,
    svc,
    tls,
)

NO_SLICES = {**COMPLETE, "EndpointSlice": Coverage.NOT_SUPPLIED}
BASE = (app("web", port(8080, "http")), svc("web", 80, "http"))


def rows(*objects: object, coverage: Any = NO_SLICES, **more: Any) -> tuple[RouteView, ...]:
    return route_views(snapshot(*objects, coverage=coverage, **more))


def only(*objects: object, **more: Any) -> RouteView:
    (row,) = rows(*objects, **more)
    return row


def faults(row: RouteView) -> set[Fault]:
    return {i.fault for i in row.issues}


SIMPLE = ingress("shop", rule("shop.example.com", path("/", "web")))


def test_an_ingress_path_leads_through_service_and_port_to_the_workload() -> None:
    row = only(*BASE, WEB_CLASS, SIMPLE)
    assert (row.host, row.path, row.path_type) == ("shop.example.com", "/", "Prefix")
    assert [w.ref.name for w in row.backend.workloads] == ["web"]
    assert row.backend.target_ports == (8080,)
    assert (row.state, row.accepted, row.reason) == (State.OK, True, "")


def test_a_row_for_each_host_path_and_default_backend() -> None:
    two = ingress("two", rule("a.example", path("/x", "web"), path("/y", "web")), default_backend=backend("web"))
    assert [(r.host, r.path, r.path_type) for r in rows(*BASE, WEB_CLASS, two)] == [
        ("", "", "Default"),
        ("a.example", "/x", "Prefix"),
        ("a.example", "/y", "Prefix"),
    ]


# Classes


@pytest.mark.parametrize(
    ("classes", "cls", "name", "label", "found"),
    [
        ([NGINX_CLASS], "nginx", "nginx", "Ingress NGINX (installed by yourself)", {Fault.CONTROLLER_RETIRED}),
        ([WEB_CLASS], "web", "web", "other (example.com/controller)", set()),
        ([WEB_CLASS], "gone", "gone", "unknown", {Fault.CLASS_UNKNOWN}),
        (
            [ingress_class("d", "alb.networking.azure.io/alb-controller", True)],
            "",
            "d",
            "Application Gateway for Containers",
            set(),
        ),
        ([WEB_CLASS], "", "", "unknown", {Fault.CLASS_NOT_SET}),
        (
            [ingress_class("a", default=True), ingress_class("b", default=True)],
            "",
            "",
            "unknown",
            {Fault.SEVERAL_DEFAULT_CLASSES},
        ),
    ],
)
def test_the_class_names_the_controller(classes: Any, cls: str, name: str, label: str, found: set[Fault]) -> None:
    row = only(*BASE, *classes, replace(SIMPLE, class_name=cls))
    assert (row.served_by.name, row.served_by.label) == (name, label)
    assert faults(row) == found


def test_an_annotation_needs_no_ingress_class_object() -> None:
    old = replace(SIMPLE, class_name="azure/application-gateway", class_from_annotation=True)
    row = only(*BASE, WEB_CLASS, old)
    assert (row.served_by.how, row.served_by.label) == ("annotation", "Application Gateway Ingress Controller")
    assert row.state is State.OK


def test_without_ingress_classes_in_the_input_the_usual_controller_is_named_and_nothing_is_missing() -> None:
    row = only(
        *BASE, replace(SIMPLE, class_name="nginx"), coverage={**NO_SLICES, "IngressClass": Coverage.NOT_SUPPLIED}
    )
    assert row.served_by.label.startswith("Ingress NGINX")
    assert row.accepted is None
    assert row.unchecked == ("class nginx not checked: IngressClass not supplied",)


def test_a_controllers_support_is_a_note_of_its_routes_and_none_is_at_fault_for_it() -> None:
    row = only(*BASE, NGINX_CLASS, replace(SIMPLE, class_name="nginx"))
    assert faults(row) == {Fault.CONTROLLER_RETIRED}
    assert (row.state, row.reason) == (State.OK, "")
    assert row.notes.startswith("Ingress NGINX (installed by yourself): ")


def test_a_route_of_a_retired_controller_is_told_its_own_faults_only() -> None:
    broken = ingress("shop", rule("shop.example.com", path("/", "gone"), path("/x", "web")), cls="nginx")
    first, second = rows(*BASE, NGINX_CLASS, broken)
    assert (first.state, second.state) == (State.ERROR, State.OK)
    assert first.reason == "shop.example.com/ leads to Service shop/gone, which does not exist"


def test_a_class_that_was_not_checked_is_a_note_of_its_routes() -> None:
    coverage = {**NO_SLICES, "IngressClass": Coverage.NOT_SUPPLIED}
    row = only(*BASE, replace(SIMPLE, class_name="own"), coverage=coverage)
    assert (row.state, row.reason, row.accepted) == (State.OK, "", None)
    assert row.notes == "class own not checked: IngressClass not supplied"


def test_a_class_that_does_not_exist_is_the_routes_own_fault() -> None:
    row = only(*BASE, WEB_CLASS, replace(SIMPLE, class_name="gone"))
    assert (row.state, row.notes) == (State.ERROR, "")


# Backends


@pytest.mark.parametrize(
    ("to", "fault"),
    [
        (path("/", "gone"), Fault.BACKEND_MISSING),
        (path("/", "web", number=81), Fault.BACKEND_PORT_MISSING),
        (path("/", "web", number="http"), Fault.BACKEND_PORT_MISSING),
        (path("/", "empty"), Fault.BACKEND_WITHOUT_ENDPOINTS),
        (path("/", "typo"), Fault.BACKEND_WITHOUT_ENDPOINTS),
    ],
)
def test_what_can_be_wrong_with_a_backend(to: Any, fault: Fault) -> None:
    typo = service("typo", {"app": "web"}, sport(80, "htpp"))
    row = only(*BASE, svc("empty"), typo, WEB_CLASS, ingress("shop", rule("a.example", to)))
    assert faults(row) == {fault}
    assert row.state is State.ERROR


def test_a_missing_backend_is_not_checked_without_all_services() -> None:
    bad = ingress("shop", rule("a.example", path("/blog", "blog")))
    row = only(*BASE, WEB_CLASS, bad, coverage={**NO_SLICES, "Service": Coverage.PARTIAL})
    assert (row.state, row.reason) == (
        State.NOT_CHECKED,
        "backend Service shop/blog not checked: Service partly supplied",
    )


def test_a_backend_port_may_be_named() -> None:
    named = service("web", {"app": "web"}, sport(80, 8080, name="web-port"))
    row = only(BASE[0], named, WEB_CLASS, ingress("shop", rule("a.example", path("/", "web", number="web-port"))))
    assert row.backend.target_ports == (8080,)


def test_a_number_that_serves_two_protocols_is_the_routes_protocols_port() -> None:
    both = service("dns", {"app": "web"}, sport(53, 5353, protocol="UDP", name="u"), sport(53, 8053, name="t"))
    over_tcp = ingress("shop", rule("a.example", path("/", "dns", number=53)))
    assert only(BASE[0], both, WEB_CLASS, over_tcp).backend.target_ports == (8053,)
    gates = (gateway_class(), gateway("gw", listener("dns", 53, "UDP")))
    over_udp = http_route("dns", http_rule(backend("dns", 53), matches=()), kind="UDPRoute")
    assert only(BASE[0], both, *gates, over_udp).backend.target_ports == (5353,)


# TLS


SECURE = replace(SIMPLE, tls=(tls("cert", "shop.example.com"),))


@pytest.mark.parametrize(
    ("objects", "coverage", "text", "state"),
    [
        ([secret("cert")], NO_SLICES, "cert: found", State.OK),
        ([], NO_SLICES, "cert: missing", State.ERROR),
        ([secret("cert", "elsewhere")], NO_SLICES, "cert: missing", State.ERROR),
        ([], {**NO_SLICES, "Secret": Coverage.NOT_SUPPLIED}, "cert: not checked", State.NOT_CHECKED),
        ([secret("cert", keys=("tls.crt",))], NO_SLICES, "cert: unusable", State.ERROR),
    ],
)
def test_a_tls_secret_is_found_missing_or_not_checked(objects: Any, coverage: Any, text: str, state: State) -> None:
    row = only(*BASE, WEB_CLASS, SECURE, *objects, coverage=coverage)
    assert (str(row.tls), row.state) == (text, state)


@pytest.mark.parametrize(
    ("entry", "host", "covered"),
    [
        (tls("cert", "a.example"), "a.example", True),
        (tls("cert", "b.example"), "a.example", False),
        (tls("cert", "*.example"), "a.example", True),
        (tls("cert", "*.example"), "x.a.example", False),
        (tls("cert"), "a.example", True),
    ],
)
def test_a_certificate_counts_for_the_hosts_it_names(entry: Any, host: str, covered: bool) -> None:
    row = only(*BASE, WEB_CLASS, secret("cert"), ingress("shop", rule(host, path("/", "web")), tls=(entry,)))
    assert (row.tls.mode == "terminate") is covered


def test_a_key_vault_certificate_is_the_controllers_where_secrets_were_not_supplied() -> None:
    vault = replace(
        SIMPLE, tls=(tls("keyvault-shop", "shop.example.com"),), annotations={KEY_VAULT_ANNOTATION: "https://v.example"}
    )
    row = only(*BASE, WEB_CLASS, vault, coverage={**NO_SLICES, "Secret": Coverage.NOT_SUPPLIED})
    assert (str(row.tls), row.state) == ("keyvault-shop: from the controller (made from Key Vault)", State.OK)


# Conflicts


def pair(created_a: str = "", created_b: str = "", cls: str = "nginx", **other: Any) -> tuple[Ingress, Ingress]:
    a = ingress("a", rule("x.example", path("/orders", "web")), cls=cls, created=created_a)
    b = ingress("b", rule("x.example", path("/orders", "cart", **other)), cls=cls, created=created_b)
    return a, b


CART = (app("cart"), svc("cart"))


# ingress-nginx, "Basic usage": if the same path for the same host is defined more than once, the oldest rule wins.
@pytest.mark.parametrize(
    ("cls", "ages", "winner", "outcome"),
    [
        ("nginx", ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), "b", "Ingress shop/b wins, as the older one"),
        ("nginx", ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "a", "Ingress shop/a wins, as the older one"),
        ("nginx", ("", ""), None, "the older one wins, and the input has no creation times"),
        ("nginx", ("2026-01-01T00:00:00Z",) * 2, None, "the older one wins, and they are equally old"),
        ("web", ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), None, "which one wins depends on the controller"),
    ],
)
def test_two_ingresses_with_the_same_host_and_path_conflict(
    cls: str, ages: tuple[str, str], winner: str | None, outcome: str
) -> None:
    found = rows(*BASE, *CART, NGINX_CLASS, WEB_CLASS, *pair(*ages, cls=cls))
    assert all(Fault.ROUTE_CONFLICT in faults(row) for row in found)
    (conflict,) = conflicts(found)
    assert (conflict.winner and conflict.winner.route.name, conflict.outcome) == (winner, outcome)


def test_exact_and_prefix_of_one_path_are_no_conflict() -> None:
    assert conflicts(rows(*BASE, *CART, NGINX_CLASS, *pair(type="Exact"))) == ()


def test_two_classes_do_not_conflict() -> None:
    a, b = pair()
    assert conflicts(rows(*BASE, *CART, NGINX_CLASS, WEB_CLASS, a, replace(b, class_name="web"))) == ()


def test_a_canary_is_no_conflict() -> None:
    a, b = pair()
    canary = replace(b, annotations={"nginx.ingress.kubernetes.io/canary": "true"})
    assert conflicts(rows(*BASE, *CART, NGINX_CLASS, a, canary)) == ()


def test_the_same_backend_twice_is_no_conflict() -> None:
    a, _ = pair()
    assert conflicts(rows(*BASE, NGINX_CLASS, a, replace(a, ref=ref("Ingress", "b")))) == ()


# Gateway API


GATE = (gateway_class(), gateway("gw", listener("web")))
ROUTE = http_route("web", http_rule(backend("web")), hosts=("a.example",))


def attached(*objects: object, **more: Any) -> RouteView:
    return rows(*BASE, *objects, **more)[0]


def test_a_route_attaches_to_a_listener_of_its_gateway() -> None:
    row = attached(*GATE, ROUTE)
    assert (row.accepted, row.listeners, row.host, row.state) == (True, ("web",), "a.example", State.OK)
    assert row.backend.target_ports == (8080,)


OTHER = Namespace("other", {"kubernetes.io/metadata.name": "other", "team": "x"}, src())
FROM_OTHER = replace(ROUTE, ref=ref("HTTPRoute", "web", "other"))


def allowed(**more: Any) -> Any:
    return (gateway_class(), gateway("gw", listener("web", allowed_routes=AllowedRoutes(**more))))


TEAM_X = LabelSelector.from_labels({"team": "x"})
TEAM_Y = LabelSelector.from_labels({"team": "y"})


# gateway.networking.k8s.io/v1: ParentReference, AllowedRoutes, Listener.hostname.
@pytest.mark.parametrize(
    ("gates", "route", "fault"),
    [
        (GATE, replace(ROUTE, parents=(parent("gone"),)), Fault.GATEWAY_MISSING),
        (GATE, replace(ROUTE, parents=()), Fault.NO_PARENT),
        (GATE, replace(ROUTE, parents=(parent(section="https"),)), Fault.NO_LISTENER),
        (GATE, replace(ROUTE, parents=(parent(port=443),)), Fault.NO_LISTENER),
        (GATE, replace(ROUTE, parents=(parent(section="web", port=80),)), None),
        (GATE, FROM_OTHER, Fault.NOT_ALLOWED_NAMESPACE),
        (allowed(namespaces_from="All"), FROM_OTHER, None),
        (allowed(namespaces_from="None"), ROUTE, Fault.NOT_ALLOWED_NAMESPACE),
        (allowed(namespaces_from="Selector", selector=TEAM_X), FROM_OTHER, None),
        (allowed(namespaces_from="Selector", selector=TEAM_Y), FROM_OTHER, Fault.NOT_ALLOWED_NAMESPACE),
        (allowed(kinds=("GRPCRoute",)), ROUTE, Fault.NOT_ALLOWED_KIND),
        (GATE, replace(ROUTE, ref=ref("TCPRoute", "web")), Fault.NOT_ALLOWED_KIND),
        ((gateway_class(), gateway("gw", listener("web", hostname="*.b.example"))), ROUTE, Fault.NO_MATCHING_HOSTNAME),
        ((gateway_class(), gateway("gw", listener("web", hostname="*.example"))), ROUTE, None),
        ((gateway("gw", listener("web")),), ROUTE, Fault.GATEWAY_CLASS_MISSING),
        ((gateway_class(accepted=False), GATE[1]), ROUTE, Fault.GATEWAY_CLASS_REFUSED),
    ],
)
def test_why_a_route_is_not_attached(gates: Any, route: Any, fault: Fault | None) -> None:
    namespaces = (Namespace("shop", {"kubernetes.io/metadata.name": "shop"}, src()), OTHER)
    row = attached(*gates, route, namespaces=namespaces)
    own = {i.fault for i in (*row.own_issues, *row.served_by.issues)}
    assert own == ({fault} if fault else set())


def test_a_namespace_whose_labels_are_unknown_is_not_checked() -> None:
    namespaces = (Namespace("other", {"kubernetes.io/metadata.name": "other"}),)
    gates = allowed(namespaces_from="Selector", selector=TEAM_X)
    row = attached(
        *gates, FROM_OTHER, namespaces=namespaces, coverage={**NO_SLICES, "Namespace": Coverage.NOT_SUPPLIED}
    )
    assert row.accepted is None
    assert row.own_unchecked and row.own_issues == ()


def test_a_gateway_that_was_not_supplied_is_not_checked() -> None:
    row = attached(ROUTE, coverage={**NO_SLICES, "Gateway": Coverage.NOT_SUPPLIED})
    assert (row.accepted, row.reason) == (None, "Gateway shop/gw not checked: Gateway not supplied")


def test_a_service_as_parent_is_no_way_in() -> None:
    row = attached(*GATE, replace(ROUTE, parents=(parent("web", kind="Service"),)))
    assert (row.accepted, faults(row)) == (False, {Fault.MESH_PARENT})


def grant(to: str = "", namespace: str = "data", kind: str = "Service", from_ns: str = "shop") -> ReferenceGrant:
    source = ReferenceGrantFrom("gateway.networking.k8s.io", "HTTPRoute", from_ns)
    return ReferenceGrant(ref("ReferenceGrant", "g", namespace), src(), (source,), (ReferenceGrantTo("", kind, to),))


CROSS = http_route("web", http_rule(backend("db", namespace="data")), hosts=("a.example",))
FAR = (svc("db", namespace="data"), app("db", namespace="data"))


# gateway.networking.k8s.io, ReferenceGrant: in the namespace of the target; an empty name means all.
@pytest.mark.parametrize(
    ("grants", "permitted"),
    [
        ((), False),
        ((grant(),), True),
        ((grant("db"),), True),
        ((grant("other"),), False),
        ((grant(namespace="shop"),), False),
        ((grant(kind="Secret"),), False),
        ((grant(from_ns="elsewhere"),), False),
    ],
)
def test_a_backend_of_another_namespace_needs_a_grant_there(grants: Any, permitted: bool) -> None:
    row = attached(*GATE, *FAR, CROSS, reference_grants=grants)
    assert (Fault.REFERENCE_NOT_GRANTED in faults(row)) is not permitted
    assert bool(row.backend.workloads) is permitted


def test_a_grant_that_may_exist_is_not_checked() -> None:
    row = attached(*GATE, *FAR, CROSS, coverage={**NO_SLICES, "ReferenceGrant": Coverage.NOT_SUPPLIED})
    assert row.state is State.NOT_CHECKED


def test_a_certificate_of_another_namespace_needs_a_grant() -> None:
    https = listener("s", 443, "HTTPS", tls_mode="Terminate", certificates=(ref("Secret", "cert", "vault"),))
    row = attached(gateway_class(), gateway("gw", https), ROUTE, secret("cert", "vault"))
    assert Fault.REFERENCE_NOT_GRANTED in faults(row)


@pytest.mark.parametrize(
    ("option", "note"),
    [("kubernetes.azure.com/tls-cert-keyvault-uri", "Key Vault"), ("example.com/other", "no certificate named")],
)
def test_a_listener_whose_certificate_key_vault_has_says_so(option: str, note: str) -> None:
    """app-routing-gateway-api-dns-tls.md: the listener's option names the certificate."""
    https = listener("s", 443, "HTTPS", tls_mode="Terminate", tls_options={option: "https://kv.vault.azure.net/c"})
    (told,) = attached(gateway_class(), gateway("gw", https), ROUTE).tls.secrets
    assert note in told.note


def test_weights_divide_the_traffic_of_a_rule() -> None:
    shared = http_route(
        "web", http_rule(backend("web", weight=3), backend("cart", weight=1), backend("cart", weight=0))
    )
    found = rows(*BASE, *CART, *GATE, shared)
    assert sorted(row.weight_share or 0 for row in found) == [0, 0.25, 0.75]


def test_a_redirect_needs_no_backend_and_another_rule_does() -> None:
    redirect = http_route("r", http_rule(filters=("RequestRedirect",)), http_rule(matches=(match("/x"),)))
    found = rows(*BASE, *GATE, redirect)
    assert {row.path: faults(row) for row in found} == {"/": set(), "/x": {Fault.NO_BACKEND}}


# What routes carry, for the flows.


def carried(found: Snapshot) -> list[tuple[str, str, str]]:
    return [(b.route.name, b.workload.ref.name, str(b.connections)) for b in ingress_backends(found)]


def test_routes_carry_traffic_to_the_ports_on_the_pods() -> None:
    assert carried(snapshot(*BASE, WEB_CLASS, SIMPLE)) == [("shop", "web", "TCP 8080")]


def test_an_ingress_of_an_unknown_class_still_counts_and_a_refused_route_does_not() -> None:
    refused = replace(ROUTE, parents=(parent(section="gone"),))
    assert carried(snapshot(*BASE, *GATE, SIMPLE, refused)) == [("shop", "web", "TCP 8080")]


def test_two_paths_to_one_port_are_one_backend() -> None:
    two = ingress("two", rule("a.example", path("/x", "web"), path("/y", "web")))
    assert carried(snapshot(*BASE, WEB_CLASS, two)) == [("two", "web", "TCP 8080")]
