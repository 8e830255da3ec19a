"""In which directions workloads are open because no policy isolates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.engine import Engine


class Isolation(NamedTuple):
    """A workload and a direction."""

    workload: ObjectRef
    direction: Direction


def open_directions(engine: Engine) -> Mapping[ObjectRef, tuple[Direction, ...]]:
    """The directions for which some pod of a workload is not isolated, in the snapshot's order; empty for closed ones.

    Host-network workloads and those without pods are left out: no policy isolates them. So are those that policies may
    isolate which could not be read.
    """
    perhaps = engine.perhaps_governed
    isolated = {d: bits | perhaps for d, bits in engine.reachability().isolated.items()}
    return {
        workload.ref: tuple(d for d in Direction if any(not isolated[d] >> number & 1 for number in classes))
        for workload, classes in zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True)
        if classes and not workload.host_network
    }


def newly_isolated(old: Engine, new: Engine) -> tuple[Isolation, ...]:
    """What was open in one reading and is isolated in the other, by workload."""
    before, after = open_directions(old), open_directions(new)
    return tuple(
        Isolation(ref, direction)
        for ref, directions in before.items()
        for direction in directions
        if direction not in after.get(ref, (direction,))
    )
