"""What label selectors can ever match: contradictions, and whether one matches all that another does."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.labels import LabelSelector, Operator, Requirement


@dataclass(frozen=True, slots=True)
class _Values:
    """What a label may be: absent, one of ``only`` (None: anything), and none of ``but``."""

    absent: bool = True
    only: frozenset[str] | None = None
    but: frozenset[str] = frozenset()

    def also(self, requirement: Requirement) -> _Values:
        values = requirement.values
        match requirement.operator:
            case Operator.IN:
                return _Values(False, values if self.only is None else self.only & values, self.but)
            case Operator.NOT_IN:
                return _Values(self.absent, self.only, self.but | values)
            case Operator.EXISTS:
                return _Values(False, self.only, self.but)
            case Operator.DOES_NOT_EXIST:
                return _Values(self.absent, frozenset(), self.but)

    @property
    def is_empty(self) -> bool:
        return not self.absent and self.only is not None and not self.only - self.but

    def within(self, other: _Values) -> bool:
        if self.absent and not other.absent:
            return False
        if self.only is None:
            return other.only is None and other.but <= self.but
        mine = self.only - self.but
        return mine.isdisjoint(other.but) and (other.only is None or mine <= other.only)


def _values(selector: LabelSelector, key: str) -> _Values:
    found = _Values()
    for requirement in selector.requirements:
        if requirement.key == key:
            found = found.also(requirement)
    return found


def contradiction(selector: LabelSelector) -> str:
    """The requirements that nothing can fulfil together; "" where something can."""
    for key in sorted(selector.keys):
        if _values(selector, key).is_empty:
            return " and ".join(str(r) for r in selector.requirements if r.key == key)
    return ""


def implies(narrow: LabelSelector, wide: LabelSelector) -> bool:
    """Whether ``wide`` matches everything, present or yet to come, that ``narrow`` matches."""
    if contradiction(narrow):
        return True
    return all(_values(narrow, key).within(_values(wide, key)) for key in wide.keys)
