"""The fields of one security rule: what they say, and in words what of them can't be told."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from lib.facts.nsg import group_limits, service_tags
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Path, quote
from lib.loaders.parse.syntax import parse_lenient_address, parse_lenient_prefix
from lib.model.security_rules import ANY, Access, RuleDirection

VALUES_MAX: Final = 4 * max(limit.value for limit in group_limits())
_PROTOCOLS: Final = {word.lower(): word for word in ("Tcp", "Udp", "Icmp", "Esp", "Ah", ANY)}
_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_LAST_PORT: Final = 65535
Word = TypeVar("Word", Access, RuleDirection)


def words(body: Fields, key: str, known: dict[str, Word]) -> tuple[Word, ...]:
    """The word of a field; all that it may be where it can't be read."""
    text = body.text(key)
    if text.lower() in known:
        return (known[text.lower()],)
    said = " or ".join(word.value for word in known.values())
    message = f"{quote(text)} is neither {said.replace(' or ', ' nor ')}" if text else f"has no {key}"
    body.error(key, "unsupported-value", message, f"Write {said}.")
    return tuple(known.values())


def protocol_of(body: Fields) -> tuple[str, str]:
    """The rule's protocol, and in words that it can't be told."""
    text = body.text("protocol")
    if text.lower() in _PROTOCOLS:
        return _PROTOCOLS[text.lower()], ""
    message = f"{quote(text)} is no protocol of a security rule" if text else "has no protocol"
    body.error("protocol", "unsupported-value", message, f"Write one of {', '.join(_PROTOCOLS.values())}.")
    return ANY, "the rule's protocol can't be read"


def _values(body: Fields, single: str, several: str) -> tuple[list[tuple[Path, str]], bool]:
    """The values of both spellings of a field, each with its place, and whether some are lost."""
    text = body.text(single)
    found: list[tuple[Path, str]] = [((*body.path, single), text)] if text else []
    listed = body.texts(several)
    if len(listed) > VALUES_MAX:
        message = f"{len(listed):,} values are more than the {VALUES_MAX:,} that are read"
        body.error(several, "too-many-values", message, "Paste one security group.")
    kept = listed[:VALUES_MAX]
    written = body.data.get(several) or []
    lost = bool(body.data.get(single)) != bool(text) or not isinstance(written, list) or len(written) > len(kept)
    return found + [((*body.path, several, index), text) for index, text in kept], lost


def addresses(body: Fields, end: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses and tags of one end, and in words what can't be told of it."""
    single, several = f"{end}AddressPrefix", f"{end}AddressPrefixes"
    found: list[str] = []
    unknown: list[str] = []
    values, lost = _values(body, single, several)
    if lost:
        unknown.append(f"all that the {end} of rule {name} names")
    for key, text in values:
        read = _address(text)
        if read is None:
            message = f"{quote(text)} is no address, prefix, service tag or *"
            remedy = "Write what the deployed group has; of a template, what its expressions come to."
            body.entry.error(key, "invalid-address", message, remedy)
            unknown.append(f"which addresses {quote(text)} of rule {name} means")
        else:
            found.append(read)
    groups = body.children(f"{end}ApplicationSecurityGroups")
    unknown += [f"who is in the application security group {_last(group.text('id'))}" for group in groups]
    if not values and not groups and not lost:
        body.error(single, f"missing-{end}", f"names no {end}", f"Add {single}, for example *.")
        unknown.append(f"the {end} of rule {name}")
    elif not found and not unknown:
        unknown.append(f"the {end} of rule {name}")
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(unknown))


def _last(identifier: str) -> str:
    return quote(identifier.rpartition("/")[2]) if identifier else "without a name"


def _address(text: str) -> str | None:
    if text == ANY:
        return text
    for tag in service_tags():
        if text.lower() == tag.name.lower():
            return tag.name
    if parse_lenient_address(text) is not None or parse_lenient_prefix(text) is not None:
        parsed = parse_lenient_prefix(text)
        return str(parsed[0]) if parsed is not None else str(parse_lenient_address(text))
    return text if _TAG.fullmatch(text) else None


def port_ranges(body: Fields, key: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ports of one end, and in words what can't be told of them."""
    found: list[str] = []
    unknown: list[str] = []
    values, lost = _values(body, key, f"{key}s")
    if lost:
        unknown.append(f"all that {key} of rule {name} names")
    for where, text in values:
        parsed = _PORTS.fullmatch(text)
        bounds = [int(n) for n in parsed.groups() if n is not None] if parsed else []
        if text == ANY:
            found.append(text)
        elif bounds and bounds == sorted(bounds) and bounds[-1] <= _LAST_PORT:
            found.append("-".join(map(str, bounds)))
        else:
            message = f"{quote(text)} is no port, range of ports or *"
            body.entry.error(where, "invalid-port", message, f"Write 443, 8000-8080 or *, up to {_LAST_PORT}.")
            unknown.append(f"which ports {quote(text)} of rule {name} means")
    if not values and not lost:
        body.error(key, "missing-ports", f"has no {key}", f"Add {key}, for example *.")
        unknown.append(f"the ports of rule {name}")
    return tuple(dict.fromkeys(found)), tuple(unknown)
