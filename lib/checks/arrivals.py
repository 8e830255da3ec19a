"""What may arrive at the pods of Services, for all Services together. The engine answers; nothing is re-tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, positions, union
from lib.policy.engine import Engine
from lib.routing.target_ports import PortView

# What makes the policies' answer one that the cluster need not share: see lib/policy/notes.py.
_OVERRULED = {"policies-not-enforced"}


class Spot(NamedTuple):
    """A class of pods, by its number, and one port on them, as a mask."""

    number: int
    port: Bits


def answers_hold(engine: Engine) -> bool:
    """Whether there are policies, and the cluster is not seen to enforce none."""
    return bool(engine.policies) and not any(note.code in _OVERRULED for note in engine.notes)


def classes_of_pods(engine: Engine) -> Mapping[ObjectRef, int]:
    """The class of every pod that can send and receive."""
    members = engine.spaces.endpoints.members
    return {
        pod.ref: number
        for workload, numbers in zip(engine.snapshot.workloads, members, strict=True)
        for pod, number in zip(workload.endpoints, numbers, strict=True)
    }


def spots_of(engine: Engine, classes: Mapping[ObjectRef, int], port: PortView) -> frozenset[Spot]:
    """Where a Service's port leads; empty where no pod can receive or none has the port."""
    return frozenset(
        Spot(classes[pod.ref], engine.spaces.port_mask(port.port.protocol, target.port))
        for target in port.targets
        if target.port is not None
        for pod in target.pods
        if pod.ref in classes
    )


def entered(engine: Engine, sources: Iterable[int], spots: Iterable[Spot]) -> frozenset[Spot]:
    """The spots that some of ``sources`` reaches, or may reach.

    A row is asked once for each group of sources that the rules treat alike, and none once every spot is found. A
    pod's own node is not counted, nor is the pod itself: both are always let in.
    """
    spots = frozenset(spots)
    missing: dict[Bits, Bits] = defaultdict(int)
    for spot in spots:
        missing[spot.port] |= 1 << spot.number
    sought = union(missing.values())
    reachability = engine.reachability()
    asked = set()
    for source in sources:
        if not sought:
            break
        group = reachability.group_of(source)
        if group in asked:
            continue
        asked.add(group)
        for cell in reachability.row(source):
            if cell.destinations & sought:
                for port in missing:
                    if cell.possible & port:
                        missing[port] &= ~cell.destinations
        sought = union(missing.values())
    return frozenset(s for s in spots if not missing[s.port] >> s.number & 1)


def every_end(engine: Engine) -> Iterable[int]:
    """All ends, those first that most rules let in: outside addresses, new pods, then the classes of the input.

    Addresses of a family that the cluster is not seen to use are nobody who could come.
    """
    spaces = engine.spaces
    yield from positions(spaces.outside_in_use)
    yield from spaces.endpoints.new_pods.values()
    yield from positions(spaces.endpoints.everything)


def is_settled(engine: Engine, spots: Iterable[Spot]) -> bool:
    """Whether no rejected policy could let more in than the others do."""
    return not any(engine.rejected_for(Direction.INGRESS, spot.number) for spot in spots)
