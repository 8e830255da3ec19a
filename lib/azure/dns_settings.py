"""What CoreDNS is told: the cluster's domain, and where names of other domains are sent on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from lib.facts.config_maps import Form, config_maps
from lib.model.refs import Source
from lib.model.snapshot import Snapshot

DEFAULT_DOMAIN: Final = "cluster.local"
_ROOT: Final = "."


@dataclass(frozen=True, slots=True)
class Forwarding:
    """A domain whose names are sent on to other servers, and what says so; of servers that are no plain address
    nothing is kept.
    """

    domain: str
    servers: tuple[str, ...]
    told: str
    source: Source


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """``domain`` is the cluster's, "" where no ConfigMap says it, or several differ; ``told`` says which does."""

    domain: str = ""
    told: str = ""
    source: Source | None = None
    forwarded: tuple[Forwarding, ...] = ()

    @property
    def domain_or_default(self) -> str:
        """The cluster's domain; the usual one where it is not known."""
        return self.domain or DEFAULT_DOMAIN

    def forwarding(self, host: str) -> Forwarding | None:
        """Where a name is sent on; None where no domain but the root's holds it."""
        name = host.rstrip(".").lower()
        held = (f for f in self.forwarded if name == f.domain or name.endswith(f".{f.domain}"))
        return max(held, key=lambda f: len(f.domain), default=None)


def dns_settings(snapshot: Snapshot) -> DnsSettings:
    """What the ConfigMaps of CoreDNS and of kubeadm say."""
    domains: dict[str, tuple[str, Source]] = {}
    forwarded: list[Forwarding] = []
    for config_map in snapshot.config_maps:
        for key, value in config_map.data.items():
            fact = config_maps()[config_map.ref.name].key(key)
            form = fact.form if fact is not None else None
            told, place = f"the ConfigMap {config_map.ref.qualified_name} ({key})", config_map.place(key)
            if form is Form.KUBEADM and (named := json.loads(value).get("networking", {}).get("dnsDomain")):
                domains.setdefault(named, (told, place))
            elif form is Form.COREFILE:
                for zones, words in _directives(value):
                    if words[0] == "kubernetes":
                        own = [w for w in words[1:] if not w.endswith(".arpa")] or [z for z in zones if z != _ROOT]
                        domains.update({d: (told, place) for d in own[:1] if d not in domains})
                    elif len(words) > 2 and words[1] in (_ROOT, *zones):
                        forwarded += [Forwarding(z, tuple(words[2:]), told, place) for z in zones if z != _ROOT]
    if len(domains) != 1:
        return DnsSettings(forwarded=tuple(forwarded))
    ((domain, (told, place)),) = domains.items()
    return DnsSettings(domain, told, place, tuple(forwarded))


def _directives(corefile: str) -> list[tuple[tuple[str, ...], list[str]]]:
    """Each kept line with the zones that it stands in, their ports and schemes left out."""
    found: list[tuple[tuple[str, ...], list[str]]] = []
    zones: tuple[str, ...] = (_ROOT,)
    for line in corefile.splitlines():
        words = line.split()
        if words[-1:] == ["{"]:
            zones = tuple(_zone(word) for word in words[:-1]) or (_ROOT,)
        elif words == ["}"]:
            zones = (_ROOT,)
        elif words:
            found.append((zones, words))
    return found


def _zone(word: str) -> str:
    named = word.rpartition("://")[2]
    plain = named.rpartition(":")[0] or named
    return plain.rstrip(".").lower() or _ROOT
