"""ReferenceGrants: who may refer to an object of another namespace."""

from __future__ import annotations

from typing import Final

from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot

GATEWAY_GROUP: Final = "gateway.networking.k8s.io"


def is_granted(snapshot: Snapshot, referrer: ObjectRef, target: ObjectRef, target_group: str = "") -> bool | None:
    """Whether ``referrer`` may refer to ``target``: always at home, abroad with a grant beside the target.

    None where no grant is in the input, but not all of them are known to be.
    """
    if referrer.namespace == target.namespace:
        return True
    for grant in snapshot.reference_grants:
        if grant.ref.namespace != target.namespace:
            continue
        trusted = any(
            f.group == GATEWAY_GROUP and f.kind == referrer.kind and f.namespace == referrer.namespace
            for f in grant.from_
        )
        covered = any(
            t.group == target_group and t.kind == target.kind and t.name in ("", target.name) for t in grant.to
        )
        if trusted and covered:
            return True
    return False if snapshot.is_complete("ReferenceGrant") else None
