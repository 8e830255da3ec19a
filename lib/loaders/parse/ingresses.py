"""Ingress and IngressClass, the v1beta1 forms of both included.

Source of the rules: ``pkg/apis/networking/validation`` of Kubernetes.
"""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object
from lib.loaders.parse.services import read_load_balancer
from lib.loaders.parse.session import Session, Unknown, quote
from lib.loaders.parse.syntax import (
    domain_path_fault,
    host_fault,
    label_fault,
    port_name_fault,
    rfc1035_fault,
    subdomain_fault,
    tls_host_fault,
)
from lib.model.refs import ObjectRef
from lib.model.routes import (
    Backend,
    Ingress,
    IngressClass,
    IngressPath,
    IngressRule,
    IngressTLS,
    ResourceBackend,
    ServiceBackend,
)
from lib.model.sets import FIRST_PORT, LAST_PORT

CLASS_ANNOTATION: Final = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION: Final = "ingressclass.kubernetes.io/is-default-class"
V1: Final = "networking.k8s.io/v1"
_SPEC_FIELDS: Final = frozenset({"defaultBackend", "ingressClassName", "rules", "tls"})
_OLD_SPEC_FIELDS: Final = frozenset({"backend", "ingressClassName", "rules", "tls"})
_RULE_FIELDS: Final = frozenset({"host", "http"})
_HTTP_FIELDS: Final = frozenset({"paths"})
_PATH_FIELDS: Final = frozenset({"backend", "path", "pathType"})
_TLS_FIELDS: Final = frozenset({"hosts", "secretName"})
_BACKEND_FIELDS: Final = frozenset({"resource", "service"})
_OLD_BACKEND_FIELDS: Final = frozenset({"resource", "serviceName", "servicePort"})
_SERVICE_FIELDS: Final = frozenset({"name", "port"})
_PORT_FIELDS: Final = frozenset({"name", "number"})
_RESOURCE_FIELDS: Final = frozenset({"apiGroup", "kind", "name"})
_PATH_TYPES: Final = ("Exact", "Prefix", "ImplementationSpecific")
_BAD_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDINGS: Final = ("/..", "/.")


