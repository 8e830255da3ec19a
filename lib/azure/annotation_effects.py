"""Annotations that are right by themselves and have no effect beside the rest of their Service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lib.azure import annotations as names
from lib.azure.annotations import Annotations
from lib.azure.balanced import families_of
from lib.azure.frontends import SPEC_ADDRESS, pin_of
from lib.azure.probes import TCP, probe_protocol, probes_local_endpoints
from lib.model.refs import Source
from lib.model.services import ServicePort
from lib.model.sets import Family, Protocol

_PUBLIC_ONLY: Final = (
    names.PIP_NAME,
    names.PIP_NAME_IPV6,
    names.PIP_PREFIX,
    names.PIP_PREFIX_IPV6,
    names.PIP_RESOURCE_GROUP,
    names.PIP_TAGS,
    names.PIP_IP_TAGS,
    names.DNS_LABEL,
)
_PINS: Final = (names.PIP_NAME, names.PIP_NAME_IPV6, names.PIP_PREFIX, names.PIP_PREFIX_IPV6, names.IPV4, names.IPV6)
_PLS: Final = (
    names.PLS_NAME,
    names.PLS_RESOURCE_GROUP,
    names.PLS_SUBNET,
    names.PLS_ADDRESS_COUNT,
    names.PLS_ADDRESSES,
    names.PLS_DOMAIN_NAMES,
    names.PLS_PROXY_PROTOCOL,
    names.PLS_VISIBILITY,
    names.PLS_AUTO_APPROVAL,
)
_PORT_PROBES: Final = (
    names.PORT_PROBE_PROTOCOL,
    names.PORT_PROBE_PORT,
    names.PORT_PROBE_PATH,
    names.PORT_PROBE_INTERVAL,
    names.PORT_PROBE_THRESHOLD,
)
_LOCAL = "externalTrafficPolicy is Local, whose probe asks /healthz on the health check node port by Http"


@dataclass(frozen=True, slots=True)
class NoEffect:
    """A setting without effect: what it is called, where it stands, and why, without a full stop."""

    key: str
    source: Source
    why: str


def without_effect(annotations: Annotations) -> Iterator[NoEffect]:
    """Every setting of a LoadBalancer Service that changes nothing."""
    yield from _placement(annotations)
    yield from _addresses(annotations)
    if not annotations.flag(names.PLS_CREATE):
        yield from _each(annotations, _PLS, f"{names.PLS_CREATE} is not true, so there is no Private Link Service")
    if annotations.flag(names.DENY_ALL_EXCEPT) and not (annotations.source_ranges or annotations.allowed_ranges):
        yield from _each(annotations, (names.DENY_ALL_EXCEPT,), "no source ranges are given")
    yield from _probes(annotations)
    for port in annotations.service.ports:
        yield from _port(annotations, port)


def _each(annotations: Annotations, these: tuple[str, ...], why: str) -> Iterator[NoEffect]:
    for name in these:
        if annotations.text(name) is not None:
            yield NoEffect(annotations.key(name), annotations.source(name), why)


def _placement(annotations: Annotations) -> Iterator[NoEffect]:
    if annotations.internal:
        yield from _each(annotations, _PUBLIC_ONLY, "the load balancer is internal and has no public IP")
    else:
        yield from _each(annotations, (names.INTERNAL_SUBNET,), "the load balancer is public")
    if annotations.flag(names.HA_PORTS) and not annotations.internal_in_any_case:
        yield from _each(annotations, (names.HA_PORTS,), "the load balancer is public")


def _addresses(annotations: Annotations) -> Iterator[NoEffect]:
    """Of several ways to ask for an address one wins; those for a family that the Service has not got are idle."""
    service = annotations.service
    families = families_of(service)
    winners = {pin.key for f in families if (pin := pin_of(annotations, f, families)) is not None}
    for name in _PINS:
        key, value = annotations.key(name), annotations.text(name)
        if not value or key in winners or (annotations.internal and name in _PUBLIC_ONLY):
            continue
        family = Family.IPV6 if name.endswith("ipv6") else Family.IPV4
        wins = sorted(w.rpartition("/")[2] for w in winners)
        missing = f"the Service has no {family.label} address"
        yield NoEffect(key, annotations.source(name), missing if family not in families else f"{', '.join(wins)} wins")
    if service.load_balancer_ip and SPEC_ADDRESS not in winners:
        wins = sorted(w.rpartition("/")[2] for w in winners)
        why = f"{', '.join(wins)} wins" if wins else "it is no address of a family that the Service has"
        yield NoEffect(SPEC_ADDRESS, service.source.at("spec", "loadBalancerIP"), why)
    if not annotations.internal and annotations.text(names.PIP_NAME):
        yield from _each(annotations, (names.PIP_IP_TAGS,), f"{names.PIP_NAME} names a public IP that exists already")


def _probes(annotations: Annotations) -> Iterator[NoEffect]:
    """The Service's own probe settings, where no port is left for them."""
    local = probes_local_endpoints(annotations.service, annotations)
    asking = [
        p
        for p in annotations.service.ports
        if p.protocol is Protocol.TCP
        and not annotations.flag(names.PORT_NO_RULE, p.port)
        and not annotations.flag(names.PORT_NO_PROBE, p.port)
        and (not local or annotations.text(names.PORT_PROBE_PORT, p.port) is not None)
    ]
    decided = [probe_protocol(annotations, port) for port in asking]
    if not any(by == "the Service's annotation" for _, by in decided):
        why = _LOCAL if local and not asking else "every port has its own protocol, from an annotation or appProtocol"
        yield from _each(annotations, (names.PROBE_PROTOCOL,), why if asking or local else "no port has a probe")
    if all(protocol == TCP for protocol, _ in decided):
        why = _LOCAL if local and not asking else "no port is probed by Http or Https"
        yield from _each(annotations, (names.PROBE_PATH,), why)
    if not asking and not local:
        yield from _each(annotations, (names.PROBE_INTERVAL, names.PROBE_THRESHOLD), "no port has a probe")


def _port(annotations: Annotations, port: ServicePort) -> Iterator[NoEffect]:
    def each(these: tuple[str, ...], why: str) -> Iterator[NoEffect]:
        for name in these:
            if annotations.text(name, port.port) is not None:
                yield NoEffect(annotations.key(name, port.port), annotations.source(name, port.port), why)

    if annotations.internal_in_any_case and annotations.flag(names.HA_PORTS):
        rule = "high availability ports make one rule for all ports"
        yield from each((names.PORT_NO_RULE, names.PORT_NO_PROBE), rule)
        return
    if annotations.flag(names.PORT_NO_RULE, port.port):
        yield from each((names.PORT_NO_PROBE, *_PORT_PROBES), "the port has no load balancing rule")
        return
    if annotations.flag(names.PORT_NO_PROBE, port.port):
        yield from each(_PORT_PROBES, "the port has no probe")
    elif port.protocol is not Protocol.TCP:
        yield from each(_PORT_PROBES, f"ports of {port.protocol.value} have no probe of their own")
    elif (
        probes_local_endpoints(annotations.service, annotations)
        and annotations.text(names.PORT_PROBE_PORT, port.port) is None
    ):
        yield from each(_PORT_PROBES, _LOCAL)
    elif probe_protocol(annotations, port)[0] == TCP:
        yield from each((names.PORT_PROBE_PATH,), "the port is probed by Tcp")
