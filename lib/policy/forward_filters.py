"""Which policies of Calico's the host endpoints of each node ask about forwarded traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.model.calico_policies import CalicoPolicy, HostEndpoint
from lib.model.records import dataclass, replace
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.calico_tiers import UNKNOWN_TIER, tiers_of
from lib.policy.host_endpoints import Host, hosts_of

NODES_UP_TO: Final = 100
"""Up to how many nodes that forward by policies pods are told apart by theirs: each then has rows of its own."""

_INTERFACE_DOUBT: Final = "through which interface of its node the traffic passes"


@dataclass(frozen=True, slots=True)
class Filter:
    """The policies that one host endpoint asks about forwarded traffic, first asked first.

    ``doubt``: why it may not be asked; "" where it surely is.
    """

    name: ObjectRef
    is_wildcard: bool
    untracked: tuple[CalicoPolicy, ...]
    before_dnat: tuple[CalicoPolicy, ...]
    normal: tuple[CalicoPolicy, ...]
    doubt: str = ""

    @property
    def asks(self) -> tuple[object, ...]:
        """Equal for those that ask the same."""
        return self.is_wildcard, self.untracked, self.before_dnat, self.normal

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it counts for forwarded traffic."""
        return not (self.untracked or self.before_dnat or self.normal)


def filters_of(snapshot: Snapshot) -> Iterator[tuple[Host, tuple[Filter, ...]]]:
    """What the host endpoints of each node ask about forwarded traffic, those of one node that ask the same once."""
    known = tiers_of(snapshot)
    forwarding = [p for p in snapshot.calico_policies if p.on_forward]
    forwarding.sort(key=lambda p: (known.get(p.tier, UNKNOWN_TIER)[0], p.tier, p.order, p.ref.name))
    chosen: dict[frozenset[ObjectRef], list[CalicoPolicy]] = {}
    for host in hosts_of(snapshot) if forwarding else ():
        found: dict[tuple[object, ...], Filter] = {}
        for endpoint, selected in zip(host.endpoints, host.selections, strict=True):
            if selected not in chosen:
                chosen[selected] = [policy for policy in forwarding if policy.ref in selected]
            asked = _filter(endpoint, chosen[selected])
            found.setdefault(asked.asks, asked)
        alone = len(found) == 1 and host.is_wildcard and not host.doubt
        doubt = "" if alone else host.doubt or _INTERFACE_DOUBT
        filters = tuple(replace(asked, doubt=doubt) for asked in found.values() if not asked.is_empty)
        if filters:
            yield host, filters


def _filter(endpoint: HostEndpoint, policies: Iterable[CalicoPolicy]) -> Filter:
    listed = tuple(policies)
    return Filter(
        endpoint.ref,
        endpoint.is_wildcard,
        # "Host endpoints with interfaceName: * do not support untracked policy".
        tuple(p for p in listed if p.untracked and not endpoint.is_wildcard),
        tuple(p for p in listed if p.before_dnat),
        tuple(p for p in listed if not p.host_only),
    )


def tells_nodes(snapshot: Snapshot) -> bool:
    """Whether pods are told apart by the node that they run on, for what that forwards."""
    return 0 < sum(1 for _ in filters_of(snapshot)) <= NODES_UP_TO