def parse_ingress(session: Session, raw: RawObject) -> Ingress | None:
    """An Ingress; None when the API server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.REJECTS_MANIFEST)
    old = raw.api_version != V1
    spec = reading.root.section("spec")
    spec.only(_OLD_SPEC_FIELDS if old else _SPEC_FIELDS)
    annotations = reading.annotations
    rules = tuple(_rule(reading, item, old) for item in spec.children("rules"))
    default = spec.child("backend" if old else "defaultBackend")
    if default is None and not spec.sequence("rules"):
        message = "has neither rules nor a default backend"
        spec.error(None, "empty-ingress", message, "Add spec.rules or spec.defaultBackend.")
    class_name, from_annotation = _class_name(reading, spec)
    ingress = Ingress(
        ref=reading.ref,
        source=raw.source,
        class_name=class_name,
        class_from_annotation=from_annotation,
        rules=rules,
        default_backend=None if default is None else _backend(reading, default, old),
        tls=tuple(_tls(item) for item in spec.children("tls")),
        labels=reading.labels,
        annotations=annotations,
        addresses=read_load_balancer(reading.root.section("status")),
        api_version=raw.api_version,
        created=reading.created,
    )
    return None if reading.entry.failed else ingress


def _class_name(reading: Reading, spec: Fields) -> tuple[str, bool]:
    stated = spec.text("ingressClassName")
    annotated = reading.annotations.get(CLASS_ANNOTATION, "")
    if spec.has("ingressClassName"):
        if fault := subdomain_fault(stated):
            spec.error("ingressClassName", "invalid-name", f"{quote(stated)} {fault}", "Name an IngressClass.")
        if annotated and annotated != stated:
            path = ("metadata", "annotations", CLASS_ANNOTATION)
            message = f"must match spec.ingressClassName, {quote(stated)}, where a new Ingress has both"
            report = reading.entry.warn if reading.entry.live else reading.entry.error
            report(path, "two-ingress-classes", message, "Remove the annotation.")
        return stated, False
    return annotated, bool(annotated)


def _rule(reading: Reading, rule: Fields, old: bool) -> IngressRule:
    rule.only(_RULE_FIELDS)
    host = rule.text("host")
    if host and (fault := host_fault(host)):
        rule.error("host", "invalid-host", f"{quote(host)} {fault}", "Write a DNS name, or '*.' and one.")
    http = rule.child("http")
    paths: tuple[IngressPath, ...] = ()
    if http is not None:
        http.only(_HTTP_FIELDS)
        if not http.sequence("paths"):
            http.error(None, "missing-paths", "has no paths", "Add at least one path.")
        paths = tuple(_path(reading, item, old) for item in http.children("paths"))
    return IngressRule(host, paths, rule.source)


def _path(reading: Reading, item: Fields, old: bool) -> IngressPath:
    item.only(_PATH_FIELDS)
    path = item.text("path")
    type_ = item.choice("pathType", _PATH_TYPES, "ImplementationSpecific")
    if not old and not item.data.get("pathType"):
        remedy = "Add pathType: Prefix, Exact or ImplementationSpecific."
        item.error(None, "missing-path-type", "has no pathType", remedy)
    elif not path.startswith("/") and (path or type_ != "ImplementationSpecific"):
        item.error("path", "invalid-path", f"{quote(path)} does not start with '/'", "Start the path with '/'.")
    elif type_ != "ImplementationSpecific":
        bad = [s for s in _BAD_SEQUENCES if s in path] + [s for s in _BAD_ENDINGS if path.endswith(s)]
        if bad:
            message = f"{quote(path)} holds {bad[0]}, which is not allowed with pathType {type_}"
            item.error("path", "invalid-path", message, "Write a plain path.")
    backend = item.child("backend")
    if backend is None:
        if not item.has("backend"):
            item.error(None, "missing-backend", "has no backend", "Add backend.service with a name and a port.")
        backend = item.section("backend")
        return IngressPath(path, type_, ServiceBackend(_service(reading, ""), None, backend.source), item.source)
    return IngressPath(path, type_, _backend(reading, backend, old), item.source)


def _service(reading: Reading, name: str) -> ObjectRef:
    return ObjectRef(reading.namespace, name, "Service")


def _backend(reading: Reading, backend: Fields, old: bool) -> Backend:
    backend.only(_OLD_BACKEND_FIELDS if old else _BACKEND_FIELDS)
    resource = backend.child("resource")
    service = backend if old and (backend.has("serviceName") or backend.has("servicePort")) else None
    if not old:
        service = backend.child("service")
    if resource is not None:
        if service is not None:
            message = "names a resource and a Service"
            backend.error(None, "two-backends", message, "Keep one of the two.")
        resource.only(_RESOURCE_FIELDS)
        kind, name = resource.text("kind"), resource.text("name")
        if not kind or not name:
            resource.error(None, "incomplete-backend", "needs kind and name", "Add both.")
        return ResourceBackend(resource.text("apiGroup"), ObjectRef(reading.namespace, name, kind), resource.source)
    if service is None:
        if not backend.has("service"):
            message = "names neither a Service nor a resource"
            backend.error(None, "missing-backend", message, "Add backend.service with a name and a port.")
        return ServiceBackend(_service(reading, ""), None, backend.source)
    if old:
        name, port = backend.text("serviceName"), _old_port(backend)
    else:
        service.only(_SERVICE_FIELDS)
        name, port = service.text("name"), _port(service)
    name_key = "serviceName" if old else "name"
    if not name:
        service.error(None, "incomplete-backend", "names no Service", f"Add {name_key}.")
    elif fault := rfc1035_fault(name):
        # Newer servers can be told to take any DNS label, so there the name counts.
        report = service.error if label_fault(name) else service.warn
        report(name_key, "invalid-name", f"{quote(name)} {fault}", "Name a Service.")
    return ServiceBackend(_service(reading, name), port, service.source)


def _port(service: Fields) -> int | str | None:
    port = service.section("port")
    port.only(_PORT_FIELDS)
    name, number = port.text("name"), port.integer("number")
    if name and number:
        port.error(None, "two-ports", "has a name and a number", "Keep one of the two.")
    if name:
        return _port_name(port, "name", name)
    if not number and not port.has("name"):
        service.error(None, "incomplete-backend", "names no port", "Add port.number or port.name.")
        return None
    return _port_number(port, "number", number)


def _old_port(backend: Fields) -> int | str | None:
    written = backend.data.get("servicePort")
    if isinstance(written, str):
        return _port_name(backend, "servicePort", written)
    if written is None:
        backend.error(None, "incomplete-backend", "names no port", "Add servicePort.")
        return None
    return _port_number(backend, "servicePort", backend.integer("servicePort"))


def _port_name(holder: Fields, key: str, name: str) -> str:
    if fault := port_name_fault(name):
        remedy = "Write the number without quotes." if name.isdecimal() else "Write a port's name."
        holder.error(key, "invalid-port-name", f"the port name {quote(name)} {fault}", remedy)
    return name


def _port_number(holder: Fields, key: str, number: int | None) -> int | None:
    if number is not None and not FIRST_PORT <= number <= LAST_PORT:
        message = f"{quote(number)} is not within {FIRST_PORT}-{LAST_PORT}"
        holder.error(key, "out-of-range", message, "Write a number from 1 to 65535.")
    return number


def _tls(item: Fields) -> IngressTLS:
    item.only(_TLS_FIELDS)
    hosts = item.texts("hosts")
    for index, host in hosts:
        if fault := tls_host_fault(host):
            path = (*item.path, "hosts", index)
            item.entry.error(path, "invalid-host", f"{quote(host)} {fault}", "Write a DNS name.")
    secret = item.text("secretName")
    if secret and (fault := subdomain_fault(secret)):
        item.error("secretName", "invalid-name", f"{quote(secret)} {fault}", "Name a Secret.")
    return IngressTLS(tuple(host for _, host in hosts), secret, item.source)


def parse_ingress_class(session: Session, raw: RawObject) -> IngressClass | None:
    """An IngressClass; None when the API server would refuse it."""
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.REJECTS_MANIFEST)
    spec = reading.root.section("spec")
    spec.only(frozenset({"controller", "parameters"}))
    controller = spec.text("controller")
    if fault := domain_path_fault(controller):
        key = "controller" if spec.has("controller") else None
        spec.error(key, "invalid-controller", f"the controller {quote(controller)} {fault}", "Name the controller.")
    is_default = reading.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true"
    found = IngressClass(reading.ref.name, raw.source, controller, is_default)
    return None if reading.entry.failed else found
