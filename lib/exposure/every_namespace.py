"""Whether what a new namespace's pods have holds for every namespace, whatever its labels and be it there or not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property

from lib.model.labels import EVERYTHING
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits
from lib.policy.engine import Engine
from lib.policy.hypothetical import Hypothetical, with_newcomers
from lib.policy.newcomers import Newcomers, by_policy
from lib.policy.projection import ARBITRARY_NAMESPACE
from lib.policy.rules import Action, CompiledPolicy, Stage
from lib.policy.tiers import policy_vocabularies
from lib.policy.walk import Question, walk


class EveryNamespace:
    """Looks for namespaces of which an unlabelled pod has less than one of a namespace without labels has.

    Made are namespaces with the labels that rules name, or that take a namespace out of a rule; those of the input
    count as well. The policies of the workload's own side are asked.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: dict[Hashable, bool] = {}

    def some_have_less(self, workload: int, direction: Direction) -> bool:
        """Whether the pods of a workload, by its position, surely have less with some namespace."""
        mine = dict.fromkeys(self._engine.spaces.endpoints.members[workload])
        if not any(self._may_tell_apart(number, direction) for number in mine):
            return False
        return any(
            self._less(number, direction) for number in dict.fromkeys(self._new.spaces.endpoints.members[workload])
        )

    def _may_tell_apart(self, number: int, direction: Direction) -> bool:
        """Whether some rule on a class can take anything from a namespace for its labels.

        Rules that allow take nothing from what fulfils them; a namespace without labels fulfils only such selectors as
        every namespace does, or as speak of the absence of labels.
        """
        stages = self._engine.own_nodes.selecting.get(number, ())
        return any(self._tells_apart(policy, direction) for stage in stages for policy in stage.policies)

    def _tells_apart(self, policy: CompiledPolicy, direction: Direction) -> bool:
        key = id(policy), direction
        found = self._telling.get(key)
        if found is None:
            rules = [rule for rule in policy.rules if rule.direction is direction]
            asked = self._named.get(policy.ref, {}).get(direction, ())
            found = self._telling[key] = any(rule.action is not Action.ALLOW for rule in rules) or any(
                requirement.matches({}) for each in asked for requirement in each.namespace_requirements
            )
        return found

    @cached_property
    def _telling(self) -> dict[tuple[int, Direction], bool]:
        return {}

    def _less(self, number: int, direction: Direction) -> bool:
        """As ``_ask``; classes that the same rules are about, with the same named ports, have one answer."""
        stages = self._stages.get(number, ())
        policies = (policy for stage in stages for policy in stage.policies)
        rules = tuple(id(rule) for policy in policies for rule in policy.rules if rule.subjects >> number & 1)
        closing = tuple((stage.order, stage.closes(direction) >> number & 1) for stage in stages)
        key = direction, rules, closing, self._new.spaces.endpoints.classes[number].named_ports
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
    def _named(self) -> Mapping[ObjectRef, Mapping[Direction, tuple[Newcomers, ...]]]:
        engine = self._engine
        policies = (policy for policy, _ in policy_vocabularies(engine.snapshot, engine.profile))
        return by_policy((*policies, *engine.snapshot.calico_profiles))

    @cached_property
    def _hypothetical(self) -> Hypothetical:
        engine = self._engine
        scopes = (
            each.namespaces
            for of_policy in self._named.values()
            for some in of_policy.values()
            for each in some
            if not each.doubt
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
