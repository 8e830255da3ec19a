"""Health probes, as the cloud provider makes them.

Source: ``azure_loadbalancer_healthprobe.go`` and ``getExpectedLBRules`` in ``azure_loadbalancer.go`` of
cloud-provider-azure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lib.azure import annotations as names
from lib.azure.annotations import Annotations
from lib.azure.names import Names
from lib.facts.reader import get
from lib.facts.service_annotations import service_annotation
from lib.model.services import Service, ServicePort, ServiceType, TrafficPolicy
from lib.model.sets import LAST_PORT, Family, Protocol

# Azure's own words, by what an annotation or appProtocol says in any case; everything else is Tcp.
_PROTOCOLS: Final = {"tcp": "Tcp", "http": "Http", "https": "Https"}
_PORT_NUMBER: Final = re.compile(r"[+]?[0-9]{1,9}")
TCP, HTTP = "Tcp", "Http"
NOT_ALLOCATED: Final = "<healthCheckNodePort>"


class Refused(Exception):
    """The provider refuses the Service, and makes no rule for it. The message is the reason, without a full stop."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One health probe in Azure's words.

    ``port`` is None where the input does not hold the port that the API server allocates. ``path`` is "" for Tcp.
    ``decided_by`` says in words where the protocol and the port come from.
    """

    name: str
    protocol: str
    port: int | None
    path: str
    interval_s: int
    threshold: int
    decided_by: str


def probes_local_endpoints(service: Service, annotations: Annotations) -> bool:
    """Whether one probe asks each node for ready endpoints of its own, on the health check node port."""
    proxied = annotations.flag(names.PLS_CREATE) and annotations.flag(names.PLS_PROXY_PROTOCOL)
    is_local = service.external_traffic_policy is TrafficPolicy.LOCAL
    return service.type is ServiceType.LOAD_BALANCER and is_local and not proxied


def local_probe(service: Service, annotations: Annotations, named: Names, family: Family) -> Probe:
    """The probe of a Service with externalTrafficPolicy Local. Raises Refused."""
    port = service.health_check_node_port
    interval_s, threshold = _timing(annotations, port)
    return Probe(
        name=named.rule(Protocol.TCP.value, port or NOT_ALLOCATED, family),
        protocol=HTTP,
        port=port or None,
        path=get("probe_local_path").text,
        interval_s=interval_s,
        threshold=threshold,
        decided_by="externalTrafficPolicy Local: the node's health check port",
    )


def shared_probe() -> Probe:
    """The one probe of all Services with externalTrafficPolicy Cluster, where the cluster shares it."""
    return Probe(
        name=get("probe_shared_name").text,
        protocol=HTTP,
        port=get("probe_shared_port").number,
        path=get("probe_shared_path").text,
        interval_s=service_annotation(names.PROBE_INTERVAL).default_number,
        threshold=service_annotation(names.PROBE_THRESHOLD).default_number,
        decided_by="the cluster's shared probe mode",
    )


@dataclass(frozen=True, slots=True)
class PortIndex:
    """A Service's ports by number and by name in lower case, since a probe's annotation may name any of them."""

    by_number: Mapping[int, ServicePort]
    by_name: Mapping[str, ServicePort]

    @classmethod
    def of(cls, service: Service) -> PortIndex:
        """The index of one Service; of ports that share a number the first counts."""
        return cls({p.port: p for p in reversed(service.ports)}, {p.name.lower(): p for p in service.ports})

    def find(self, text: str) -> ServicePort | int | None:
        """The Service port that an annotation names, else the number that it is, else None."""
        if _PORT_NUMBER.fullmatch(text):
            number = int(text)
            return self.by_number.get(number) or (number if number <= LAST_PORT else None)
        return self.by_name.get(text.lower())


def port_probe(
    ports: PortIndex, annotations: Annotations, port: ServicePort, name: str, *, beside_local: bool
) -> Probe | None:
    """The probe of one port by itself; None where it has none, or uses the probe of the whole Service.

    ``beside_local`` says that there is a probe of the whole Service. Raises Refused.
    """
    if port.protocol is not Protocol.TCP:
        return None
    wanted = annotations.text(names.PORT_PROBE_PORT, port.port)
    if wanted is not None:
        number, where = _named_port(ports, annotations, port, wanted)
    elif beside_local:
        return None
    else:
        number, where = port.node_port or None, "the node port"
    protocol, decided_by = probe_protocol(annotations, port)
    interval_s, threshold = _timing(annotations, port.port)
    return Probe(
        name=name,
        protocol=protocol,
        port=number,
        path="" if protocol == TCP else _path(annotations, port.port),
        interval_s=interval_s,
        threshold=threshold,
        decided_by=f"{decided_by}; {where}",
    )


def probe_protocol(annotations: Annotations, port: ServicePort) -> tuple[str, str]:
    """A port's probe protocol and what decides it: its own annotation, appProtocol, the Service's annotation, Tcp."""
    own = annotations.text(names.PORT_PROBE_PROTOCOL, port.port)
    everywhere = annotations.text(names.PROBE_PROTOCOL)
    if own is not None:
        written, decided_by = own, "the port's annotation"
    elif port.app_protocol:
        written, decided_by = port.app_protocol, f"appProtocol {port.app_protocol}"
    elif everywhere is not None:
        written, decided_by = everywhere, "the Service's annotation"
    else:
        return TCP, "the default"
    return _PROTOCOLS.get(written.strip().lower(), TCP), decided_by


def is_probe_protocol(text: str) -> bool:
    """Whether the provider understands ``text`` as a protocol, rather than falling back to Tcp."""
    return text.strip().lower() in _PROTOCOLS


def _named_port(ports: PortIndex, annotations: Annotations, port: ServicePort, wanted: str) -> tuple[int | None, str]:
    found = ports.find(wanted)
    if found is None:
        key = annotations.key(names.PORT_PROBE_PORT, port.port)
        raise Refused(f"{key} is neither a port number nor the name of one of its ports")
    said = f"the port that {names.PORT_PROBE_PORT.replace('{port}', str(port.port))} names"
    if isinstance(found, int):
        return found, said
    return found.node_port or None, f"{said}, by its node port"


def _path(annotations: Annotations, port: int) -> str:
    own, everywhere = annotations.text(names.PORT_PROBE_PATH, port), annotations.text(names.PROBE_PATH)
    if own is not None:
        return own
    return everywhere if everywhere is not None else get("probe_default_path").text


def _timing(annotations: Annotations, port: int) -> tuple[int, int]:
    """Interval in seconds and threshold. Raises Refused where one is out of range, or both together are too long."""
    threshold = _number(annotations, names.PORT_PROBE_THRESHOLD, names.PROBE_THRESHOLD, port)
    interval_s = _number(annotations, names.PORT_PROBE_INTERVAL, names.PROBE_INTERVAL, port)
    limit = get("probe_total_under").number
    if interval_s * threshold >= limit:
        raise Refused(f"its probe's interval times threshold is {interval_s * threshold} s, not under {limit} s")
    return interval_s, threshold


def _number(annotations: Annotations, own: str, everywhere: str, port: int) -> int:
    for name, number in ((own, port), (everywhere, None)):
        if annotations.text(name, number) is not None:
            value = annotations.number(name, number)
            if value is None:
                raise Refused(f"{annotations.key(name, number)} is not a number that the provider takes")
            return value
    return service_annotation(everywhere).default_number
