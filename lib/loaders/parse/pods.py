"""Pods and pod templates: labels, ports, addresses and what a Service or policy can see of them.

Container environments, volumes and commands are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object, owner_of
from lib.loaders.parse.session import Path, Session, quote
from lib.loaders.parse.syntax import parse_lenient_address, port_name_fault
from lib.model.cluster import ContainerPort, Pod, PodPhase
from lib.model.labels import Labels
from lib.model.refs import ObjectRef
from lib.model.sets import FIRST_PORT, LAST_PORT, Address, Protocol

PROTOCOLS: Final = {protocol.value: protocol for protocol in Protocol}
_PHASES: Final = {phase.value: phase for phase in PodPhase}


def parse_pod(session: Session, raw: RawObject) -> Pod | None:
    """A Pod object; None when the API server would refuse it."""
    reading = open_object(session, raw)
    spec = reading.root.section("spec")
    status = reading.root.section("status")
    owner = owner_of(reading.meta)
    host_network = spec.boolean("hostNetwork")
    ports = read_container_ports(spec, host_network)
    phase = _phase(status)
    pod = Pod(
        ref=reading.ref,
        source=raw.source,
        labels=reading.labels,
        ports=ports,
        owner=None if owner is None else ObjectRef(reading.namespace, owner.name, owner.kind or "Pod"),
        phase=phase,
        ips=_addresses(status, "podIPs", "podIP"),
        host_ips=_addresses(status, "hostIPs", "hostIP"),
        node_name=spec.text("nodeName"),
        host_network=host_network,
        service_account=_service_account(spec),
        ready=condition(status, "Ready"),
        deleting=reading.deleting,
        hostname=spec.text("hostname"),
        subdomain=spec.text("subdomain"),
        dns_policy=spec.text("dnsPolicy") or "ClusterFirst",
    )
    return None if reading.entry.failed else pod


def template_pod(reading: Reading, template: Fields, owner: ObjectRef) -> Pod:
    """The pod that a workload's template describes, under the workload's own name."""
    labels: Labels = template.section("metadata").labels("labels")
    spec = template.section("spec")
    host_network = spec.boolean("hostNetwork")
    return Pod(
        ref=ObjectRef(reading.namespace, reading.ref.name, "Pod"),
        source=template.source,
        labels=labels,
        ports=read_container_ports(spec, host_network),
        owner=owner,
        node_name=spec.text("nodeName"),
        host_network=host_network,
        service_account=_service_account(spec),
        hostname=spec.text("hostname"),
        subdomain=spec.text("subdomain"),
        dns_policy=spec.text("dnsPolicy") or "ClusterFirst",
        from_template=True,
    )


def condition(status: Fields, type_: str) -> bool | None:
    """Whether the condition ``type_`` is True; None where there is no such condition."""
    conditions = status.data.get("conditions")
    if type(conditions) is list:
        for item in conditions:
            if type(item) is dict and item.get("type") == type_:
                return bool(item.get("status") == "True")
    return None


def _service_account(spec: Fields) -> str:
    return spec.text("serviceAccountName") or spec.text("serviceAccount") or "default"


def _phase(status: Fields) -> PodPhase:
    word = status.text("phase")
    phase = _PHASES.get(word)
    if phase is None:
        message = f"{quote(word)} is no phase that is known here, and counts as Unknown"
        status.warn("phase", "unsupported-value", message, "Take the dump again, or remove the status.")
        return PodPhase.UNKNOWN
    return phase


def _addresses(status: Fields, plural: str, single: str) -> tuple[Address, ...]:
    """``podIPs``/``hostIPs``, or the older single field; an unreadable one is reported and left out."""
    data = status.data
    listed = data.get(plural)
    if not listed or type(listed) is not list:
        value = data.get(single)
        address = _address(status, value, (single,)) if value else None
        return () if address is None else (address,)
    found = []
    for index, item in enumerate(listed):
        value = item.get("ip") if type(item) is dict else item
        address = _address(status, value, (plural, index, "ip")) if value else None
        if address is not None:
            found.append(address)
    return tuple(found)


def _address(status: Fields, value: Any, steps: Path) -> Address | None:
    """The session remembers addresses: a node's stands in each of its pods, a pod's in its endpoints."""
    known = status.entry.session.addresses
    address = known.get(value) if type(value) is str else None
    if address is None:
        address = parse_lenient_address(value) if type(value) is str else None
        if address is None:
            message = f"{quote(value)} is no IP address and is left out"
            status.entry.warn((*status.path, *steps), "invalid-address", message, "Take the dump again.")
        else:
            known[value] = address
    return address


def _port_bearing(spec: Fields) -> Iterator[Fields]:
    """The containers that something can be sent to: all plain ones, and init containers that keep running."""
    yield from spec.children("containers")
    if spec.data.get("initContainers"):
        for container in spec.children("initContainers"):
            if container.text("restartPolicy") == "Always":
                yield container


def read_container_ports(spec: Fields, host_network: bool) -> tuple[ContainerPort, ...]:
    """The declared ports in the order of the containers, the API's defaults applied."""
    found: list[ContainerPort] = []
    for container in _port_bearing(spec):
        if not container.data.get("ports"):
            if container.data.get("ports") == {}:
                message = "must be a list and is {}; no port is declared by it"
                container.warn("ports", "wrong-type", message, "Remove it, or write a list.")
            elif container.has("ports"):
                container.sequence("ports")
            continue
        names: set[str] = set()
        container_name = container.text("name")
        for port in container.children("ports"):
            read = _read_port(port, container_name, host_network)
            if read is None:
                continue
            if read.name and read.name in names:
                message = f"the port name {quote(read.name)} stands twice in one container"
                port.error("name", "duplicate-port-name", message, "Give each port of a container its own name.")
            names.add(read.name)
            found.append(read)
    return tuple(found)


def _read_port(port: Fields, container: str, host_network: bool) -> ContainerPort | None:
    number = port.integer("containerPort")
    if number is None:
        if not port.has("containerPort"):
            message = "has no containerPort; the API server refuses the pod, here only the port is left out"
            similar = [key for key in port.data if str(key).lower() == "containerport"]
            remedy = f"Write containerPort instead of {similar[0]}." if similar else "Add containerPort, or remove it."
            port.warn(None, "missing-port", message, remedy)
        return None
    if not FIRST_PORT <= number <= LAST_PORT:
        message = f"{quote(number)} is not within {FIRST_PORT}-{LAST_PORT}"
        port.error("containerPort", "out-of-range", message, "Write a number from 1 to 65535.")
        return None
    word = port.data.get("protocol")
    protocol = PROTOCOLS.get(word) if type(word) is str else None
    if protocol is None:
        protocol = PROTOCOLS[port.choice("protocol", PROTOCOLS, "TCP")]
    name = port.text("name")
    if name and name not in (valid := port.entry.session.valid_port_names):
        if fault := port_name_fault(name):
            message = f"the port name {quote(name)} {fault}"
            port.error("name", "invalid-port-name", message, "Use at most 15 lower-case letters, digits and '-'.")
        else:
            valid.add(name)
    host_port = port.number_within("hostPort", 0, LAST_PORT, 0) if "hostPort" in port.data else 0
    if host_network:
        if host_port not in (0, number):
            message = f"{host_port} must be the containerPort {number}, since the pod uses the node's network"
            port.error("hostPort", "host-port-mismatch", message, "Remove hostPort or make it the containerPort.")
        host_port = number
    return ContainerPort(number, protocol, name, host_port, port.text("hostIP"), container, port.source)
