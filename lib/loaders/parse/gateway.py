"""GatewayClass, Gateway and ReferenceGrant of gateway.networking.k8s.io, in all versions that were served.

Source of the rules: the OpenAPI schemas and CEL rules in the CRDs of Gateway API. Unknown fields are a warning, since
channels and versions differ.
"""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import GATEWAY_GROUP
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object
from lib.loaders.parse.pods import condition
from lib.loaders.parse.selectors import read_selector
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.loaders.parse.syntax import domain_path_fault, host_fault, label_fault, subdomain_fault
from lib.model.labels import EVERYTHING
from lib.model.refs import ObjectRef
from lib.model.routes import (
    AllowedRoutes,
    Gateway,
    GatewayClass,
    Listener,
    ReferenceGrant,
    ReferenceGrantFrom,
    ReferenceGrantTo,
)
from lib.model.sets import FIRST_PORT, LAST_PORT

_CLASS_FIELDS: Final = frozenset({"controllerName", "description", "parametersRef"})
_GATEWAY_FIELDS: Final = field_names(
    "addresses allowedListeners backendTLS defaultScope gatewayClassName infrastructure listeners tls"
)
_LISTENER_FIELDS: Final = frozenset({"allowedRoutes", "hostname", "name", "port", "protocol", "tls"})
_TLS_FIELDS: Final = frozenset({"certificateRefs", "frontendValidation", "mode", "options"})
_ALLOWED_FIELDS: Final = frozenset({"kinds", "namespaces"})
_NAMESPACES_FIELDS: Final = frozenset({"from", "selector"})
_GRANT_FIELDS: Final = frozenset({"from", "to"})
_WITHOUT_TLS: Final = ("HTTP", "TCP", "UDP")
_WITHOUT_HOSTNAME: Final = ("TCP", "UDP")


def parse_gateway_class(session: Session, raw: RawObject) -> GatewayClass | None:
    """A GatewayClass; None when the API server would refuse it."""
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    spec.only(_CLASS_FIELDS)
    controller = spec.text("controllerName")
    if fault := domain_path_fault(controller):
        key = "controllerName" if spec.has("controllerName") else None
        spec.error(key, "invalid-controller", f"the controller {quote(controller)} {fault}", "Name the controller.")
    accepted = condition(reading.root.section("status"), "Accepted")
    return None if reading.entry.failed else GatewayClass(reading.ref.name, raw.source, controller, accepted)


