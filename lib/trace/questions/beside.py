"""What else could be asked in place of a trace's destination: the other ports of the same Service, address or pods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lib.model.cluster import Pod, Workload
from lib.model.services import Service
from lib.model.sets import Address, Protocol
from lib.model.snapshot import Snapshot
from lib.routing.reach import address_or_none
from lib.trace.ends import Goal, GoalKind
from lib.trace.questions.ends import written

OTHERS_MAX: Final = 12
_Port = tuple[int, str, Protocol]


def beside(goal: Goal, snapshot: Snapshot) -> tuple[str, ...]:
    """Destinations that differ from ``goal`` in port or protocol alone, at most OTHERS_MAX; none for URLs and names."""
    ports: Iterable[_Port]
    match goal.kind:
        case GoalKind.SERVICE if goal.service is not None and goal.service in snapshot.service_by_ref:
            service = snapshot.service_by_ref[goal.service]
            name, ports = f"svc/{service.ref.qualified_name}", _ports(service)
        case GoalKind.ADDRESS if goal.address is not None:
            owners = (s for s in snapshot.services if goal.address in _addresses(s))
            name, ports = str(goal.address), (port for owner in owners for port in _ports(owner))
        case GoalKind.END if isinstance(goal.end, Workload | Pod):
            pods = goal.end.endpoints if isinstance(goal.end, Workload) else (goal.end,)
            name = str(goal.end.ref)
            ports = sorted({(p.port, p.name, p.protocol) for pod in pods for p in pod.ports}, key=str)
        case _:
            return ()
    listed = list(ports)
    asked = next((p for p in listed if goal.port in p[:2] and goal.protocol in (None, p[2])), None)
    others = (p for p in listed if asked is None or (p[0], p[2]) != (asked[0], asked[2]))
    return tuple(dict.fromkeys(written(name, number, protocol.value) for number, _, protocol in others))[:OTHERS_MAX]


def _ports(service: Service) -> list[_Port]:
    return [(p.port, p.name, p.protocol) for p in service.ports]


def _addresses(service: Service) -> list[Address | None]:
    shown = (address_or_none(entry.ip) for entry in service.load_balancer_ingress)
    return [*service.cluster_ips, *service.external_ips, *shown]
