"""To which destinations pods keep their address, by what AKS's ip-masq-agent is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from lib.facts.config_maps import Form, config_maps
from lib.facts.files import FactsError
from lib.model.refs import Source
from lib.model.sets import Address, AddressSet
from lib.model.snapshot import UNREAD, Snapshot

_LINK_LOCAL: Final = {"masqLinkLocal": 4, "masqLinkLocalIPv6": 6}


@dataclass(frozen=True, slots=True)
class Masquerade:
    """The agent's settings, of all its ConfigMaps together.

    ``kept`` are the destinations for which nothing is translated, ``told`` says which ConfigMaps name them, and
    ``sources`` are these. ``link_local`` are the IP versions of which link-local destinations are translated too.
    """

    kept: AddressSet
    told: str
    sources: tuple[Source, ...]
    link_local: frozenset[int] = frozenset()

    def keeps(self, destination: Address) -> bool:
        """Whether a pod's address is the source of what it sends there."""
        if destination.is_link_local:
            return destination.version not in self.link_local
        return destination in self.kept


def detect_masquerade(snapshot: Snapshot) -> Masquerade | None:
    """What the agent is told; None where no ConfigMap of it names ranges, or one could not be read or was not given.

    Several ConfigMaps count together ("Merging configuration from multiple sources", Azure/ip-masq-agent-v2).
    """
    if snapshot.coverage_of("ConfigMap") in UNREAD:
        # Which of them it is is not told, and the ranges of that one count too.
        return None
    cidrs: list[str] = []
    named: list[str] = []
    sources: list[Source] = []
    link_local: set[int] = set()
    for config_map in snapshot.config_maps:
        fact = config_maps().get(config_map.ref.name)
        if fact is None:
            raise FactsError(f"no ConfigMap is called {config_map.ref.name!r}")
        keys = [k for k in fact.keys if k.form is Form.IP_MASQ_AGENT]
        if keys and config_map.unread:
            return None
        for key, value in config_map.data.items():
            if not any(known.means(key) for known in keys):
                continue
            told = json.loads(value)
            link_local.update(version for field, version in _LINK_LOCAL.items() if told.get(field))
            if listed := told.get("nonMasqueradeCIDRs"):
                cidrs += listed
                named.append(f"{config_map.ref.qualified_name} ({', '.join(listed[:6])}{', …' if listed[6:] else ''})")
                sources.append(config_map.place(key))
    if not cidrs:
        return None
    maps = f"the ConfigMap{'s' if named[1:] else ''} {' and '.join(named)}"
    return Masquerade(AddressSet.from_networks(map(ip_network, cidrs)), maps, tuple(sources), frozenset(link_local))
