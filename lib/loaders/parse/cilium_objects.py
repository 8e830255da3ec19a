"""What belongs to Cilium's policies: groups of addresses, and policies that redirect traffic on its node."""

from __future__ import annotations

from typing import Any

from lib.loaders.documents import RawObject
from lib.loaders.parse.addresses import read_prefix
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.selectors import selector_at
from lib.loaders.parse.session import Session, Unknown, field_names
from lib.loaders.parse.syntax import parse_lenient_address
from lib.model.cilium_policies import CidrGroup, LocalRedirect


def parse_cidr_group(session: Session, raw: RawObject) -> CidrGroup | None:
    """A CiliumCIDRGroup."""
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.REJECTS)
    spec = reading.root.section("spec")
    spec.only(field_names("externalCIDRs"))
    found = []
    for index, text in spec.texts("externalCIDRs"):
        address = parse_lenient_address(text)
        whole = text if address is None else f"{address}/{address.max_prefixlen}"
        prefix = read_prefix(reading.entry, (*spec.path, "externalCIDRs", index), whole)
        if prefix is not None:
            found.append(prefix)
    return None if reading.entry.failed else CidrGroup(reading.ref, raw.source, reading.labels, tuple(found))


def parse_local_redirect(session: Session, raw: RawObject) -> LocalRedirect | None:
    """A CiliumLocalRedirectPolicy, as far as it can be told in words."""
    reading = open_object(session, raw, unknown=Unknown.WARNS)
    spec = reading.root.section("spec")
    frontend, backend = spec.section("redirectFrontend"), spec.section("redirectBackend")
    service, address = frontend.section("serviceMatcher"), frontend.section("addressMatcher")
    if frontend.has("serviceMatcher"):
        name = service.text("serviceName")
        front = f"Service {service.text('namespace') or reading.namespace}/{name}{_ports(service)}"
    else:
        front = f"{address.text('ip') or '?'}{_ports(address)}"
    selector = selector_at(backend, "localEndpointSelector")
    back = "all pods" if selector.is_everything else f"pods with {selector}"
    found = LocalRedirect(reading.ref, raw.source, front, f"{back} in namespace {reading.namespace}{_ports(backend)}")
    return None if reading.entry.failed else found


def _ports(fields: Fields) -> str:
    found: list[Any] = [f"{p.text('protocol') or 'TCP'} {p.text('port')}" for p in fields.children("toPorts")]
    return f" on {', '.join(found)}" if found else ""
