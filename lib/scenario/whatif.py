"""What a change of policies would do: the same cluster with policies added, edited or removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lib.model.errors import ModelError
from lib.model.policies import NetworkPolicy
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.routing.routes import ingress_backends
from lib.scenario.diff import Diff, diff


@dataclass(frozen=True, slots=True)
class PolicyEdit:
    """Policies to put in, in place of those of the same name or beside them, and policies to take out."""

    put: tuple[NetworkPolicy, ...] = ()
    remove: tuple[ObjectRef, ...] = ()


def edited(snapshot: Snapshot, edit: PolicyEdit) -> Snapshot:
    """The snapshot after an edit; all else is the same.

    A policy of a namespace that does not exist changes nothing. Raises ModelError when a policy is to be removed that
    is not there, or the same one is put in twice or both put in and removed.
    """
    put = {policy.ref: policy for policy in edit.put}
    if len(put) != len(edit.put) or put.keys() & set(edit.remove):
        raise ModelError("a policy is named twice in one edit")
    present = {policy.ref for policy in snapshot.network_policies}
    missing = [ref for ref in edit.remove if ref not in present]
    if missing:
        raise ModelError(f"there is no policy {missing[0]} to remove")
    kept: Iterable[NetworkPolicy] = (
        put.pop(p.ref, p) for p in snapshot.network_policies if p.ref not in set(edit.remove)
    )
    return replace(snapshot, network_policies=(*kept, *put.values()))


def what_if(engine: Engine, edit: PolicyEdit) -> Diff:
    """What an edit of policies would gain, lose and change, under the engine's own profile."""
    after = compile_engine(edited(engine.snapshot, edit), engine.profile)
    return diff(engine, after, ingress_backends(engine.snapshot), ingress_backends(after.snapshot))
