"""What differs between two clusters, or between two readings of one: by effect, never by text."""

from lib.scenario.advice import Advice
from lib.scenario.answer import NOTHING, Change, FlowAnswer
from lib.scenario.arrivals import arrival_changes, own_node_changes
from lib.scenario.changes import Cause, FlowChange, Tally
from lib.scenario.diff import Diff, diff
from lib.scenario.migration import Advisor, Documented, Reason, documented, reasons, retirement
from lib.scenario.routes import RouteChange, route_changes
from lib.scenario.smallest_change import SmallestChange, smallest_change
from lib.scenario.whatif import PolicyEdit, edited, what_if

__all__ = [
    "NOTHING",
    "Advice",
    "Advisor",
    "Cause",
    "Change",
    "Diff",
    "Documented",
    "FlowAnswer",
    "FlowChange",
    "PolicyEdit",
    "Reason",
    "RouteChange",
    "SmallestChange",
    "Tally",
    "arrival_changes",
    "diff",
    "documented",
    "edited",
    "own_node_changes",
    "reasons",
    "retirement",
    "route_changes",
    "smallest_change",
    "what_if",
]
