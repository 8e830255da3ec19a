"""What of the values of a ConfigMap is kept: the fields that the profile of the cluster needs, and nothing else.

A ConfigMap may hold anything, secrets too. Of a file inside it only named fields are taken over, each checked for its
form; what is kept of a kept value is the same value again, so that a snapshot can be read like its input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any, Final

from lib.facts.config_maps import NAMESPACE, ConfigMapFact, Form, config_maps
from lib.loaders.limits import Limits
from lib.loaders.mask import MASK
from lib.loaders.read_documents import Document
from lib.loaders.yaml_reader import Reader
from lib.model.patterns import pattern

_CHARS_MAX: Final = 256 * 1024
_LIMITS: Final = Limits(nodes=20_000, documents_per_file=20, alias_nodes_per_document=1_000)
_ITEMS_MAX: Final = 500
_KEYS_MAX: Final = 200
_WORD: Final = pattern(r"[A-Za-z0-9][-A-Za-z0-9_.]{0,63}(?:[ ,]{1,2}[A-Za-z0-9][-A-Za-z0-9_.]{0,63}){0,9},?")
_DOMAIN: Final = pattern(r"(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\.?", re.I)
_ZONE: Final = pattern(r"(?:(?:dns|tls|grpc|https)://)?(?=[^{}\s\"]{1,260}$)[-A-Za-z0-9_.*/\[\]]*(?::[0-9]{1,5})?")
_SERVER: Final = pattern(
    r"(?:(?:dns|tls)://)?(?:[0-9.]{7,15}|\[?[0-9A-Fa-f:]{2,39}\]?)(?::[0-9]{1,5})?|/etc/resolv\.conf"
)
SET: Final = "set"
OTHER_SERVER: Final = "other"
"""Stands for a place where names are sent on that is no plain address."""


def is_profile_map(namespace: object, name: object) -> bool:
    """Whether a ConfigMap is one of those that are read."""
    return namespace == NAMESPACE and isinstance(name, str) and name in config_maps()


def fact_of(obj: Mapping[str, Any]) -> ConfigMapFact | None:
    """What is known of a ConfigMap by its namespace and name; None for one that is not read."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not is_profile_map(metadata.get("namespace"), metadata.get("name")):
        return None
    return config_maps()[metadata["name"]]


def kept_data(fact: ConfigMapFact, data: Mapping[str, Any]) -> dict[str, str]:
    """The keys that are kept with what is kept of their values; MASK for a value that can't be read."""
    wanted = [key for key in data if len(key) <= 253 and fact.key(key)][:_KEYS_MAX]
    return {key: kept_value(found.form, data[key]) for key in wanted if (found := fact.key(key)) is not None}


def kept_value(form: Form, value: Any) -> str:
    """What is kept of one value; MASK where it is not of its form, and of MASK itself, which was not before."""
    if not isinstance(value, str) or len(value) > _CHARS_MAX or value == MASK:
        return MASK
    found = _FORMS[form](value)
    return MASK if found is None else found


def _word(text: str) -> str | None:
    text = text.strip()
    return text if not text or _WORD.fullmatch(text) else None


def _flag(text: str) -> str:
    return SET if text.strip() else ""


def prefixes(text: str) -> list[str] | None:
    """Address prefixes with commas or blanks between; None where one is none."""
    parts = text.replace(",", " ").split()
    # The library takes a zone after "%", which may be any text, and which no prefix of a cluster has.
    if len(parts) > _ITEMS_MAX or any(len(part) > 64 or "%" in part for part in parts):
        return None
    try:
        return [str(ip_network(part, strict=False)) for part in parts]
    except ValueError:
        return None


def _prefixes(text: str) -> str | None:
    found = prefixes(text)
    return None if found is None else ",".join(found)


def _mapping(text: str) -> dict[str, Any] | None:
    """The first mapping among the documents of a file in YAML; None where there is none or it can't be read."""
    for read in Reader(_LIMITS).read(text):
        if not isinstance(read, Document):
            return None
        if isinstance(read.built.value, dict):
            return read.built.value
    return None


