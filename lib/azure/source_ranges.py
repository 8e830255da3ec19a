"""What nodes do with senders whom a Service's ``loadBalancerSourceRanges`` do not hold, beside the security groups."""

from __future__ import annotations

from dataclasses import dataclass

from lib.azure.data_plane import DataPlane
from lib.facts.service_traffic import outside_source_ranges


@dataclass(frozen=True, slots=True)
class AtTheNode:
    """Whether the node drops the sender, None where that is not settled; ``why`` says it without a full stop."""

    drops: bool | None
    why: str


def sender_outside_ranges(plane: DataPlane, in_cluster: bool) -> AtTheNode:
    """What becomes of a sender outside the list; of a data plane that is not known, what all of them do."""
    rows = [row for row in outside_source_ranges(in_cluster) if plane.name in ("", row.data_plane)]
    drops = {row.drops for row in rows}
    said = "; ".join(row.words for row in rows)
    unsure = "" if plane.name else "; the input does not show which of them runs"
    return AtTheNode(drops.pop() if len(drops) == 1 else None, said + unsure)
