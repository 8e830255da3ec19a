"""The model's own ``dataclass`` does what the standard library's does, for every way in which the model uses it."""

from __future__ import annotations

import copy
import dataclasses
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from lib.model.records import dataclass as ours
from lib.model.records import field, replace

Made = Callable[[type], type]
STANDARD: Made = dataclasses.dataclass(frozen=True, slots=True)
OURS: Made = ours(frozen=True, slots=True)


class Plain:
    a: int
    b: str = "b"
    c: list[int] = dataclasses.field(default_factory=list, hash=False)
    d: str = dataclasses.field(default="d", compare=False)
    e: str = dataclasses.field(default="e", repr=False)


class Empty:
    pass


class Single:
    only: int


class Checked:
    a: int

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError("negative")


class WithOwnMethods:
    a: int
    b: int

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.a == other.a

    def __hash__(self) -> int:
        return self.a


class WithOwnEquality:
    a: int

    def __eq__(self, other: object) -> bool:
        return True


SHAPES: list[tuple[type, list[dict[str, Any]]]] = [
    (Plain, [{"a": 1}, {"a": 1, "d": "other"}, {"a": 1, "c": [2]}, {"a": 2, "b": "x", "e": "y"}]),
    (Empty, [{}]),
    (Single, [{"only": 1}, {"only": 2}]),
    (Checked, [{"a": 0}, {"a": 1}]),
    (WithOwnMethods, [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}]),
    (WithOwnEquality, [{"a": 1}, {"a": 2}]),
]


def both(shape: type) -> tuple[type, type]:
    """The shape as the standard library makes it, and as the model does; of the same name."""
    body = {k: v for k, v in vars(shape).items() if k not in ("__dict__", "__weakref__")}
    return STANDARD(type(shape.__name__, (), dict(body))), OURS(type(shape.__name__, (), dict(body)))


@pytest.mark.parametrize(("shape", "values"), SHAPES, ids=lambda v: getattr(v, "__name__", ""))
def test_objects_compare_hash_and_show_as_the_standard_library_has_it(
    shape: type, values: list[dict[str, Any]]
) -> None:
    answers = []
    for cls in both(shape):
        objects = [cls(**v) for v in values]
        answers.append(
            {
                "repr": [repr(o) for o in objects],
                "equal": [[one == other for other in objects] for one in objects],
                "hash": [hash(o) for o in objects],
                "other": [o == "text" for o in objects],
                "fields": [f.name for f in dataclasses.fields(cls)],
                "match": cls.__match_args__,
                "slots": cls.__slots__,
                "frozen": cls.__dataclass_params__.frozen,
            }
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "change", [lambda o: setattr(o, "a", 2), lambda o: delattr(o, "a"), lambda o: setattr(o, "z", 1)]
)
def test_no_field_can_be_set_or_deleted(change: Callable[[Any], None]) -> None:
    for cls in both(Plain):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            change(cls(1))


@pytest.mark.parametrize("values", [(), (1, 2, 3, 4, 5, 6)], ids=["too few", "too many"])
def test_a_wrong_number_of_values_is_refused(values: tuple[int, ...]) -> None:
    for cls in both(Plain):
        with pytest.raises(TypeError):
            cls(*values)


def test_each_object_has_a_default_of_its_own_from_a_factory() -> None:
    made = both(Plain)[1]
    assert made(1).c is not made(1).c


def test_what_post_init_raises_is_raised_and_replace_runs_it_again() -> None:
    made = both(Checked)[1]
    with pytest.raises(ValueError, match="negative"):
        made(-1)
    with pytest.raises(ValueError, match="negative"):
        dataclasses.replace(made(1), a=-1)
    assert dataclasses.replace(made(1), a=2) == made(2)


@ours(frozen=True, slots=True)
class Base:
    a: int


@ours(frozen=True, slots=True)
class Derived(Base):
    b: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class DerivedByTheStandardLibrary(Base):
    b: int = 0


def test_copies_and_pickles_are_equal() -> None:
    for made in (Base(1), Derived(1, 2)):
        assert copy.deepcopy(made) == copy.copy(made) == pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("cls", [Derived, DerivedByTheStandardLibrary])
