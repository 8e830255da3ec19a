"""Single flows as assertions ask about them: which break one, and which leave it open."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lib.flows import FlowRow, RowVerdict
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import AddressSet, ConnectionSet
from lib.policy.ends import outside_addresses

OUTSIDE: Final = None
"""Stands for whatever is outside the cluster where ends are workloads."""

Key = ObjectRef | None
Pair = tuple[Key, Key]


@dataclass(frozen=True, slots=True)
class Blame:
    """A flow between two ends on some ports; ``sure`` is False where it only may be there."""

    src: str
    dst: str
    src_ref: Key
    dst_ref: Key
    ports: ConnectionSet
    sure: bool
    reason: str = ""


def meeting(row: FlowRow, ports: ConnectionSet, outside: AddressSet | None) -> Blame | None:
    """A flow as far as it is on some of the ports and its outside end among ``outside`` (None: it has none)."""
    common = row.ports & ports
    if not common:
        return None
    src, dst = row.src, row.dst
    if outside is not None:
        name = src if row.src_ref is OUTSIDE else dst
        met = (outside_addresses(name) or AddressSet()) & outside
        if not met:
            return None
        first, last = next(met.ranges())
        named = f"{first}{OUTSIDE_SUFFIX}" if first == last else f"{first}-{last}{OUTSIDE_SUFFIX}"
        src, dst = (named, dst) if row.src_ref is OUTSIDE else (src, named)
    sure = row.verdict is not RowVerdict.UNKNOWN
    return Blame(src, dst, row.src_ref, row.dst_ref, common, sure, row.reason)


def lacking_of(
    src: str, dst: str, src_ref: Key, dst_ref: Key, ports: ConnectionSet, rows: Iterable[FlowRow]
) -> Iterator[Blame]:
    """Which of the ports not all pods of a pair have, and of which that is only not known."""
    allowed, unknown = ConnectionSet(), ConnectionSet()
    for row in rows:
        if row.verdict is RowVerdict.ALLOWED:
            allowed |= row.ports
        elif row.verdict is RowVerdict.UNKNOWN:
            unknown |= row.ports
    if lacking := ports - allowed - unknown:
        yield Blame(src, dst, src_ref, dst_ref, lacking, True)
    if open_ := ports & unknown:
        yield Blame(src, dst, src_ref, dst_ref, open_, False)


def arrives(row: FlowRow, ends: Container[Key], addresses: AddressSet) -> bool:
    """Whether a flow ends at one of the workloads or addresses."""
    if row.dst_ref is not OUTSIDE:
        return row.dst_ref in ends
    return bool((outside_addresses(row.dst) or AddressSet()) & addresses)
