"""Which kinds of policy a snapshot holds, and which of them an engine ignores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from lib.model.calico_policies import CALICO_NETWORK_POLICY
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.engines import EngineProfile


class HasRef(Protocol):
    """A policy of whatever kind."""

    @property
    def ref(self) -> ObjectRef:
        """Its reference."""
        ...


# API group → its policies. Whoever adds a kind of policy to the snapshot adds its line here.
_POLICIES: Final[Mapping[str, Callable[[Snapshot], Iterable[HasRef]]]] = {
    "networking.k8s.io": lambda snapshot: snapshot.network_policies,
    "policy.networking.k8s.io": lambda snapshot: snapshot.cluster_policies,
    "projectcalico.org": lambda snapshot: snapshot.calico_policies,
}


def _written(kind: str) -> str:
    """The kind as its API calls it."""
    return "NetworkPolicy" if kind == CALICO_NETWORK_POLICY else kind


def policy_kinds(snapshot: Snapshot) -> Mapping[tuple[str, str], int]:
    """The kinds of policy that were read, as (API group, kind), with the number of objects of each."""
    return Counter((group, _written(policy.ref.kind)) for group, of in _POLICIES.items() for policy in of(snapshot))


def ignored_kinds(snapshot: Snapshot, profile: EngineProfile) -> Mapping[tuple[str, str], int]:
    """The kinds of policy that were read and that ``profile`` does not enforce, with the number of objects of each."""
    return {kind: count for kind, count in policy_kinds(snapshot).items() if not profile.enforces_kind(*kind)}
