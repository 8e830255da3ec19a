"""JSON texts of the az command line: bounded, and without what nobody asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from lib.ipplan.existing.values import Json, Notes
from lib.ipplan.read_values import shown

TEXT_LENGTH_MAX: Final = 50_000_000
DOCUMENTS_MAX: Final = 1_000
# All that is ever looked at. Whatever else the JSON holds, keys and passwords above all, is dropped while it is read.
_READ_TEXT: Final = """
value properties name id addressSpace addressPrefixes addressPrefix subnets delegations serviceName
ipConfigurations virtualNetworkPeerings remoteAddressSpace remoteVirtualNetwork networkProfile networkPlugin
networkPluginMode networkDataplane networkPolicy podCidr podCidrs serviceCidr serviceCidrs dnsServiceIp
ipFamilies agentPoolProfiles count maxCount enableAutoScaling maxPods osType mode vnetSubnetId
podSubnetId podIpAllocationMode upgradeSettings maxSurge maxUnavailable nodeResourceGroup nodeProvisioningProfile
availabilityZones gatewayProfile publicIpPrefixSize apiServerAccessProfile enableVnetIntegration subnetId
"""
_READ: Final = frozenset(_READ_TEXT.lower().split())


def read_json(text: str, source: str, notes: Notes) -> list[Json]:
    """The objects of a text: one or several JSON values, each an object, a list of objects, or ARM's ``value`` list."""
    found: list[Json] = []
    for value, path in _values(text, source, notes):
        found.extend(_objects(value, path, notes))
        if len(found) > DOCUMENTS_MAX:
            notes.add_wrong(source, f"holds more than {DOCUMENTS_MAX} objects.", "Give fewer at once.")
            return []
    return found


def _values(text: str, source: str, notes: Notes) -> Iterator[tuple[Any, str]]:
    """The JSON values of a text with their paths, as far as it is JSON."""
    if len(text) > TEXT_LENGTH_MAX:
        notes.add_wrong(source, f"has more than {TEXT_LENGTH_MAX:,} characters.", "Leave out what is not asked for.")
        return
    decoder = json.JSONDecoder(object_pairs_hook=_kept, parse_constant=_no_constant)
    text = text.removeprefix("\ufeff")
    position, count = 0, 0
    try:
        while (position := _next(text, position)) < len(text):
            value, position = decoder.raw_decode(text, position)
            count += 1
            yield value, f"{source}: $" if count == 1 else f"{source}: ${count}"
    except json.JSONDecodeError as error:
        expected = "Give what az prints with --output json."
        notes.add_wrong(f"{source}:{error.lineno}:{error.colno}", f"is not JSON: {error.msg}. {expected}", expected)
    except (ValueError, RecursionError) as error:
        what = "too deep" if isinstance(error, RecursionError) else str(error)[:200]
        notes.add_wrong(source, f"can't be read: {what}.", "Give what az prints with --output json.")


def reduced(text: str) -> str | None:
    """The same JSON without all that is never looked at, for keeping; None for what is no JSON.

    Paths in it stay what they were.
    """
    notes = Notes()
    values = list(_values(text, "", notes))
    return None if notes.wrong else "\n".join(json.dumps(value) for value, _ in values)


def _next(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _objects(value: Any, path: str, notes: Notes) -> Iterator[Json]:
    items = value
    if isinstance(value, dict):
        listed = value.get("value")
        if not isinstance(listed, list):
            yield Json(value, path, notes)
            return
        items, path = listed, f"{path}.value"
    if not isinstance(items, list):
        expected = "It must be an object or a list of objects."
        notes.add_wrong(path, f"is {shown(value)}. {expected}", expected)
        return
    for index, item in enumerate(items[: DOCUMENTS_MAX + 1]):
        if isinstance(item, dict):
            yield Json(item, f"{path}[{index}]", notes)
        else:
            expected = "It must be an object."
            notes.add_wrong(f"{path}[{index}]", f"is {shown(item)}. {expected}", expected)


def _kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = [(key, value) for key, value in pairs if key.lower() in _READ]
    found = dict(kept)
    if len({key.lower() for key, _ in kept}) < len(kept):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
