"""What the present policies let through, asked by workload as the recommendation needs it."""

from __future__ import annotations

from functools import cached_property

from lib.model.cluster import Workload
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet
from lib.policy.bits import Bits
from lib.policy.engine import Engine
from lib.scenario.answer import FlowAnswer
from lib.scenario.side import Partition, Side


class Today:
    """The engine's answers over the present policies, by the workload's position in the snapshot."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.workloads: tuple[Workload, ...] = engine.snapshot.workloads
        self._outside: dict[tuple[int, Direction], dict[FlowAnswer, AddressSet]] = {}
        self._common: dict[tuple[FlowAnswer, ConnectionSet], ConnectionSet] = {}

    @cached_property
    def side(self) -> Side:
        """The answers between workloads."""
        return Side(self.engine, [w.ref for w in self.workloads])

    @cached_property
    def holders(self) -> dict[int, Bits]:
        """Class → the workloads that have pods of it."""
        return holders(self.engine)

    def partition(self, number: int) -> Partition:
        """Answer → the workloads towards which a workload has it."""
        return self.side.partition(number)

    def some(self, answer: FlowAnswer, ports: ConnectionSet) -> ConnectionSet:
        """The part of ``ports`` that at least some pods surely have."""
        key = answer, ports
        found = self._common.get(key)
        if found is None:
            found = self._common[key] = answer.some & ports
        return found

    def with_itself(self, number: int) -> ConnectionSet:
        """What the pods of a workload have among each other."""
        total = self.side.pairs.pair(number, number)
        return self.engine.connections(total.every | total.some) if total is not None else ConnectionSet()

    def outside(self, number: int, direction: Direction) -> dict[FlowAnswer, AddressSet]:
        """Answer → the outside addresses with which a workload has it."""
        key = number, direction
        found = self._outside.get(key)
        if found is None:
            found = self._outside[key] = self.side.outside(number, direction)
        return found

    def number(self, ref: ObjectRef) -> int:
        """A workload's position."""
        return self.engine.workload_numbers[ref]


def holders(engine: Engine) -> dict[int, Bits]:
    """Class → the workloads that have pods of it and a network of their own."""
    found: dict[int, Bits] = {}
    for number, (workload, classes) in enumerate(
        zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True)
    ):
        if not workload.host_network:
            for each in classes:
                found[each] = found.get(each, 0) | 1 << number
    return found


def has_several_pods(workload: Workload) -> bool:
    """Whether pods of a workload can talk among each other, now or when it is scaled as it says."""
    return len(workload.endpoints) > 1 or (workload.replicas or 0) > 1
