"""What must be said beside every result where policies name domains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lib.model.domain_names import NamePattern, addresses_of
from lib.model.problem import Problem, Severity
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.compile import Spaces
from lib.policy.domain_names import SHOWN, listed, patterns
from lib.policy.note import about
from lib.policy.projection import parsed

WITHOUT_ADDRESSES: Final = "names-without-addresses"
"""The code of the note that a table of names would settle more."""
_GIVE: Final = "Give a table of names and addresses: --names FILE, or on the page Input; docs/names.md tells its form."


def name_notes(snapshot: Snapshot, spaces: Spaces) -> Iterator[Problem]:
    """Notes on names without addresses, on what the table is taken for, and on names that Cilium never learns."""
    named = tuple(dict.fromkeys(patterns(snapshot, spaces.profile)))
    if not named:
        return
    yield from _without_addresses(named, snapshot)
    yield from _table_taken(named, snapshot)
    if snapshot.cilium_policies and spaces.profile.enforces_kind("cilium.io", "CiliumNetworkPolicy"):
        yield from _never_asked(snapshot, spaces)
        yield from _inside(snapshot, spaces)


def _without_addresses(named: tuple[NamePattern, ...], snapshot: Snapshot) -> Iterator[Problem]:
    unsettled = [str(name) for name in named if snapshot.domain_names.resolve(name).open]
    if unsettled:
        names = "1 domain name" if len(unsettled) == 1 else f"{len(unsettled):,} domain names"
        yield Problem(
            severity=Severity.INFO,
            code=WITHOUT_ADDRESSES,
            message=f"the input does not show all addresses of {names} in policies ({listed(unsettled)}): "
            "what hangs on them is unknown",
            remedy=_GIVE,
        )


def _table_taken(named: tuple[NamePattern, ...], snapshot: Snapshot) -> Iterator[Problem]:
    table = snapshot.domain_names
    used = {e.name: e for name in named for e in (*table.resolve(name).entries, *table.resolve(name).perhaps)}
    if not table.file or not (used or table.complete):
        return
    others = "; as it calls itself complete, no other name has any address" if table.complete else ""
    yield Problem(
        severity=Severity.INFO,
        code="names-from-table",
        message=f"{table.file} is taken at its word: the {len(used):,} of its names that policies mean have the "
        f"addresses in it and no others{others}",
        remedy="Keep it in step with DNS: addresses behind names change.",
    )


def _never_asked(snapshot: Snapshot, spaces: Spaces) -> Iterator[Problem]:
    from lib.model.cilium_policies import NamesPeer
    from lib.policy.cilium_match import CiliumMatcher

    matcher = CiliumMatcher(snapshot, spaces)
    readers = matcher.names.readers
    for policy in snapshot.cilium_policies:
        unread: Bits = 0
        for spec in policy.specs:
            if spec.subject is not None and any(isinstance(p, NamesPeer) for r in spec.rules for p in r.peers):
                unread |= matcher.endpoints(spec.subject)[0] & ~readers
        if unread:
            yield about(
                policy,
                "names-never-asked",
                f"{policy.ref}: toFQDNs means the addresses that Cilium's DNS proxy reads in answers, and no "
                "rule in layer 7 makes it read those to some of the pods that the policy selects",
                "Add an egress rule to the DNS server on port 53 with rules: {dns: [{matchPattern: …}]}.",
            )


def _inside(snapshot: Snapshot, spaces: Spaces) -> Iterator[Problem]:
    from lib.model.cilium_policies import NamesPeer

    table = snapshot.domain_names
    rules = (rule for policy in snapshot.cilium_policies for rule in policy.rules)
    of_rules = dict.fromkeys(p.pattern for rule in rules for p in rule.peers if isinstance(p, NamesPeer))
    entries = {e.name: e for name in of_rules for e in table.resolve(name).entries}
    if not entries:
        return
    known = {a for p in snapshot.pods if p.is_endpoint for a in (*p.ips, *p.host_ips)}
    known |= {a for n in snapshot.nodes for a in parsed(n.addresses_of("InternalIP"))}
    held = sum(1 << atom for atom in {spaces.addresses.atom_of(a) for a in known})
    inside = [e for e in entries.values() if spaces.addresses.atoms_in(addresses_of([e])) & held]
    if inside:
        named = listed([f"{entry.name} ({entry.place})" for entry in inside[:SHOWN]], count=len(inside))
        yield Problem(
            severity=Severity.WARNING,
            code="names-inside-cluster",
            message=f"{table.file} gives addresses of pods or nodes, which toFQDNs never means, to {named}",
            remedy="Name pods with toEndpoints, nodes with toEntities or toNodes.",
            source=inside[0].source,
            line=inside[0].line,
        )
