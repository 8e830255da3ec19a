"""Label selectors, as apimachinery validates them."""

from __future__ import annotations

from typing import Final

from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import quote
from lib.model.labels import EVERYTHING, LabelSelector, Operator, Requirement

_SELECTOR_FIELDS: Final = frozenset({"matchLabels", "matchExpressions"})
_REQUIREMENT_FIELDS: Final = frozenset({"key", "operator", "values"})
_OPERATORS: Final = {operator.value: operator for operator in Operator}
_WITH_VALUES: Final = (Operator.IN, Operator.NOT_IN)


def read_selector(selector: Fields) -> LabelSelector:
    """A ``metav1.LabelSelector``; without any requirement it matches everything."""
    selector.only(_SELECTOR_FIELDS)
    labels = selector.labels("matchLabels")
    requirements = list(LabelSelector.from_labels(labels).requirements) if labels else []
    for expression in selector.children("matchExpressions"):
        requirement = _requirement(expression)
        if requirement is not None:
            requirements.append(requirement)
    return LabelSelector(tuple(requirements)) if requirements else EVERYTHING


def selector_at(parent: Fields, key: str) -> LabelSelector:
    """The selector at ``key``; absent or null matches everything (only for fields that are not pointers)."""
    child = parent.child(key)
    return EVERYTHING if child is None else read_selector(child)


def _requirement(expression: Fields) -> Requirement | None:
    expression.only(_REQUIREMENT_FIELDS)
    session = expression.entry.session
    key, word = expression.text("key"), expression.text("operator")
    values = [value for _, value in expression.texts("values")]
    good = True
    if fault := session.key_fault(key):
        message = f"the key {quote(key)} {fault}"
        expression.error("key", "invalid-label-key", message, "Write a label's key.")
        good = False
    operator = _OPERATORS.get(word)
    if operator is None:
        words = ", ".join(_OPERATORS)
        message = f"the operator {quote(word)} is not one of {words}"
        expression.error("operator", "invalid-operator", message, f"Use one of {words}.")
        return None
    for index, value in enumerate(values):
        if fault := session.value_fault(value):
            path = (*expression.path, "values", index)
            message = f"{quote(value)} {fault}"
            expression.entry.error(path, "invalid-label-value", message, "Write a label's value.")
            good = False
    if operator in _WITH_VALUES and not values:
        message = f"operator {word} needs at least one value"
        expression.error("values", "selector-values", message, "Add values, or use Exists or DoesNotExist.")
        return None
    if operator not in _WITH_VALUES and values:
        message = f"operator {word} must not have values"
        expression.error("values", "selector-values", message, "Remove the values, or use In or NotIn.")
        return None
    return Requirement(key, operator, frozenset(values)) if good else None
