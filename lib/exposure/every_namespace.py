"""Whether what a new namespace's pods have holds for every namespace, whatever its labels and be it there or not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from lib.model.labels import EVERYTHING
from lib.model.policies import Direction
from lib.policy.bits import Bits
from lib.policy.engine import Engine
from lib.policy.hypothetical import Hypothetical, with_newcomers
from lib.policy.newcomers import Newcomers, by_policy
from lib.policy.projection import ARBITRARY_NAMESPACE
from lib.policy.rules import Stage
from lib.policy.tiers import policy_vocabularies
from lib.policy.walk import Question, walk


class EveryNamespace:
    """Looks for namespaces of which an unlabelled pod has less than one of a namespace without labels has.

    Made are namespaces with the labels that rules name, or that take a namespace out of a rule; those of the input
    count as well. The policies of the workload's own side are asked.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: dict[tuple[int, Direction], bool] = {}

    def some_have_less(self, workload: int, direction: Direction) -> bool:
        """Whether the pods of a workload, by its position, surely have less with some namespace."""
        return any(
            self._less(number, direction) for number in dict.fromkeys(self._new.spaces.endpoints.members[workload])
        )

    def _less(self, number: int, direction: Direction) -> bool:
        key = number, direction
        if key not in self._found:
            self._found[key] = self._ask(number, direction)
        return self._found[key]

    def _ask(self, number: int, direction: Direction) -> bool:
        if not self._stages.get(number):
            return False
        arbitrary = self._new.spaces.endpoints.new_pods[ARBITRARY_NAMESPACE]
        held, _ = self._has(number, direction, arbitrary)
        return bool(held) and any(held & ~self._has(number, direction, each)[1] for each in self._unlabelled)

    def _has(self, number: int, direction: Direction, peer: int) -> tuple[Bits, Bits]:
        destination = peer if direction is Direction.EGRESS else number
        question = Question(direction, number, peer, destination, self._new.spaces.ports.all)
        seen = walk(self._new.spaces, self._stages.get(number, ()), question)
        return seen.allowed, seen.possible

    @cached_property
    def _hypothetical(self) -> Hypothetical:
        engine = self._engine
        policies = (policy for policy, _ in policy_vocabularies(engine.snapshot, engine.profile))
        named = by_policy((*policies, *engine.snapshot.calico_profiles)).values()
        scopes = (
            each.namespaces for of_policy in named for some in of_policy.values() for each in some if not each.doubt
        )
        return with_newcomers(engine, (Newcomers(scope, EVERYTHING) for scope in dict.fromkeys(scopes)))

    @property
    def _new(self) -> Engine:
        return self._hypothetical.engine

    @property
    def _stages(self) -> Mapping[int, tuple[Stage, ...]]:
        return self._new.own_nodes.selecting

    @cached_property
    def _unlabelled(self) -> tuple[int, ...]:
        """The classes of unlabelled pods, one in each namespace of the input and in each that was made."""
        endpoints, count = self._new.spaces.endpoints, len(self._engine.snapshot.workloads)
        made = zip(self._new.snapshot.workloads[count:], endpoints.members[count:], strict=True)
        found = [numbers[0] for workload, numbers in made if not workload.pods[0].labels]
        return tuple(dict.fromkeys((*found, *endpoints.new_pods.values())))
