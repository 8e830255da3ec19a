"""What must and must not flow, held against the engine's answers."""

from lib.assertions.check import check_assertions
from lib.assertions.result import Decided, Example, Outcome, Result

__all__ = ["Decided", "Example", "Outcome", "Result", "check_assertions"]
