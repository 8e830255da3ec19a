"""One route's answer to a request."""

from __future__ import annotations

from enum import Enum

from lib.model.records import dataclass
from lib.routing.route_view import RouteView


class Fit(Enum):
    """Whether a route would take a request."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row and why it takes the request, doesn't, or loses; ``rank`` sorts, the smallest first."""

    row: RouteView
    fit: Fit
    why: str
    rank: tuple[object, ...] = ()

    def shares_with(self, winner: Candidate) -> bool:
        """Whether both rows are backends of the same rule, so that weights divide the requests between them."""
        mine, its = self.row, winner.row
        return (mine.route, mine.rule, mine.item, mine.host, mine.path_type) == (
            its.route,
            its.rule,
            its.item,
            its.host,
            its.path_type,
        )
