"""Flows from the ingress controller, wherever it runs, to the backends of routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator

from lib.flows.row import FlowRow, RowVerdict
from lib.model.policies import Direction
from lib.model.refs import INGRESS_CONTROLLER, ObjectRef
from lib.model.sets import ConnectionSet, PortSet, Protocol
from lib.policy.bits import Bits
from lib.policy.engine import Engine
from lib.policy.pairs import WorkloadPairs
from lib.policy.projection import ARBITRARY_NAMESPACE
from lib.policy.walk import Question, walk
from lib.routing.routes import RoutedBackend

DEPENDS = "it depends on the ingress controller's namespace and labels: the policies let only some in"
ONE_FAMILY = "over one IP family only"


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
    found: dict[tuple[RowVerdict, str], ConnectionSet] = {}
    for (protocol, port), pods in ports.items():
        states = [_state(engine, classes[p], engine.spaces.port_mask(protocol, port)) for p in pods if p in classes]
        if not states:
            continue
        open_to_all = states.count(RowVerdict.ALLOWED)
        if open_to_all == len(states):
            answer = (RowVerdict.ALLOWED, "")
        elif open_to_all:
            answer = (RowVerdict.PARTIAL, f"{open_to_all}/{len(states)}")
        elif RowVerdict.PARTIAL in states:
            answer = (RowVerdict.PARTIAL, "")
        elif RowVerdict.UNKNOWN in states:
            answer = (RowVerdict.UNKNOWN, "")
        else:
            continue
        found[answer] = found.get(answer, ConnectionSet()) | ConnectionSet.from_ports({protocol: PortSet.of(port)})
    for (verdict, pods_text), connections in found.items():
        reason = DEPENDS if verdict is RowVerdict.UNKNOWN else ""
        if verdict is RowVerdict.PARTIAL and not pods_text:
            reason = ONE_FAMILY
        yield FlowRow(
            INGRESS_CONTROLLER,
            str(workload.ref),
            connections,
            verdict,
            pods_text,
            reason,
            workload.host_network,
            None,
            workload.ref,
        )


def _state(engine: Engine, destination: int, mask: Bits) -> RowVerdict | None:
    """Whether an arbitrary pod may reach a class on the ports of ``mask``; None: surely no pod."""
    anybody = engine.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]
    found = engine.reachability().between(anybody, destination)
    if found.allowed & mask:
        return RowVerdict.ALLOWED
    if found.some & mask:
        return RowVerdict.PARTIAL
    if found.possible & mask or some_pod_may_enter(engine, destination, mask):
        return RowVerdict.UNKNOWN
    return None


def some_pod_may_enter(engine: Engine, destination: int, mask: Bits) -> bool:
    """Whether some rule lets pods in by their labels or namespace, be there such a pod in the input or not."""
    anybody = engine.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]
    question = Question(Direction.INGRESS, destination, anybody, destination, mask, anyone=True)
    return bool(walk(engine.spaces, engine.stages, question).possible)
