"""Which workloads came, went, or can't be told to have done either, since a server did not give what would say so."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from lib.model.refs import ObjectRef
from lib.model.snapshot import POD_MAKERS, Snapshot

_OWNED: Final = frozenset({"Pod", "ReplicaSet", "Job"})
"""What others make: where a kind that makes them was not read, they stand for themselves."""
_OWNERS: Final = frozenset(POD_MAKERS) - {"Pod"}


class Membership:
    """The workloads of two readings, by reference."""

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        self._old, self._new = old, new
        self._unread = {id(snapshot): frozenset(snapshot.unread(*POD_MAKERS)) for snapshot in (old, new)}

    @cached_property
    def added(self) -> tuple[ObjectRef, ...]:
        """Those that surely only the new reading has."""
        return tuple(ref for ref in self._only(self._new, self._old) if not self.why_open(ref))

    @cached_property
    def removed(self) -> tuple[ObjectRef, ...]:
        """Those that surely only the old reading has."""
        return tuple(ref for ref in self._only(self._old, self._new) if not self.why_open(ref))

    @cached_property
    def not_known(self) -> frozenset[ObjectRef]:
        """Those that one reading has, and the other may have."""
        only = (*self._only(self._new, self._old), *self._only(self._old, self._new))
        return frozenset(ref for ref in only if self.why_open(ref))

    def why_open(self, ref: ObjectRef) -> str:
        """Why nobody can say whether a workload that one reading has is in the other too; "" where it is known."""
        if ref in self._old.workload_by_ref and ref in self._new.workload_by_ref:
            return ""
        name = "new" if ref in self._old.workload_by_ref else "old"
        having, lacking = (self._old, self._new) if name == "new" else (self._new, self._old)
        if ref.kind in self._unread[id(lacking)]:
            return f"{ref} may be in the {name} reading too, which lacks {lacking.unread_text(ref.kind)}"
        owners = self._unread[id(having)] & _OWNERS if ref.kind in _OWNED else frozenset()
        if owners:
            return (
                f"{ref} may be another's there, since what makes it was not read: {having.unread_text(*sorted(owners))}"
            )
        return ""

    def _only(self, one: Snapshot, other: Snapshot) -> tuple[ObjectRef, ...]:
        return tuple(w.ref for w in one.workloads if w.ref not in other.workload_by_ref)
