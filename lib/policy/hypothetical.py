"""A cluster with pods that it has not: for each selector the new pods by which the engine shows what it lets in.

A selector leaves choices that some rule can tell apart: which of several values a label has, and which labels a pod has
beside. There is a pod for each choice, so that what all of them have is what every newcomer has. Of labels beside those
that the selector speaks about only such count as take a pod out of a rule that speaks of their absence: a label that
brings a pod into another rule makes it a newcomer of that rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Final, NamedTuple

from lib.model.cluster import METADATA_NAME_LABEL, ContainerPort, Namespace, Pod, Workload
from lib.model.labels import Labels, Operator, Requirement
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.sets import FIRST_PORT, LAST_PORT, Protocol
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.policy.newcomers import ANYBODY, Newcomers
from lib.policy.spaces import Vocabulary
from lib.policy.tiers import vocabularies

CHOICES_UP_TO: Final = 1_000
"""How many pods are made for one selector."""

PODS_UP_TO: Final = 20_000
"""How many pods are made in all."""

_SOME_VALUE: Final = "\0some-value"
"""A label's value that no manifest names."""

_UNSEEN: Final = Source("", 0)

PortNames = Mapping[tuple[Protocol, int], str]
"""The numbers that new pods give to port names."""


class Choice(NamedTuple):
    """The labels of a new pod and of its namespace."""

    namespace: Labels
    pod: Labels


@dataclass(frozen=True, slots=True)
class Hypothetical:
    """The engine over the cluster and all new pods.

    ``classes`` are those of the pods of each selector, none where nobody can fulfil it; ``cut`` are the selectors of
    which not all choices were made. New pods declare every port name that rules know, under the numbers of
    ``port_names``; rules by number say the same of each of them as of the number below it, which no new pod declares.
    """

    engine: Engine
    classes: Mapping[Newcomers, tuple[int, ...]]
    cut: frozenset[Newcomers]
    port_names: PortNames


def with_newcomers(engine: Engine, asked: Iterable[Newcomers]) -> Hypothetical:
    """Add the pods of every selector of ``asked`` and compile; anybody is always among them."""
    snapshot = engine.snapshot
    wanted = dict.fromkeys((ANYBODY, *(each for each in asked if not each.doubt)))
    port_names = _port_numbers(Vocabulary.merge(vocabularies(snapshot, engine.profile)))
    made = _Made(snapshot, _Values(wanted), port_names)
    for each in wanted:
        made.add(each)
    after = replace(
        snapshot,
        namespaces=(*snapshot.namespaces, *made.namespaces.values()),
        workloads=(*snapshot.workloads, *made.workloads),
    )
    compiled = compile_engine(after, engine.profile)
    members = compiled.spaces.endpoints.members[len(snapshot.workloads) :]
    classes = {each: tuple(dict.fromkeys(members[i][0] for i in numbers)) for each, numbers in made.of.items()}
    return Hypothetical(compiled, classes, frozenset(made.cut), port_names)


class _Values:
    """What selectors can tell apart by values, for labels of namespaces and of pods."""

    def __init__(self, asked: Iterable[Newcomers]) -> None:
        self._named: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
        spoiling: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
        for each in asked:
            for side, requirements in enumerate((each.namespace_requirements, each.pods.requirements)):
                for requirement in requirements:
                    self._named[side].setdefault(requirement.key, set()).update(requirement.values)
                    if requirement.operator in (Operator.NOT_IN, Operator.DOES_NOT_EXIST):
                        spoiling[side].setdefault(requirement.key, set()).update(requirement.values or {_SOME_VALUE})
        # A namespace of the input has the labels that it has, so that other labels need one of another name as well.
        self._spoiling = [
            [(side, key, value) for value in (*([None] if key == METADATA_NAME_LABEL else []), *sorted(values))]
            for side, of_keys in enumerate(spoiling)
            for key, values in of_keys.items()
        ]

    def beside(self) -> Iterator[Choice]:
        """Labels that take a pod out of every rule that speaks of their absence, in every way there is; first none.

        Which rules a value takes a pod out of differs by key, so that each value of one meets each of another.
        """
        yield Choice({}, {})
        for chosen in product(*self._spoiling) if self._spoiling else ():
            yield Choice(*({key: v for of, key, v in chosen if of == side and v is not None} for side in (0, 1)))

    def fulfilling(self, requirements: Sequence[Requirement], side: int) -> Iterator[dict[str, str | None]]:
        """The labels that fulfil all ``requirements``; None for one that must be absent."""
        options = []
        for key in dict.fromkeys(r.key for r in requirements):
            values: list[str | None] = [None, _SOME_VALUE, *sorted(self._named[side][key])]
            mine = [r for r in requirements if r.key == key]
            options.append([(key, v) for v in values if all(r.matches({} if v is None else {key: v}) for r in mine)])
        return map(dict, product(*options))


