"""Selectors that take exactly a workload's pods, by labels that no rollout changes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from lib.model.cluster import Pod, Workload
from lib.model.labels import LabelSelector, Operator, Requirement
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, positions
from lib.scenario.labels import GENERATED, USUAL

_TRIED_UP_TO: Final = 8
_VALUES_UP_TO: Final = 20
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

Raw = dict[str, object]


@dataclass(frozen=True, slots=True)
class PodSelector:
    """A selector of pods in one namespace; ``others`` are the workloads whose pods it takes besides those meant."""

    selector: LabelSelector
    others: tuple[ObjectRef, ...] = ()

    def raw(self) -> Raw:
        """As the API writes it; ``{}`` where it takes every pod."""
        labels, expressions = {}, []
        for requirement in self.selector.requirements:
            if requirement.operator is Operator.IN and len(requirement.values) == 1:
                (labels[requirement.key],) = requirement.values
                continue
            expression: Raw = {"key": requirement.key, "operator": requirement.operator.value}
            if requirement.values:
                expression["values"] = sorted(requirement.values)
            expressions.append(expression)
        return {
            **({"matchLabels": labels} if labels else {}),
            **({"matchExpressions": expressions} if expressions else {}),
        }


class PodSelectors:
    """Finds the selector of each workload; what was found once is kept."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._namespaces: dict[str, _Namespace] = {}
        self._found: dict[ObjectRef, PodSelector] = {}

    def of(self, workload: Workload) -> PodSelector:
        """The selector of a workload that has pods with a network of their own."""
        found = self._found.get(workload.ref)
        if found is None:
            namespace = self._namespaces.get(workload.namespace)
            if namespace is None:
                workloads = self._snapshot.workloads_by_namespace.get(workload.namespace, ())
                namespace = self._namespaces[workload.namespace] = _Namespace(workloads)
            found = self._found[workload.ref] = namespace.selector(workload)
        return found


class _Namespace:
    """The pods of a namespace that selectors see, now or after a scale-up, and which of them have which label."""

    def __init__(self, workloads: Sequence[Workload]) -> None:
        self._pods: list[tuple[Pod, ObjectRef]] = [
            (pod, workload.ref)
            for workload in workloads
            for pod in workload.endpoints or workload.to_come
            if not pod.host_network
        ]
        self._mine: dict[ObjectRef, Bits] = defaultdict(int)
        self._with: dict[tuple[str, str], Bits] = defaultdict(int)
        self._having: dict[str, Bits] = defaultdict(int)
        for number, (pod, ref) in enumerate(self._pods):
            self._mine[ref] |= 1 << number
            for key, value in pod.labels.items():
                if key not in GENERATED and _is_key(key) and (not value or _NAME.fullmatch(value)):
                    self._with[key, value] |= 1 << number
                    self._having[key] |= 1 << number
        self._everybody = (1 << len(self._pods)) - 1

    def selector(self, workload: Workload) -> PodSelector:
        """The fewest labels that tell its pods from all others; where labels alone do not, expressions beside them."""
        mine = self._mine.get(workload.ref, 0)
        shared = self._shared(mine)
        taken, chosen = self._by_labels(mine, shared)
        requirements = [Requirement(k, Operator.IN, frozenset({v})) for k, v in chosen]
        while taken & ~mine:
            best = max(self._expressions(mine), key=lambda e: (taken & ~mine & ~e[1]).bit_count(), default=None)
            if best is None or not taken & ~mine & ~best[1]:
                break
            requirements.append(best[0])
            taken &= best[1]
        others = dict.fromkeys(self._pods[n][1] for n in positions(taken & ~mine))
        return PodSelector(LabelSelector(tuple(requirements)), tuple(others))

    def _shared(self, mine: Bits) -> list[tuple[str, str]]:
        if not mine:
            return []
        first = self._pods[positions(mine & -mine)[0]][0].labels
        found = [item for item in first.items() if mine & ~self._with.get(item, 0) == 0 and item in self._with]
        order = {key: place for place, key in enumerate(USUAL)}
        return sorted(found, key=lambda item: (order.get(item[0], len(order)), item))

    def _by_labels(self, mine: Bits, shared: list[tuple[str, str]]) -> tuple[Bits, tuple[tuple[str, str], ...]]:
        """The pods taken and the labels that take them: of the fewest other pods with the fewest labels."""
        fewest = self._everybody
        for item in shared:
            fewest &= self._with[item]
        tried = shared[:_TRIED_UP_TO]
        for size in range(1, len(tried) + 1):
            for chosen in combinations(tried, size):
                taken = self._everybody
                for item in chosen:
                    taken &= self._with[item]
                if taken == fewest:
                    return taken, chosen
        return fewest, tuple(shared)

    def _expressions(self, mine: Bits) -> Iterator[tuple[Requirement, Bits]]:
        """Requirements that all of its pods meet, with the pods that meet them."""
        for key, having in sorted(self._having.items()):
            if not mine & having:
                yield Requirement(key, Operator.DOES_NOT_EXIST), self._everybody & ~having
                continue
            if mine & ~having:
                continue
            values = self._values(key, mine)
            if len(values) <= _VALUES_UP_TO:
                taken = 0
                for value in values:
                    taken |= self._with[key, value]
                yield Requirement(key, Operator.IN, frozenset(values)), taken

    def _values(self, key: str, mine: Bits) -> Mapping[str, None]:
        return dict.fromkeys(self._pods[n][0].labels[key] for n in positions(mine))


def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not slash or bool(_PREFIX.fullmatch(prefix)))
