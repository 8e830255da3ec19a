"""What differs between two clusters, or between two readings of one: by effect, never by text."""

from lib.scenario.answer import NOTHING, Change, FlowAnswer
from lib.scenario.changes import Cause, FlowChange, Tally
from lib.scenario.diff import Diff, diff
from lib.scenario.routes import RouteChange, route_changes
from lib.scenario.whatif import PolicyEdit, edited, what_if

__all__ = [
    "NOTHING",
    "Cause",
    "Change",
    "Diff",
    "FlowAnswer",
    "FlowChange",
    "PolicyEdit",
    "RouteChange",
    "Tally",
    "diff",
    "edited",
    "route_changes",
    "what_if",
]
