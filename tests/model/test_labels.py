"""Label selectors by the words of apimachinery: all requirements hold; NotIn and DoesNotExist match an absent key."""

from __future__ import annotations

import pytest

from lib.model.errors import ModelError
from lib.model.labels import EVERYTHING, LabelSelector, Operator, Requirement
from lib.model.refs import ObjectRef, Source


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        (Operator.IN, {"a", "b"}, {"k": "a"}, True),
        (Operator.IN, {"a"}, {"k": "c"}, False),
        (Operator.IN, {"a"}, {}, False),
        (Operator.NOT_IN, {"a"}, {"k": "a"}, False),
        (Operator.NOT_IN, {"a"}, {"k": "c"}, True),
        (Operator.NOT_IN, {"a"}, {}, True),
        (Operator.EXISTS, set(), {"k": ""}, True),
        (Operator.EXISTS, set(), {}, False),
        (Operator.DOES_NOT_EXIST, set(), {}, True),
        (Operator.DOES_NOT_EXIST, set(), {"k": "a"}, False),
    ],
)
def test_each_operator_reads_present_and_absent_keys(
    operator: Operator, values: set[str], labels: dict[str, str], expected: bool
) -> None:
    assert Requirement("k", operator, frozenset(values)).matches(labels) is expected


def test_all_requirements_have_to_hold() -> None:
    selector = LabelSelector(
        (Requirement("a", Operator.EXISTS), Requirement("b", Operator.IN, frozenset({"1"}))),
    )
    assert selector.matches({"a": "x", "b": "1"})
    assert not selector.matches({"a": "x", "b": "2"})
    assert selector.keys == {"a", "b"}


def test_the_empty_selector_matches_everything() -> None:
    assert EVERYTHING.matches({}) and EVERYTHING.matches({"a": "b"}) and EVERYTHING.is_everything


@pytest.mark.parametrize(
    ("operator", "values"),
    [(Operator.IN, set()), (Operator.NOT_IN, set()), (Operator.EXISTS, {"a"}), (Operator.DOES_NOT_EXIST, {"a"})],
)
def test_values_that_do_not_fit_the_operator_are_refused(operator: Operator, values: set[str]) -> None:
    with pytest.raises(ModelError):
        Requirement("k", operator, frozenset(values))


def test_a_selector_reads_as_kubectl_writes_it() -> None:
    selector = LabelSelector(
        (
            Requirement("app", Operator.IN, frozenset({"web"})),
            Requirement("tier", Operator.NOT_IN, frozenset({"b", "a"})),
            Requirement("x", Operator.EXISTS),
            Requirement("y", Operator.DOES_NOT_EXIST),
        )
    )
    assert str(selector) == "app=web,tier notin (a,b),x,!y"


def test_names_and_places_read_as_in_every_table() -> None:
    assert str(ObjectRef("shop", "web", "Deployment")) == "shop/web[Deployment]"
    assert str(ObjectRef("", "nginx", "IngressClass")) == "nginx[IngressClass]"
    source = Source("a.yaml", 2).at("spec", "ingress", 0, "from", 1)
    assert source.path_text == "spec.ingress[0].from[1]"
    assert Source("a.yaml", 1, ("metadata", "labels", "app.kubernetes.io/name")).path_text == (
        "metadata.labels['app.kubernetes.io/name']"
    )
