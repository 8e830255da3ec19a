"""Labels and the selectors that match them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from lib.model.errors import ModelError
from lib.model.records import dataclass

Labels = Mapping[str, str]


class Operator(Enum):
    """The operators of a label selector requirement, as the API spells them."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True, order=False)
class Requirement:
    """One condition on one label key.

    NotIn and DoesNotExist also hold where the key is absent (apimachinery, labels.Requirement.Matches).
    Raises ModelError when In/NotIn come without values or Exists/DoesNotExist with some.
    """

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.operator in (Operator.IN, Operator.NOT_IN)) != bool(self.values):
            raise ModelError(f"operator {self.operator.value} on {self.key!r} has {len(self.values)} values")

    def matches(self, labels: Labels) -> bool:
        """Whether an object with ``labels`` fulfils this condition."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value is None or value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None

    def __str__(self) -> str:
        values = ",".join(sorted(self.values))
        match self.operator:
            case Operator.IN if len(self.values) == 1:
                return f"{self.key}={values}"
            case Operator.NOT_IN if len(self.values) == 1:
                return f"{self.key}!={values}"
            case Operator.IN:
                return f"{self.key} in ({values})"
            case Operator.NOT_IN:
                return f"{self.key} notin ({values})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements must hold; without any, everything matches. ``str()`` gives kubectl's selector syntax."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def from_labels(cls, labels: Labels) -> LabelSelector:
        """The selector that a plain map (``matchLabels``, a Service's ``selector``) stands for."""
        return cls(tuple(Requirement(k, Operator.IN, frozenset({v})) for k, v in sorted(labels.items())))

    @property
    def keys(self) -> frozenset[str]:
        """The label keys that the answer can depend on."""
        return frozenset(r.key for r in self.requirements)

    @property
    def is_everything(self) -> bool:
        """Whether it has no requirement, so that it matches every object."""
        return not self.requirements

    def matches(self, labels: Labels) -> bool:
        """Whether an object with ``labels`` fulfils every requirement."""
        return all(r.matches(labels) for r in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements)) or "<all>"


EVERYTHING = LabelSelector()
