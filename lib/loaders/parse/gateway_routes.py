"""HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute of gateway.networking.k8s.io.

Source of the rules: the OpenAPI schemas and CEL rules in the CRDs of Gateway API.
"""

from __future__ import annotations

import re
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import GATEWAY_GROUP
from lib.loaders.mask import MASK
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object
from lib.loaders.parse.session import Session, Unknown, quote
from lib.loaders.parse.syntax import host_fault
from lib.model.refs import ObjectRef
from lib.model.routes import (
    Backend,
    GatewayRoute,
    GatewayRouteRule,
    NameValueMatch,
    ParentRef,
    ResourceBackend,
    RouteMatch,
    ServiceBackend,
)
from lib.model.sets import FIRST_PORT, LAST_PORT

_SPEC_FIELDS: Final = frozenset({"hostnames", "parentRefs", "rules", "useDefaultGateways"})
_PARENT_FIELDS: Final = frozenset({"group", "kind", "name", "namespace", "port", "sectionName"})
_RULE_FIELDS: Final = frozenset(
    {"backendRefs", "filters", "matches", "name", "retry", "sessionPersistence", "timeouts"}
)
_BACKEND_FIELDS: Final = frozenset({"filters", "group", "kind", "name", "namespace", "port", "weight"})
_MATCH_FIELDS: Final = frozenset({"headers", "method", "path", "queryParams"})
_HTTP_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_PATH_TYPES: Final = ("Exact", "PathPrefix", "RegularExpression")
_VALUE_TYPES: Final = ("Exact", "RegularExpression")
_BAD_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F", "#")
_BAD_ENDINGS: Final = ("/..", "/.")
_MAX_WEIGHT: Final = 1_000_000
ANY_PATH: Final = RouteMatch()


