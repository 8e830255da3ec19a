"""The groups of ``az network nic list-effective-nsg`` or ``Get-AzEffectiveNetworkSecurityGroup``.

The answer is about one network interface: its own group and its subnet's, each with all rules, default ones too, whose
names lead with where they come from. Protocol and ports of "any" are written as ``All`` and ``0-65535``.
Source: EffectiveNetworkSecurityGroup of Azure's network API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lib.loaders.parse.fields import Fields
from lib.model.security_rules import ANY, Attachment

KEY: Final = "effectiveSecurityRules"
EVERY_IPV4: Final = "0.0.0.0/0"
_EVERY_PORT: Final = "0-65535"
_PLACES: Final = {Attachment.SUBNET: "subnet", Attachment.NIC: "networkInterface"}
_MANAGER: Final = "networkManager"


def group_of(groups: Sequence[Fields], attachment: Attachment | None) -> tuple[Fields | None, bool]:
    """The group that is attached as it should be (None: the only one), and whether other rules come before it.

    What is not found, or can't be told, is a Problem.
    """
    managed = [g for g in groups if g.section("association").has(_MANAGER)]
    for group in managed:
        message = "rules of Azure Virtual Network Manager come before those of groups, and are not judged"
        group.section("association").error(_MANAGER, "network-manager", message, "Judge those rules by themselves.")
    own = [g for g in groups if g not in managed]
    if attachment is not None and any(g.has("association") for g in own):
        own = [g for g in own if g.section("association").has(_PLACES[attachment])]
    if len(own) == 1:
        return own[0], bool(managed)
    where = f"attached to the {attachment.value}" if attachment is not None else "in the text"
    message = f"{'several groups are' if own else 'no group is'} {where}"
    (groups[0] if groups else own[0]).error(None, "no-security-group", message, "Paste one group's rules.")
    return None, bool(managed)


def name_of(group: Fields) -> str:
    """The group's own name, out of its resource ID; "" where it isn't written."""
    return group.section("networkSecurityGroup").text("id").rpartition("/")[2]


def plain_rule(rule: Fields) -> Fields:
    """An effective rule in the words of a written one."""
    return Fields(rule.entry, {key: _plain(key, value) for key, value in rule.data.items()}, rule.path)


def _plain(key: Any, value: Any) -> Any:
    if key == "protocol" and isinstance(value, str) and value.lower() == "all":
        return ANY
    if key in ("sourcePortRange", "destinationPortRange") and value == _EVERY_PORT:
        return ANY
    if key in ("sourcePortRanges", "destinationPortRanges") and isinstance(value, list):
        return [ANY if item == _EVERY_PORT else item for item in value]
    return value
