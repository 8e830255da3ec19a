"""Security groups as PowerShell writes them, in the spelling of az and REST.

``Get-AzNetworkSecurityGroup | ConvertTo-Json`` begins every key with a capital and writes addresses and ports as lists
under the key that is one text elsewhere. Source: PSSecurityRule.cs and PSNetworkSecurityGroup.cs of azure-powershell.
"""

from __future__ import annotations

from typing import Any, Final

from lib.loaders.parse.session import Path

POWERSHELL_KEYS: Final = ("SecurityRules", "DefaultSecurityRules", "EffectiveSecurityRules", "Priority")
_LISTS: Final = {
    f"{end}{what}": f"{end.lower()}{what}{plural}"
    for end in ("Source", "Destination")
    for what, plural in (("AddressPrefix", "es"), ("PortRange", "s"))
}
_WRITTEN: Final = {read: written for written, read in _LISTS.items()}


def is_powershell(value: Any) -> bool:
    """Whether a document, or what the list in it holds, has PowerShell's spelling."""
    if not isinstance(value, dict):
        return False
    # Windows PowerShell writes a list as {"value": [...], "Count": 2}.
    lists = (value.get(key) for key in ("securityRules", "value"))
    items = [value, *(item for listed in lists if isinstance(listed, list) for item in listed[:1])]
    return any(key in item for item in items if isinstance(item, dict) for key in POWERSHELL_KEYS)


def respelled(value: Any) -> Any:
    """A value with the keys that az writes; bounded by what the reader lets through."""
    if isinstance(value, dict):
        return {_key(key, item): respelled(item) for key, item in value.items()}
    return [respelled(item) for item in value] if isinstance(value, list) else value


def twice(value: Any) -> bool:
    """Whether a mapping in it has one key in two spellings, of which reading would keep one."""
    if isinstance(value, dict):
        return len({_key(key, item) for key, item in value.items()}) < len(value) or any(map(twice, value.values()))
    return isinstance(value, list) and any(map(twice, value))


def written_path(value: Any, path: Path) -> Path:
    """Where in the text stands what ``path`` leads to in ``respelled(value)``; as far as it stands there."""
    found: list[Any] = []
    for step in path:
        if isinstance(value, dict):
            step = next((key for key in _spellings(step) if key in value and _key(key, value[key]) == step), step)
        found.append(step)
        value = _below(value, step)
    return tuple(found)


def _spellings(step: Any) -> tuple[Any, ...]:
    """The keys that may be read as ``step``."""
    if not isinstance(step, str):
        return (step,)
    return step, step[:1].upper() + step[1:], _WRITTEN.get(step, step)


def _below(value: Any, step: Any) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def _key(key: Any, value: Any) -> Any:
    if not isinstance(key, str):
        return key
    return _LISTS[key] if key in _LISTS and isinstance(value, list) else key[:1].lower() + key[1:]