def parse_route(session: Session, raw: RawObject) -> GatewayRoute | None:
    """A route of any of the five kinds; None when the API server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    spec.only(_SPEC_FIELDS)
    hostnames = spec.texts("hostnames")
    for index, name in hostnames:
        if fault := host_fault(name):
            path = (*spec.path, "hostnames", index)
            spec.entry.error(path, "invalid-host", f"{quote(name)} {fault}", "Write a DNS name, or '*.' and one.")
    route = GatewayRoute(
        ref=reading.ref,
        source=raw.source,
        parents=tuple(_parent(reading, item) for item in spec.children("parentRefs")),
        hostnames=tuple(name for _, name in hostnames),
        rules=_rules(reading, spec, raw.kind),
        labels=reading.labels,
        annotations=reading.annotations,
        created=reading.created,
    )
    return None if reading.entry.failed else route


def _parent(reading: Reading, item: Fields) -> ParentRef:
    item.only(_PARENT_FIELDS)
    name = item.text("name")
    if not name:
        item.error(None, "missing-name", "has no name", "Name the Gateway.")
    kind = item.text("kind") or "Gateway"
    group = item.text("group", GATEWAY_GROUP)
    if group not in (GATEWAY_GROUP, ""):
        kind = f"{kind}.{group}"
    ref = ObjectRef(item.text("namespace") or reading.namespace, name, kind)
    port = item.number_within("port", FIRST_PORT, LAST_PORT, 0) or None
    return ParentRef(ref, item.source, item.text("sectionName"), port)


def _rules(reading: Reading, spec: Fields, kind: str) -> tuple[GatewayRouteRule, ...]:
    """The rules; an HTTPRoute without any has the one that the CRD defaults to, a match of every path."""
    items = spec.children("rules")
    if not items and not spec.has("rules") and kind == "HTTPRoute":
        return (GatewayRouteRule((ANY_PATH,), (), spec.source),)
    if not items and kind in ("TLSRoute", "TCPRoute", "UDPRoute") and not spec.sequence("rules"):
        spec.error(None, "missing-rules", "has no rules", "Add a rule with backendRefs.")
    return tuple(_rule(reading, item, kind) for item in items)


def _rule(reading: Reading, rule: Fields, kind: str) -> GatewayRouteRule:
    rule.only(_RULE_FIELDS)
    backends = tuple(_backend(reading, item) for item in rule.children("backendRefs"))
    filters = []
    for item in rule.children("filters"):
        word = item.text("type")
        if not word:
            item.error(None, "missing-filter-type", "has no type", "Name the filter's type.")
        filters.append(word)
    if "RequestRedirect" in filters and backends:
        message = "a rule that redirects must not have backendRefs"
        rule.error("backendRefs", "redirect-with-backend", message, "Remove the backendRefs or the filter.")
    matches: tuple[RouteMatch, ...] = ()
    if kind == "HTTPRoute":
        matches = tuple(_http_match(item) for item in rule.children("matches")) or (ANY_PATH,)
    elif kind == "GRPCRoute":
        matches = tuple(_grpc_match(item) for item in rule.children("matches")) or (ANY_PATH,)
    return GatewayRouteRule(matches, backends, rule.source, rule.text("name"), tuple(filters))


def _backend(reading: Reading, item: Fields) -> Backend:
    item.only(_BACKEND_FIELDS)
    name, kind, group = item.text("name"), item.text("kind") or "Service", item.text("group")
    if not name:
        item.error(None, "missing-name", "has no name", "Name the Service.")
    weight = item.number_within("weight", 0, _MAX_WEIGHT, 1)
    port = item.number_within("port", FIRST_PORT, LAST_PORT, 0) or None
    ref = ObjectRef(item.text("namespace") or reading.namespace, name, kind)
    if group or kind != "Service":
        return ResourceBackend(group, ref, item.source, weight)
    if not item.has("port"):
        item.error(None, "missing-port", "has no port, which a Service needs", "Add port, the Service's port.")
    return ServiceBackend(ref, port, item.source, weight)


def _http_match(item: Fields) -> RouteMatch:
    item.only(_MATCH_FIELDS)
    path = item.section("path")
    type_ = path.choice("type", _PATH_TYPES, "PathPrefix")
    value = path.text("value", "/")
    if type_ != "RegularExpression":
        bad = [s for s in _BAD_SEQUENCES if s in value] + [s for s in _BAD_ENDINGS if value.endswith(s)]
        if not value.startswith("/"):
            path.error("value", "invalid-path", f"{quote(value)} does not start with '/'", "Start it with '/'.")
        elif bad:
            message = f"{quote(value)} holds {bad[0]}, which is not allowed with type {type_}"
            path.error("value", "invalid-path", message, "Write a plain path.")
    return RouteMatch(
        path=value,
        path_type=type_,
        method=item.choice("method", _HTTP_METHODS, ""),
        headers=_named(item, "headers"),
        query_params=_named(item, "queryParams"),
        source=item.source,
    )


def _grpc_match(item: Fields) -> RouteMatch:
    """``/service/method`` exactly; ``/service`` as a prefix; otherwise an expression over both elements."""
    item.only(_MATCH_FIELDS)
    headers = _named(item, "headers")
    method = item.child("method")
    if method is None:
        return RouteMatch(headers=headers, source=item.source)
    type_ = method.choice("type", _VALUE_TYPES, "Exact")
    service, name = method.text("service"), method.text("method")
    if not service and not name:
        method.error(None, "empty-method", "names neither a service nor a method", "Name one of them.")
    if type_ == "Exact" and service:
        path, path_type = (f"/{service}/{name}", "Exact") if name else (f"/{service}", "PathPrefix")
    else:
        words = [re.escape(w) if type_ == "Exact" else w for w in (service, name)]
        path, path_type = "/" + "/".join(w or "[^/]+" for w in words), "RegularExpression"
    return RouteMatch(path=path, path_type=path_type, headers=headers, source=item.source)


def _named(item: Fields, key: str) -> tuple[NameValueMatch, ...]:
    found = []
    for entry in item.children(key):
        name = entry.text("name")
        if not name:
            entry.error(None, "missing-name", "has no name", "Add name.")
        value, type_ = entry.text("value"), entry.choice("type", _VALUE_TYPES, "Exact")
        found.append(NameValueMatch(name, value, type_, is_hidden=value == MASK))
    return tuple(found)
