"""What a change of policies would do: the same cluster with policies added, edited or removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from lib.model.calico_policies import CalicoPolicy, StagedPolicy
from lib.model.cilium_policies import CiliumPolicy
from lib.model.cluster_policies import ClusterPolicy
from lib.model.errors import ModelError
from lib.model.policies import NetworkPolicy, RejectedPolicy
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.routing.routes import ingress_backends
from lib.scenario.diff import Diff, diff

EditedPolicy = NetworkPolicy | ClusterPolicy | CalicoPolicy | CiliumPolicy | StagedPolicy
"""A policy of whatever kind that can be put in; staged ones are held, and enforced by nobody."""

_Present = EditedPolicy | RejectedPolicy

# Where the snapshot holds each of them.
_FIELDS: Final[dict[str, Callable[[Snapshot], tuple[_Present, ...]]]] = {
    "network_policies": lambda s: s.network_policies,
    "cluster_policies": lambda s: s.cluster_policies,
    "calico_policies": lambda s: s.calico_policies,
    "cilium_policies": lambda s: s.cilium_policies,
    "staged_policies": lambda s: s.staged_policies,
    "rejected_policies": lambda s: s.rejected_policies,
}


@dataclass(frozen=True, slots=True)
class PolicyEdit:
    """Policies to put in, in place of those of the same name and kind or beside them, and policies to take out."""

    put: tuple[EditedPolicy, ...] = ()
    remove: tuple[ObjectRef, ...] = ()


def edited(snapshot: Snapshot, edit: PolicyEdit) -> Snapshot:
    """The snapshot after an edit; all else is the same, what policies refer to (tiers, sets, Services) included.

    A policy that was rejected can be taken out, or put in anew. A policy of a namespace that does not exist changes
    nothing. Raises ModelError when a policy is to be removed that is not there, or the same one is put in twice or
    both put in and removed.
    """
    put = {policy.ref: policy for policy in edit.put}
    removed = set(edit.remove)
    if len(put) != len(edit.put) or put.keys() & removed:
        raise ModelError("a policy is named twice in one edit")
    present = {policy.ref for held in _FIELDS.values() for policy in held(snapshot)}
    missing = [ref for ref in edit.remove if ref not in present]
    if missing:
        raise ModelError(f"there is no policy {missing[0]} to remove")
    changed: dict[str, list[_Present]] = {}
    for field, held in _FIELDS.items():
        kept = changed[field] = []
        for policy in held(snapshot):
            if policy.ref in removed:
                continue
            new = put.get(policy.ref)
            if new is None:
                kept.append(policy)
            elif _field_of(new) == field:
                kept.append(put.pop(policy.ref))
    for policy in put.values():
        changed[_field_of(policy)].append(policy)
    return replace(snapshot, **{field: tuple(found) for field, found in changed.items()})  # type: ignore[arg-type]


def _field_of(policy: EditedPolicy) -> str:
    match policy:
        case NetworkPolicy():
            return "network_policies"
        case ClusterPolicy():
            return "cluster_policies"
        case CalicoPolicy():
            return "calico_policies"
        case CiliumPolicy():
            return "cilium_policies"
        case StagedPolicy():
            return "staged_policies"


def what_if(engine: Engine, edit: PolicyEdit) -> Diff:
    """What an edit of policies would gain, lose and change, under the engine's own profile."""
    after = compile_engine(edited(engine.snapshot, edit), engine.profile)
    return diff(engine, after, ingress_backends(engine.snapshot), ingress_backends(after.snapshot))
