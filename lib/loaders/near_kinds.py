"""A kind that nobody serves and that is nearly one that is read: its object would be passed over unseen."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import CALICO_GROUPS, READ, called, group_of
from lib.loaders.parse import KIND_READERS
from lib.loaders.parse.metadata import rough_ref
from lib.loaders.parse.session import quote
from lib.model.near_words import nearest
from lib.model.problem import Problem, Severity

# A plural is this near to its kind: NetworkPolicies.
_NEAR: Final = 0.85
_LONGEST: Final = 100
_GROUPS: Final = ("networking.k8s.io", "policy.networking.k8s.io", "cilium.io", "gateway.networking.k8s.io")
# Calico's own name for Kubernetes' kind, as near to StagedKubernetesNetworkPolicy as a slip of the pen.
_NO_SLIP: Final = "KubernetesNetworkPolicy"


def _read_by_group() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for group, kind in sorted(READ):
        if group in (*_GROUPS, *CALICO_GROUPS):
            found[group].append(kind)
    return {group: tuple(kinds) for group, kinds in found.items()}


_READ_BY_GROUP: Final = _read_by_group()


def near_kind(raw: RawObject) -> Problem | None:
    """The warning that an object's kind is nearly one of its group that is read; None for any other kind."""
    known = _READ_BY_GROUP.get(group_of(raw.api_version), ())
    if raw.kind == _NO_SLIP or raw.kind.removesuffix("List") in known or len(raw.kind) > _LONGEST:
        return None
    near = nearest(raw.kind, known, _NEAR)
    if near is None:
        return None
    ref = rough_ref(raw.obj, raw.kind, KIND_READERS[called(raw.api_version, near)].namespaced)
    message = f"{ref}: no kind {quote(raw.kind)} is known in {quote(raw.api_version)}; the object is counted only"
    return Problem(Severity.WARNING, "unknown-kind", message, f"Did you mean {near}?", raw.source, None, ref)
