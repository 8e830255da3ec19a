"""What must and must not flow, held against the engine's answers."""

from lib.assertions.check import check_assertions
from lib.assertions.result import Decided, Example, Outcome, Result
from lib.assertions.ways import of_result

__all__ = ["Decided", "Example", "Outcome", "Result", "check_assertions", "of_result"]
