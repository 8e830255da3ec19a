"""Reads which suggested subnets stay where an earlier layout had put them."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from lib.ipplan.read_values import Fields, shown, shown_name

_FORM = "Places are written as shop-nodes=10.20.0.0/24, with commas between, or as a mapping from subnets to ranges."


def read_places(fields: Fields) -> tuple[tuple[str, IPv4Network], ...]:
    """The field ``keep``: a mapping from subnet to range, or such a text; nothing where it is absent."""
    value = fields.raw("keep")
    if value is None:
        return ()
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",")]
        value = {name.strip(): cidr.strip() for name, _, cidr in pairs} if all(p[1] for p in pairs) else value
    if not isinstance(value, Mapping):
        fields.add("keep", f"{fields.place('keep')} is {shown(value)}. {_FORM}", _FORM)
        return ()
    inner = Fields({}, fields.place("keep"), fields.problems)
    found: list[tuple[str, IPv4Network]] = []
    for name, text in value.items():
        called = shown_name(str(name))
        cidr = inner.as_network(called, text)
        if isinstance(cidr, IPv4Network):
            found.append((str(name), cidr))
        elif cidr is not None:
            expected = "Places are kept in IPv4."
            inner.add(called, f"{inner.place(called)} is {shown(cidr)}. {expected}", expected)
    return tuple(found)
