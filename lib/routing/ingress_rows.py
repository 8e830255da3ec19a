"""The rows of an Ingress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lib.model.refs import ObjectRef
from lib.model.routes import Backend, Ingress, IngressPath
from lib.model.snapshot import Snapshot
from lib.routing.backends import BackendView, resolve_backend
from lib.routing.faults import Fault, issue
from lib.routing.ingress_class import ClassAnswer, class_of_ingress
from lib.routing.route_view import INGRESS_API, RouteView
from lib.routing.services import ServiceView
from lib.routing.tls import tls_of_host

NGINX: Final = "nginx.ingress.kubernetes.io/"
# Annotations after which Ingress NGINX no longer matches or forwards as the API's words say, and what they do.
_BEHAVIOURS: Final = {
    "use-regex": "regex",
    "rewrite-target": "rewrite",
    "canary": "canary",
    "app-root": "app root",
    "server-alias": "server alias",
    "default-backend": "own default backend",
    "permanent-redirect": "redirect",
    "temporal-redirect": "redirect",
}
_SWITCHES: Final = ("use-regex", "canary")


def behaviours(ingress: Ingress) -> tuple[str, ...]:
    """What the controller is told to do beyond the API, from NGINX's annotations."""
    found = []
    for name, word in _BEHAVIOURS.items():
        value = ingress.annotations.get(NGINX + name)
        if value is not None and (name not in _SWITCHES or value == "true"):
            found.append(word)
    # ingress-nginx, "Server-side HTTPS enforcement through redirect": on by default where the host has TLS.
    if ingress.annotations.get(NGINX + "ssl-redirect") == "false":
        found.append("no https redirect")
    return tuple(dict.fromkeys(found))


def ingress_rows(
    snapshot: Snapshot, services: Mapping[ObjectRef, ServiceView], ingress: Ingress
) -> Iterator[RouteView]:
    """A row for every host and path, and one for each default backend that some request can reach."""
    served_by = class_of_ingress(snapshot, ingress)
    for number, rule in enumerate(ingress.rules):
        for position, path in enumerate(rule.paths):
            yield _path_row(snapshot, services, ingress, served_by, rule.host, path, number, position)
        if not rule.paths and ingress.default_backend is not None:
            yield _default_row(snapshot, services, ingress, served_by, rule.host, ingress.default_backend)
    if ingress.default_backend is not None:
        yield _default_row(snapshot, services, ingress, served_by, "", ingress.default_backend)
    elif not any(rule.paths for rule in ingress.rules):
        empty = issue(Fault.NO_BACKEND, ingress.source, where="it")
        yield RouteView(
            route=ingress.ref,
            api=INGRESS_API,
            source=ingress.source,
            host="",
            path="",
            path_type="Default",
            served_by=served_by,
            backend=BackendView("none", issues=(empty,)),
            created=ingress.created,
            accepted=_accepted(served_by),
        )


def _accepted(served_by: ClassAnswer) -> bool | None:
    if served_by.unchecked:
        return None
    missing = (Fault.CLASS_UNKNOWN, Fault.CLASS_NOT_SET, Fault.SEVERAL_DEFAULT_CLASSES)
    return not any(i.fault in missing for i in served_by.issues)


def _path_row(
    snapshot: Snapshot,
    services: Mapping[ObjectRef, ServiceView],
    ingress: Ingress,
    served_by: ClassAnswer,
    host: str,
    path: IngressPath,
    number: int,
    position: int,
) -> RouteView:
    text = path.path or "/"
    return RouteView(
        route=ingress.ref,
        api=INGRESS_API,
        source=path.source,
        host=host.lower(),
        path=text,
        path_type=path.path_type,
        served_by=served_by,
        backend=resolve_backend(snapshot, services, path.backend, f"{host or '*'}{text}"),
        tls=tls_of_host(snapshot, ingress, host),
        behaviours=behaviours(ingress),
        accepted=_accepted(served_by),
        rule=number,
        item=position,
        created=ingress.created,
    )


def _default_row(
    snapshot: Snapshot,
    services: Mapping[ObjectRef, ServiceView],
    ingress: Ingress,
    served_by: ClassAnswer,
    host: str,
    backend: Backend,
) -> RouteView:
    return RouteView(
        route=ingress.ref,
        api=INGRESS_API,
        source=backend.source,
        host=host.lower(),
        path="",
        path_type="Default",
        served_by=served_by,
        backend=resolve_backend(snapshot, services, backend, f"the default backend of {host or 'every host'}"),
        tls=tls_of_host(snapshot, ingress, host),
        behaviours=behaviours(ingress),
        accepted=_accepted(served_by),
        rule=len(ingress.rules),
        created=ingress.created,
    )
