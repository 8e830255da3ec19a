"""The standard library's ``dataclass``, ``field`` and ``replace``, made at a small part of their cost.

``dataclass`` compiles six methods for each class, and reads source code to describe it: the classes of the model were a
third of what a command took to start. Here methods are shared or read the fields in one call, ``__init__`` is compiled
when a class makes its first object, and what only the standard library's functions ask for (``fields`` and the like)
when they ask. What a class does is the same (a test compares both), and so is what type checkers see: to them it is
the standard one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:
    from operator import attrgetter

    _ABSENT = object()

    def dataclass(*, frozen=False, slots=False, order=False, kw_only=False):
        """Make a class of ``field``s; TypeError for a field's options ``init`` and ``kw_only``, not made here."""

        def made(cls):
            return _record(cls, _Options(frozen, slots, order, kw_only))

        return made

    def field(*, default=_ABSENT, default_factory=_ABSENT, repr=True, hash=None, compare=True):
        """What is said of one field besides its type."""
        return _Field(default, default_factory, repr, hash, compare)

    def replace(record, /, **changes):
        """A record with other values in some fields, checked as any new one is."""
        cls = record.__class__
        if not hasattr(cls, "__record_fields__"):
            from dataclasses import replace as standard

            return standard(record, **changes)
        return cls(**{name: getattr(record, name) for name in cls.__record_fields__ if name not in changes}, **changes)

    class _Options:
        __slots__ = ("frozen", "kw_only", "order", "slots")

        def __init__(self, frozen, slots, order, kw_only):
            self.frozen, self.slots, self.order, self.kw_only = frozen, slots, order, kw_only

    class _Field:
        __slots__ = ("compare", "default", "default_factory", "hash", "repr")

        def __init__(self, default=_ABSENT, default_factory=_ABSENT, repr=True, hash=None, compare=True):
            self.default, self.default_factory = default, default_factory
            self.repr, self.hash, self.compare = repr, hash, compare

        @property
        def is_hashed(self):
            return self.compare if self.hash is None else self.hash

    def _record(cls, options):
        names = [name for name, note in vars(cls).get("__annotations__", {}).items() if not _is_of_class(note)]
        written = {name: vars(cls).get(name, _ABSENT) for name in names}
        own = {name: _field_of(cls, name, value) for name, value in written.items()}
        found = {}
        for base in cls.__mro__[:0:-1]:
            found |= _fields_of(base)
        found |= own
        if options.slots:
            cls = _with_slots(cls, own)
        else:
            for name, value in written.items():
                if own[name].default is not value:
                    delattr(cls, name) if own[name].default is _ABSENT else setattr(cls, name, own[name].default)
        compared = _reader([name for name, each in found.items() if each.compare])
        methods = {
            "__init__": _late_init(cls, found, options.kw_only),
            "__eq__": _equality(compared),
            "__repr__": _repr,
            "__match_args__": () if options.kw_only else tuple(found),
            "__hash__": None,
        }
        if options.frozen:
            methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
            methods["__hash__"] = _hash(_reader([name for name, each in found.items() if each.is_hashed]))
            if options.slots:
                methods |= {"__getstate__": _get_state, "__setstate__": _set_state}
        if options.order:
            methods |= _orders(compared)
        for name, method in methods.items():
            # A class that has an __eq__ of its own has None for __hash__, which the standard library replaces, too.
            if vars(cls).get(name) is None:
                setattr(cls, name, method)
        cls.__record_fields__ = found
        cls.__dataclass_fields__ = _Standard("__dataclass_fields__", cls, own, written, options)
        cls.__dataclass_params__ = _Standard("__dataclass_params__", cls, own, written, options)
        return cls

    def _is_of_class(note):
        return str(note).startswith(("ClassVar", "typing.ClassVar"))

    def _field_of(cls, name, value):
        """The field that ``value``, written after its type, is: of ours, of the standard library's, or a default."""
        if isinstance(value, _Field):
            return value
        if hasattr(value, "default_factory") and hasattr(value, "kw_only"):
            from dataclasses import MISSING

            if value.kw_only is True or not value.init:
                raise TypeError(f"{cls.__qualname__}.{name}: an option of a field that is not made here")
            default, factory = (_ABSENT if v is MISSING else v for v in (value.default, value.default_factory))
            return _Field(default, factory, value.repr, value.hash, value.compare)
        if value is not _ABSENT and value.__class__.__hash__ is None:
            raise ValueError(f"{cls.__qualname__}.{name}: a default that may change is not any object's own")
        return _Field(value)

    def _fields_of(base):
        """The fields of a class that one is derived from, whoever made it."""
        if "__record_fields__" in vars(base):
            return vars(base)["__record_fields__"]
        standard = vars(base).get("__dataclass_fields__", {})
        return {name: _field_of(base, name, value) for name, value in standard.items()}

    def _with_slots(cls, own):
        body = {name: value for name, value in vars(cls).items() if name not in own}
        body.pop("__dict__", None)
        body.pop("__weakref__", None)
        inherited = {name for base in cls.__mro__[1:] for name in vars(base).get("__slots__", ())}
        body["__slots__"] = tuple(name for name in own if name not in inherited)
        made = type(cls)(cls.__name__, cls.__bases__, body)
        made.__qualname__ = cls.__qualname__
        return made

    class _Standard:
        """What the standard library notes of a dataclass, made when somebody asks for it."""

        def __init__(self, name, cls, own, written, options):
            self._parts = name, cls, own, written, options

        def __get__(self, instance, asked):
            from dataclasses import dataclass as standard

            name, cls, own, written, options = self._parts
            body = {"__annotations__": {each: cls.__annotations__[each] for each in own}}
            body |= {each: _standard_field(value) for each, value in written.items() if value is not _ABSENT}
            make = standard(frozen=options.frozen, order=options.order, kw_only=options.kw_only)
            likeness = make(type(cls.__name__, cls.__bases__, {"__module__": cls.__module__, **body}))
            for each in ("__dataclass_fields__", "__dataclass_params__"):
                setattr(cls, each, vars(likeness)[each])
            return vars(cls)[name]

    def _standard_field(value):
        if not isinstance(value, _Field):
            return value
        from dataclasses import field as standard

        given = {"repr": value.repr, "hash": value.hash, "compare": value.compare}
        defaults = {"default": value.default, "default_factory": value.default_factory}
        return standard(**given, **{name: each for name, each in defaults.items() if each is not _ABSENT})

    def _late_init(cls, found, kw_only):
        """An ``__init__`` that compiles the real one for the first object, and goes: many classes never make one."""

        def __init__(self, *arguments, **values):
            cls.__init__ = init = _init(cls, found, kw_only)
            init(self, *arguments, **values)

        return __init__

    def _init(cls, found, kw_only):
        """The one method that is compiled: it runs for every object, so a loop over the fields would cost more."""
        names = {"_set": object.__setattr__, "_ABSENT": _ABSENT}
        assign = "_set(self, {!r}, {})" if cls.__setattr__ is _refuse_to_set else "self.{} = {}"
        arguments, lines = ["self", "*"] if kw_only and found else ["self"], []
        for name, each in found.items():
            default = f"_default_{name}"
            value = name
            if each.default_factory is not _ABSENT:
                names[default] = each.default_factory
                arguments.append(f"{name}=_ABSENT")
                value = f"{default}() if {name} is _ABSENT else {name}"
            elif each.default is not _ABSENT:
                names[default] = each.default
                arguments.append(f"{name}={default}")
            else:
                arguments.append(name)
            lines.append(assign.format(name, value))
        if hasattr(cls, "__post_init__"):
            lines.append("self.__post_init__()")
        body = "\n ".join(lines) or "pass"
        # The text is made of the names of a class's own fields.
        exec(f"def __init__({', '.join(arguments)}):\n {body}", names)  # noqa: S102
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

    def _orders(values):
        def comparison(compare):
            def method(self, other):
                return compare(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

            return method

        tuples = tuple.__lt__, tuple.__le__, tuple.__gt__, tuple.__ge__
        return {each.__name__: comparison(each) for each in tuples}

    def _repr(self):
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}" for name, each in self.__record_fields__.items() if each.repr
        )
        return f"{self.__class__.__qualname__}({shown})"

    def _refuse_to_set(self, name, value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_to_delete(self, name):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _get_state(self):
        return [getattr(self, name) for name in self.__record_fields__]

    def _set_state(self, state):
        for name, value in zip(self.__record_fields__, state, strict=True):
            object.__setattr__(self, name, value)


__all__ = ["dataclass", "field", "replace"]
