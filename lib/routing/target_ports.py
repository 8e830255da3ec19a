"""Service port → targetPort → container port, resolved for each pod as kube-proxy's endpoints would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.model.cluster import Pod, Workload
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.services import ServicePort


@dataclass(frozen=True, slots=True)
class PortTarget:
    """What one Service port means on pods of one workload.

    ``port`` is the number on the pod, None where a named target port is not declared there. ``container`` is the
    container that declares it, "" where none does: declaring a number is optional, so that is no fault.
    """

    workload: Workload
    pods: tuple[Pod, ...]
    port: int | None
    container: str

    @property
    def declared(self) -> bool:
        """Whether a container declares the port."""
        return bool(self.container)


@dataclass(frozen=True, slots=True)
class PortView:
    """One port of a Service and where it leads."""

    port: ServicePort
    targets: tuple[PortTarget, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The port numbers on the pods, ascending, without repetition."""
        return tuple(sorted({t.port for t in self.targets if t.port is not None}))

    @property
    def undeclared(self) -> tuple[PortTarget, ...]:
        """The targets where a named port is not declared."""
        return tuple(t for t in self.targets if t.port is None)

    @property
    def text(self) -> str:
        """``80 → http (8080)/TCP`` or ``80 → 8080/TCP``."""
        target = str(self.port.target_port)
        if isinstance(self.port.target_port, str):
            target += f" ({', '.join(map(str, self.numbers)) or 'undeclared'})" if self.targets else ""
        return f"{self.port.port} → {target}/{self.port.protocol.value}"


def resolve_port(pod: Pod, port: ServicePort) -> tuple[int | None, str]:
    """The number of ``port``'s target on ``pod`` and the container that declares it.

    A name resolves by name *and* protocol; a number is itself. Source: endpointslice controller, FindPort.
    """
    if isinstance(port.target_port, str):
        declared = pod.declared(port.target_port, port.protocol)
        return (declared.port, declared.container or "?") if declared else (None, "")
    number = port.target_port
    owner = next((c for c in pod.ports if c.port == number and c.protocol is port.protocol), None)
    return number, (owner.container or "?") if owner else ""


def port_views(
    ports: Sequence[ServicePort], pods: Sequence[Pod], workload_by_pod: Mapping[ObjectRef, Workload]
) -> tuple[PortView, ...]:
    """Each Service port with its targets, one for each workload and resolved number, in the pods' order."""
    views = []
    for port in ports:
        grouped: dict[tuple[ObjectRef, int | None, str], list[Pod]] = {}
        for pod in pods:
            number, container = resolve_port(pod, port)
            grouped.setdefault((workload_by_pod[pod.ref].ref, number, container), []).append(pod)
        targets = tuple(
            PortTarget(workload_by_pod[found[0].ref], tuple(found), number, container)
            for (_, number, container), found in grouped.items()
        )
        views.append(PortView(port, targets))
    return tuple(views)