def parse_gateway(session: Session, raw: RawObject) -> Gateway | None:
    """A Gateway; None when the API server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    spec.only(_GATEWAY_FIELDS)
    class_name = spec.text("gatewayClassName")
    if not class_name:
        spec.error(None, "missing-gateway-class", "has no gatewayClassName", "Name a GatewayClass.")
    listeners = tuple(_listener(reading, item) for item in spec.children("listeners"))
    if not listeners and not spec.sequence("listeners"):
        spec.error(None, "missing-listener", "has no listeners", "Add at least one listener.")
    _check_distinct(spec, listeners)
    status = reading.root.section("status")
    addresses = tuple(a.text("value") for a in status.children("addresses") if a.text("value"))
    gateway = Gateway(
        ref=reading.ref,
        source=raw.source,
        class_name=class_name,
        listeners=listeners,
        labels=reading.labels,
        annotations=reading.annotations,
        addresses=addresses,
    )
    return None if reading.entry.failed else gateway


def _check_distinct(spec: Fields, listeners: tuple[Listener, ...]) -> None:
    names: set[str] = set()
    ends: set[tuple[int, str, str]] = set()
    for listener in listeners:
        path = listener.source.path
        end = (listener.port, listener.protocol, listener.hostname)
        if listener.name and listener.name in names:
            message = f"the listener name {quote(listener.name)} stands twice"
            spec.entry.error((*path, "name"), "duplicate-listener", message, "Give each listener its own name.")
        elif end in ends:
            message = "another listener has the same port, protocol and hostname"
            spec.entry.error(path, "duplicate-listener", message, "Change the port, protocol or hostname.")
        names.add(listener.name)
        ends.add(end)


def _listener(reading: Reading, item: Fields) -> Listener:
    item.only(_LISTENER_FIELDS)
    name = item.text("name")
    if fault := subdomain_fault(name):
        item.error("name" if name else None, "invalid-name", f"the name {quote(name)} {fault}", "Name the listener.")
    port = item.number_within("port", FIRST_PORT, LAST_PORT, 0)
    if not item.has("port"):
        item.error(None, "missing-port", "has no port", "Add port, a number from 1 to 65535.")
    protocol = item.text("protocol")
    if not protocol:
        item.error(None, "missing-protocol", "has no protocol", "Add protocol: HTTP, HTTPS, TLS, TCP or UDP.")
    hostname = item.text("hostname")
    if hostname and (fault := host_fault(hostname)):
        item.error("hostname", "invalid-host", f"{quote(hostname)} {fault}", "Write a DNS name, or '*.' and one.")
    if hostname and protocol in _WITHOUT_HOSTNAME:
        item.error("hostname", "invalid-host", f"must not be set with protocol {protocol}", "Remove hostname.")
    mode, certificates = _tls(reading, item, protocol)
    options = item.section("tls").text_map("options")
    return Listener(name, port, protocol, item.source, hostname, mode, certificates, _allowed_routes(item), options)


def _tls(reading: Reading, item: Fields, protocol: str) -> tuple[str, tuple[ObjectRef, ...]]:
    tls = item.child("tls")
    if tls is None:
        return "", ()
    tls.only(_TLS_FIELDS)
    if protocol in _WITHOUT_TLS:
        item.error("tls", "tls-without-protocol", f"must not be set with protocol {protocol}", "Remove tls.")
    mode = tls.choice("mode", ("Terminate", "Passthrough"), "Terminate")
    if protocol == "HTTPS" and mode == "Passthrough":
        tls.error("mode", "tls-mode", "must be Terminate with protocol HTTPS", "Use protocol TLS to pass it through.")
    references = tls.children("certificateRefs")
    if mode == "Terminate" and not references and not tls.section("options").data:
        message = "needs certificateRefs or options to terminate TLS"
        tls.error(None, "missing-certificate", message, "Add certificateRefs with a Secret's name.")
    found = []
    for reference in references:
        if not reference.text("name"):
            reference.error(None, "missing-name", "has no name", "Name the Secret.")
        namespace = reference.text("namespace") or reading.namespace
        found.append(ObjectRef(namespace, reference.text("name"), reference.text("kind") or "Secret"))
    return mode, tuple(found)


def _allowed_routes(item: Fields) -> AllowedRoutes:
    allowed = item.section("allowedRoutes")
    allowed.only(_ALLOWED_FIELDS)
    namespaces = allowed.section("namespaces")
    namespaces.only(_NAMESPACES_FIELDS)
    from_ = namespaces.choice("from", ("All", "Selector", "Same", "None"), "Same")
    selector = namespaces.child("selector")
    if from_ == "Selector" and selector is None and not namespaces.has("selector"):
        message = "needs a selector, since from is Selector"
        namespaces.error(None, "missing-selector", message, "Add selector, or write from: Same or All.")
    kinds = []
    for kind in allowed.children("kinds"):
        word = kind.text("kind")
        if not word:
            kind.error(None, "missing-kind", "has no kind", "Name a kind of routes.")
        group = kind.text("group", GATEWAY_GROUP)
        kinds.append(word if group == GATEWAY_GROUP else f"{word}.{group}" if group else word)
    return AllowedRoutes(from_, EVERYTHING if selector is None else read_selector(selector), tuple(kinds))


def parse_reference_grant(session: Session, raw: RawObject) -> ReferenceGrant | None:
    """A ReferenceGrant; None when the API server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    spec.only(_GRANT_FIELDS)
    for key in ("from", "to"):
        if not spec.sequence(key):
            spec.error(None, "incomplete-grant", f"has no {key}", f"Add {key} with at least one element.")
    from_ = []
    for item in spec.children("from"):
        item.only(("group", "kind", "namespace"))
        namespace = item.text("namespace")
        if fault := label_fault(namespace):
            item.error(
                "namespace" if namespace else None,
                "invalid-name",
                f"the namespace {quote(namespace)} {fault}",
                "Name a namespace.",
            )
        from_.append(ReferenceGrantFrom(item.text("group"), _kind(item), namespace))
    to = []
    for item in spec.children("to"):
        item.only(("group", "kind", "name"))
        to.append(ReferenceGrantTo(item.text("group"), _kind(item), item.text("name")))
    grant = ReferenceGrant(reading.ref, raw.source, tuple(from_), tuple(to))
    return None if reading.entry.failed else grant


def _kind(item: Fields) -> str:
    kind = item.text("kind")
    if not kind and not item.has("kind"):
        item.error(None, "missing-kind", "has no kind", "Name a kind.")
    return kind
