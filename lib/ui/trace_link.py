"""The way from a row to its trace."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.model.services import ServiceType
from lib.model.sets import Protocol
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView

FROM_KEY: Final = "trace_from"
TO_KEY: Final = "trace_to"


def link_to_service(view: ServiceView) -> None:
    """A link to the trace of a Service's first port: from the Internet where it has a load balancer."""
    service = view.service
    if service.ports and service.type is not ServiceType.EXTERNAL_NAME:
        port = service.ports[0]
        suffix = "" if port.protocol is Protocol.TCP else f"/{port.protocol.value}"
        balanced = service.type is ServiceType.LOAD_BALANCER
        link_to_trace("internet" if balanced else "", f"svc/{view.ref.qualified_name}:{port.port}{suffix}")


def link_to_trace(src: str, dst: str) -> None:
    """A link that opens the trace from ``src`` ("": the visitor says from where) to ``dst``."""
    st.page_link(
        "pages/trace.py",
        label="Trace it hop by hop",
        icon=":material/conversion_path:",
        query_params={key: value for key, value in ((FROM_KEY, src), (TO_KEY, dst)) if value},
    )


def url_of(view: RouteView) -> str:
    """A URL that a route with a host of its own takes."""
    scheme = "http" if view.tls.mode == "none" else "https"
    return f"{scheme}://{view.host}{view.path or '/'}"
