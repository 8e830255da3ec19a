"""What the domain names of policies mean by the table that the person gives, in addresses and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.model.cluster_policies import DomainsPeer
from lib.model.domain_names import NameEntry, NamePattern, NameTable, Resolution, Wildcard
from lib.model.sets import Network
from lib.model.snapshot import Snapshot
from lib.policy.engines import EngineProfile
from lib.policy.spaces import Vocabulary

SHOWN: Final = 3
SEVERAL_LEVELS: Final = (
    "whether the installed version of Cilium reads **. as several labels, which it does from 1.19 on"
)


def patterns(snapshot: Snapshot, profile: EngineProfile) -> Iterator[NamePattern]:
    """Every name and pattern in a policy that the profile enforces, in the order of the input, and not only once."""
    if snapshot.cilium_policies and profile.enforces_kind("cilium.io", "CiliumNetworkPolicy"):
        from lib.model.cilium_policies import NamesPeer

        for policy in snapshot.cilium_policies:
            yield from (p.pattern for r in policy.rules for p in r.peers if isinstance(p, NamesPeer))
    for cluster_policy in snapshot.cluster_policies:
        if profile.enforces_kind("policy.networking.k8s.io", cluster_policy.ref.kind):
            for rule in cluster_policy.rules:
                yield from (name for p in rule.peers if isinstance(p, DomainsPeer) for name in p.patterns)


def names_vocabulary(snapshot: Snapshot, profile: EngineProfile) -> Vocabulary:
    """The prefixes that the person's table has for the names in policies."""
    networks: set[Network] = set()
    for name in dict.fromkeys(patterns(snapshot, profile)):
        found = snapshot.domain_names.resolve(name)
        networks.update(net for entry in (*found.entries, *found.perhaps) for net in entry.networks)
    return Vocabulary(networks=frozenset(networks))


def open_doubt(names: Iterable[NamePattern]) -> str:
    """What nobody knows of names with other addresses than those in the table."""
    texts = [str(name) for name in dict.fromkeys(names)]
    return f"the addresses of the domain name{'s' if len(texts) > 1 else ''} {listed(texts)}"


def describe(name: NamePattern, table: NameTable) -> str:
    """A name or pattern with what the table has for it: ``a.example, which names.yaml:3 resolves to 203.0.113.7``."""
    found = table.resolve(name)
    if name.wildcard is Wildcard.NONE:
        if found.entries:
            return f"{name}, which {_resolves(found.entries[0])}"
        return str(name) if found.open else f"{name}, which {table.file} does not hold, and calls itself complete"
    return f"{name}{_by_entries(found, table)}"


def _by_entries(found: Resolution, table: NameTable) -> str:
    if not table.file:
        return ""
    entries = (*found.entries, *found.perhaps)
    named = [f"{entry.name}, which {_resolves(entry)}" for entry in entries[:SHOWN]]
    return f" ({listed(named, '; ', len(entries))})" if named else f", of which {table.file} holds no name"


def _resolves(entry: NameEntry) -> str:
    if not entry.networks:
        return f"{entry.place} resolves to nothing"
    shown = [str(net[0]) if net.num_addresses == 1 else str(net) for net in entry.networks[:SHOWN]]
    return f"{entry.place} resolves to {listed(shown, count=len(entry.networks))}"


def listed(texts: list[str], comma: str = ", ", count: int = 0) -> str:
    """The first few, and how many more there are; of ``count``, should ``texts`` be the first of them only."""
    more = max(count, len(texts)) - SHOWN
    return comma.join(texts[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
