"""The standard library's ``dataclass(frozen=True, slots=True)``, made at a third of its cost.

``dataclass`` compiles six methods for each class, and the classes of the model were half of what a command took to
start. Here only ``__init__`` is compiled; the other methods are shared, or read the fields in one call. What a class
does is the same (a test compares both), and so is what type checkers see: to them it is the standard one.
"""

from __future__ import annotations

from dataclasses import dataclass as _standard
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass
    from operator import attrgetter

    def dataclass(*, frozen, slots):
        """Make a frozen class with slots; TypeError for a field's options ``init`` and ``kw_only``, not made here."""
        if not (frozen and slots):
            raise TypeError("only dataclass(frozen=True, slots=True) is made here")
        return _record

    def _record(cls):
        # The standard library lets a class inherit a frozen one only if it is called frozen, too.
        inherits = any(is_dataclass(base) for base in cls.__bases__)
        cls = _standard(init=False, repr=False, eq=False, frozen=inherits, slots=True)(cls)
        # Subclasses made by the standard library must see that this one is frozen.
        cls.__dataclass_params__.frozen = True
        own = fields(cls)
        for field in own:
            if field.kw_only or not field.init:
                raise TypeError(f"{cls.__qualname__}.{field.name}: an option of a field that is not made here")
        compared = [field.name for field in own if field.compare]
        hashed = [field.name for field in own if (field.compare if field.hash is None else field.hash)]
        methods = {
            "__init__": _init(cls, own),
            "__eq__": _equality(_reader(compared)),
            "__hash__": _hash(_reader(hashed)),
            "__repr__": _repr,
            "__setattr__": _refuse_to_set,
            "__delattr__": _refuse_to_delete,
            "__getstate__": _get_state,
            "__setstate__": _set_state,
        }
        for name, method in methods.items():
            # A class that has an __eq__ of its own has None for __hash__, which the standard library replaces, too.
            if vars(cls).get(name) is None:
                setattr(cls, name, method)
        return cls

    def _init(cls, own):
        """The one method that is compiled: it runs for every object, so a loop over the fields would cost more."""
        names = {"_set": object.__setattr__, "_MISSING": MISSING}
        arguments, lines = [], []
        for field in own:
            name, default = field.name, f"_default_{field.name}"
            value = name
            if field.default_factory is not MISSING:
                names[default] = field.default_factory
                arguments.append(f"{name}=_MISSING")
                value = f"{default}() if {name} is _MISSING else {name}"
            elif field.default is not MISSING:
                names[default] = field.default
                arguments.append(f"{name}={default}")
            else:
                arguments.append(name)
            lines.append(f"_set(self, {name!r}, {value})")
        if hasattr(cls, "__post_init__"):
            lines.append("self.__post_init__()")
        body = "\n ".join(lines) or "pass"
        # The text is made of the names of a class's own fields.
        exec(f"def __init__({', '.join(['self', *arguments])}):\n {body}", names)  # noqa: S102
        init = names["__init__"]
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        init.__module__ = cls.__module__
        return init

    def _reader(names):
        """A function that gives the values of ``names`` as a tuple."""
        if len(names) > 1:
            return attrgetter(*names)
        return lambda record: tuple([getattr(record, name) for name in names])

    def _equality(values):
        def __eq__(self, other):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        return __eq__

    def _hash(values):
        def __hash__(self):
            return hash(values(self))

        return __hash__

    def _repr(self):
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
        return f"{self.__class__.__qualname__}({shown})"

    def _refuse_to_set(self, name, value):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_to_delete(self, name):
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _get_state(self):
        return [getattr(self, field.name) for field in fields(self)]

    def _set_state(self, state):
        for field, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)


__all__ = ["dataclass"]