def _ip_masq_agent(text: str) -> str | None:
    if not text.strip():
        return "{}"
    found = _mapping(text)
    if found is None:
        return None
    kept: dict[str, Any] = {}
    listed = found.get("nonMasqueradeCIDRs")
    if listed is not None:
        if not isinstance(listed, list) or len(listed) > _ITEMS_MAX or not all(isinstance(i, str) for i in listed):
            return None
        cidrs = prefixes(" ".join(listed))
        if cidrs is None or len(cidrs) != len(listed):
            return None
        kept["nonMasqueradeCIDRs"] = cidrs
    for key in ("masqLinkLocal", "masqLinkLocalIPv6"):
        if isinstance(found.get(key), bool):
            kept[key] = found[key]
    return json.dumps(kept)


def _kubeadm(text: str) -> str | None:
    found = _mapping(text)
    networking = (found or {}).get("networking")
    if networking is None:
        return None if found is None else "{}"
    if not isinstance(networking, dict):
        return None
    return _fields(networking, {"dnsDomain": _domain, "podSubnet": _prefixes, "serviceSubnet": _prefixes}, "networking")


def _kube_proxy(text: str) -> str | None:
    found = _mapping(text)
    return None if found is None else _fields(found, {"mode": _word, "clusterCIDR": _prefixes})


def _fields(found: Mapping[str, Any], forms: Mapping[str, Callable[[str], str | None]], inside: str = "") -> str | None:
    """The named fields as JSON; None where one of them is not of its form."""
    kept: dict[str, str] = {}
    for key, form in forms.items():
        value = found.get(key)
        if value is None or value == "":
            continue
        read = form(value) if isinstance(value, str) and len(value) < 4096 else None
        if read is None:
            return None
        kept[key] = read
    return json.dumps({inside: kept} if inside else kept)


def _domain(text: str) -> str | None:
    return text.rstrip(".").lower() if _DOMAIN.fullmatch(text) else None


def _corefile(text: str) -> str | None:
    """Zones, the domain of the plug-in ``kubernetes`` and where ``forward`` sends names on; None where braces fail."""
    kept: list[str] = []
    depth = 0
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        opens, closes = words[-1].endswith("{"), words[0] == "}"
        if closes:
            depth -= 1
            if depth < 0:
                return None
            if depth == 0:
                kept.append("}")
            words = words[1:]
            if not words:
                continue
        kept += _directive(words, depth)
        depth += opens
    if depth or len(kept) > _ITEMS_MAX:
        return None
    return "\n".join(kept)


def _directive(words: list[str], depth: int) -> list[str]:
    """What is kept of one line; depth 0 is a zone's own line, or a line of a part that another file imports."""
    opens = words[-1].endswith("{")
    named = [word for word in (*words[:-1], words[-1].rstrip("{") if opens else words[-1]) if word]
    if named[:1] == ["kubernetes"] and depth <= 1:
        domains = [d for word in named[1:] if (d := _domain(word))]
        return [f"kubernetes {' '.join(domains)}".rstrip()]
    if named[:1] in (["forward"], ["proxy"]) and depth <= 1:
        to = [word if _SERVER.fullmatch(word) else OTHER_SERVER for word in named[2:]]
        zone = named[1] if len(named) > 1 and _ZONE.fullmatch(named[1]) else OTHER_SERVER
        return [f"forward {zone} {' '.join(to)}".rstrip()]
    if depth == 0 and opens:
        zones = [word.rstrip(",") for word in named]
        return [f"{' '.join(zone if _ZONE.fullmatch(zone) else OTHER_SERVER for zone in zones)} {{"]
    return []


_FORMS: Final[Mapping[Form, Callable[[str], str | None]]] = {
    Form.WORD: _word,
    Form.FLAG: _flag,
    Form.PREFIXES: _prefixes,
    Form.COREFILE: _corefile,
    Form.IP_MASQ_AGENT: _ip_masq_agent,
    Form.KUBEADM: _kubeadm,
    Form.KUBE_PROXY: _kube_proxy,
}
