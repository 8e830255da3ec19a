"""How full a security group is, measured against what one may hold."""

from __future__ import annotations

from dataclasses import dataclass

from lib.azure.security_group import amounts
from lib.facts.nsg import GroupLimit, group_limits
from lib.model.security_rules import SecurityGroup


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit and how much of it a group takes; the default rules do not count.

    Addresses that the input does not show count as one each.
    """

    limit: GroupLimit
    used: int

    @property
    def share(self) -> float:
        """Used over the limit; over 1 where the group would be refused."""
        return self.used / self.limit.value


def limit_uses(group: SecurityGroup) -> tuple[LimitUse, ...]:
    """Every limit, in the data file's order."""
    counted = [amounts(rule) for rule in group.rules if not rule.is_default]
    return tuple(LimitUse(limit, sum(each[limit.name] for each in counted)) for limit in group_limits())
