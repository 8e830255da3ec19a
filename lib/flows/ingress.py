"""Flows from the ingress controller, wherever it runs, to the backends of routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from lib.flows.row import NO_PORTS, FlowRow, RowVerdict, reason_of, verdicts
from lib.model.policies import Direction
from lib.model.refs import INGRESS_CONTROLLER, ObjectRef
from lib.model.sets import ConnectionSet, PortSet, Protocol
from lib.policy.bits import Bits
from lib.policy.engine import Engine
from lib.policy.pairs import Part, WorkloadPairs, add_up
from lib.policy.projection import ARBITRARY_NAMESPACE
from lib.policy.walk import Question, walk
from lib.routing.routes import RoutedBackend

DEPENDS = "it depends on the ingress controller's namespace and labels: the policies let only some in"


def ingress_rows(
    pairs: WorkloadPairs, backends: Iterable[RoutedBackend], namespaces: Container[str] | None = None
) -> Iterator[FlowRow]:
    """What routes would carry to their backends, if an unlabelled pod of an arbitrary namespace may reach the port.

    Where only some namespaces or labels would be let in the row is unknown, since the controller's are not known.
    """
    engine = pairs.engine
    asked: dict[ObjectRef, dict[tuple[Protocol, int], set[ObjectRef]]] = defaultdict(lambda: defaultdict(set))
    for backend in backends:
        asked[backend.workload.ref][backend.protocol, backend.port].update(p.ref for p in backend.pods)
    for ref, ports in asked.items():
        number = engine.workload_numbers.get(ref)
        if number is None or (namespaces is not None and ref.namespace not in namespaces):
            continue
        yield from _rows(engine, number, ports)


def _rows(engine: Engine, number: int, ports: dict[tuple[Protocol, int], set[ObjectRef]]) -> Iterator[FlowRow]:
    workload = engine.snapshot.workloads[number]
    classes = dict(zip((p.ref for p in workload.endpoints), engine.spaces.endpoints.members[number], strict=True))
    found: dict[_Answer, ConnectionSet] = {}
    for (protocol, port), pods in ports.items():
        mask = engine.spaces.port_mask(protocol, port)
        parts = [_part(engine, classes[p], mask) for p in pods if p in classes]
        if not parts:
            continue
        total = add_up([part for part in parts if part.possible], len(parts))
        for verdict, _, pods_text in verdicts(total):
            unknown = verdict is RowVerdict.UNKNOWN
            reason = DEPENDS if unknown else reason_of(engine, total, verdict, workload.host_network)
            only_ipv4, only_ipv6 = total.only if verdict is RowVerdict.PARTIAL else (0, 0)
            answer = _Answer(verdict, pods_text, reason, bool(only_ipv4), bool(only_ipv6))
            found[answer] = found.get(answer, NO_PORTS) | ConnectionSet.from_ports({protocol: PortSet.of(port)})
    for answer, connections in found.items():
        yield FlowRow(
            INGRESS_CONTROLLER,
            str(workload.ref),
            connections,
            answer.verdict,
            answer.pods,
            answer.reason,
            workload.host_network,
            None,
            workload.ref,
            connections if answer.only_ipv4 else NO_PORTS,
            connections if answer.only_ipv6 else NO_PORTS,
        )


class _Answer(NamedTuple):
    """What ports of one row have in common."""

    verdict: RowVerdict
    pods: str
    reason: str
    only_ipv4: bool
    only_ipv6: bool


def _part(engine: Engine, destination: int, mask: Bits) -> Part:
    """What an arbitrary pod has towards one of a class on one port; what only some may have is possible."""
    anybody = engine.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]
    found = engine.reachability().between(anybody, destination)
    possible = found.possible & mask
    if not possible and some_pod_may_enter(engine, destination, mask):
        possible = mask
    parted = found.parted if found.is_parted(mask) else None
    return Part(1, found.allowed & mask, possible, parted)


def some_pod_may_enter(engine: Engine, destination: int, mask: Bits) -> bool:
    """Whether some rule lets pods in by their labels or namespace, be there such a pod in the input or not."""
    anybody = engine.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]
    question = Question(Direction.INGRESS, destination, anybody, destination, mask, anyone=True)
    return bool(walk(engine.spaces, engine.stages_about(destination), question).possible)