class _Made:
    """The namespaces and pods that were made so far."""

    def __init__(self, snapshot: Snapshot, values: _Values, port_names: PortNames) -> None:
        self._present = snapshot.namespace_by_name
        self._values = values
        self._ports = tuple(ContainerPort(number, protocol, name) for (protocol, number), name in port_names.items())
        self._pods: dict[tuple[str, frozenset[tuple[str, str]]], int] = {}
        self.namespaces: dict[frozenset[tuple[str, str]], Namespace] = {}
        self.workloads: list[Workload] = []
        self.of: dict[Newcomers, list[int]] = {}
        self.cut: set[Newcomers] = set()

    def add(self, each: Newcomers) -> None:
        """Make the pods of one selector."""
        room = min(CHOICES_UP_TO, PODS_UP_TO - len(self.workloads))
        choices = list(islice(self._choices(each), room + 1))
        if len(choices) > room:
            self.cut.add(each)
        names = ((self._namespace(c.namespace, each.namespace_requirements), c.pod) for c in choices[:room])
        self.of[each] = [self._pod(name, labels) for name, labels in names if name]

    def _choices(self, each: Newcomers) -> Iterator[Choice]:
        for namespace in self._values.fulfilling(each.namespace_requirements, 0):
            for pod in self._values.fulfilling(each.pods.requirements, 1):
                for beside in self._values.beside():
                    yield Choice(_joined(beside.namespace, namespace), _joined(beside.pod, pod))

    def _namespace(self, labels: Labels, requirements: Sequence[Requirement]) -> str:
        """A namespace with these labels, made if need be; "" where the one of its name has others."""
        name = labels.get(METADATA_NAME_LABEL, _SOME_VALUE)
        if name in self._present:
            return name if all(r.matches(self._present[name].labels) for r in requirements) else ""
        made = f"\0{len(self.namespaces)}"
        known = {**labels, METADATA_NAME_LABEL: name}
        labels = {**labels, METADATA_NAME_LABEL: made if name == _SOME_VALUE else name}
        return self.namespaces.setdefault(frozenset(known.items()), Namespace(made, labels, _UNSEEN)).name

    def _pod(self, namespace: str, labels: Labels) -> int:
        """The position of a pod with these labels among the new workloads, made if need be."""
        key = namespace, frozenset(labels.items())
        if key not in self._pods:
            self._pods[key] = len(self.workloads)
            ref = ObjectRef(namespace, f"\0{len(self.workloads)}", "Pod")
            self.workloads.append(Workload(ref, _UNSEEN, (Pod(ref, _UNSEEN, labels, self._ports),)))
        return self._pods[key]


def _joined(beside: Labels, chosen: Mapping[str, str | None]) -> Labels:
    """What was chosen, and beside it labels with other keys."""
    return {key: value for key, value in {**beside, **chosen}.items() if value is not None}


def _port_numbers(vocabulary: Vocabulary) -> PortNames:
    """A number for every port name that rules know, of which rules by number say the same as of the number below."""
    found: dict[tuple[Protocol, int], str] = {}
    for protocol in Protocol:
        spans = [span for of, span in vocabulary.ports if of is protocol]
        cuts = {first for first, _ in spans} | {last + 1 for _, last in spans}
        names = sorted(name for name, of in vocabulary.named_ports if of is protocol)
        numbers = (number for number in range(LAST_PORT, FIRST_PORT, -2) if number not in cuts)
        found |= {(protocol, number): name for name, number in zip(names, numbers, strict=False)}
    return found