def test_a_subclass_has_all_fields_and_is_not_equal_to_its_base(cls: type) -> None:
    assert cls(1, 2).a == 1
    assert repr(cls(1, 2)) == f"{cls.__name__}(a=1, b=2)"
    assert cls(1, 2) != Base(1)
    assert cls(1, 2) == cls(1, 2)


def test_what_is_not_made_is_refused_and_not_passed_over() -> None:
    for option in ({"init": False}, {"kw_only": True}):
        with pytest.raises(TypeError, match="not made here"):
            OURS(type("Odd", (), {"__annotations__": {"a": int}, "a": dataclasses.field(**option)}))  # type: ignore[call-overload]


WAYS: list[dict[str, bool]] = [
    {"frozen": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"slots": True},
    {},
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: ",".join(way) or "none")
def test_each_way_of_making_a_class_does_as_the_standard_library_has_it(way: dict[str, bool]) -> None:
    assert _behaviour(dataclasses.dataclass(**way)) == _behaviour(ours(**way))


def _behaviour(make: Made) -> dict[str, object]:
    """All that a class of three fields does when ``make`` has made it."""
    notes = {"__annotations__": {"a": int, "b": str, "c": int}}
    cls: Any = make(type("Shape", (), {**notes, "b": "b", "c": dataclasses.field(default=0, compare=False)}))
    objects = [cls(a=1), cls(a=1, c=2), cls(a=2, b="a"), cls(a=1, b="c")]
    first = objects[0]
    return {
        "repr": list(map(repr, objects)),
        "equal": [[one == other for other in objects] for one in objects],
        "ordered": [[_raised(operator.lt, one, other) for other in objects] for one in objects],
        "at least": [_raised(operator.ge, one, first) for one in objects],
        "order of another class": _raised(operator.lt, first, "text"),
        "hash": [_raised(hash, each) for each in objects],
        "by position": _raised(cls, 1),
        "set": _raised(setattr, first, "a", 9),
        "set what is no field": _raised(setattr, first, "z", 9),
        "after": repr(first),
        "as dict": list(map(dataclasses.asdict, objects)),
        "replaced": [repr(dataclasses.replace(each, a=5)) for each in objects],
        "replaced by ours": [repr(replace(each, a=5)) for each in objects],
        "unknown field": _raised(lambda: replace(first, nothing=1)),
        "match": cls.__match_args__,
        "slots": getattr(cls, "__slots__", None),
        "class values": [vars(cls).get("b") == "b", vars(cls).get("c") == 0, "a" in vars(cls)],
        "fields": [(f.name, f.compare, f.kw_only, f.default) for f in dataclasses.fields(cls)],
    }


def _raised(act: Callable[..., object], *arguments: object) -> str:
    """What ``act`` gives, or that it refused: which of the two errors it was differs between releases of Python."""
    try:
        return repr(act(*arguments))
    except (TypeError, AttributeError):
        return "refused"


def test_a_field_of_ours_is_read_as_one_of_the_standard_library() -> None:
    @ours(frozen=True, slots=True)
    class Own:
        a: int
        b: list[int] = field(default_factory=list, hash=False)
        c: str = field(default="c", compare=False, repr=False)

    assert Own(1) == Own(1, [], "other") != Own(1, [2])
    assert hash(Own(1)) == hash(Own(1, [2], "d"))
    assert repr(Own(1)).endswith("Own(a=1, b=[])")
    assert [(f.name, f.compare, f.repr, f.hash) for f in dataclasses.fields(Own)] == [
        ("a", True, True, None),
        ("b", True, True, False),
        ("c", False, False, None),
    ]
    assert replace(Own(1), c="x").c == "x"


def test_replace_takes_what_the_standard_library_made_too() -> None:
    made = STANDARD(type("Single", (), {"__annotations__": {"only": int}}))
    assert replace(made(1), only=2) == made(2)  # type: ignore[type-var]


def test_a_default_that_may_change_is_refused() -> None:
    for make in (STANDARD, OURS):
        with pytest.raises(ValueError, match="default"):
            make(type("Odd", (), {"__annotations__": {"a": list}, "a": []}))
