"""What is wrong with an address plan, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lib.facts.address_rules import address_rule


class ProblemClass(StrEnum):
    """How bad a problem is: rejected by Azure, accepted and failing later or unsupported, or merely unwise."""

    REFUSED = "refused"
    BREAKS = "breaks"
    UNWISE = "unwise"

    @property
    def exit_code(self) -> int:
        """What the command line answers when this is the worst problem: 2, 1 or 0."""
        return {"refused": 2, "breaks": 1, "unwise": 0}[self.value]

    @property
    def label(self) -> str:
        """The class in words."""
        return {
            "refused": "Refused by Azure",
            "breaks": "Breaks later or is unsupported",
            "unwise": "Unwise",
        }[self.value]


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One rule that the plan breaks, or one input that can't be read.

    ``message`` is a sentence with the plan's own numbers; ``rule``, ``remedy`` and ``sources`` come from the facts.
    ``subject`` names the cluster, pool or subnet, "" for the plan as a whole; ``field`` the input it is about, as the
    file and the flags call it, ``line`` where that stands in the file, None where there is none.
    """

    code: str
    problem_class: ProblemClass
    message: str
    rule: str
    remedy: str
    sources: tuple[str, ...]
    subject: str = ""
    field: str = ""
    line: int | None = None


def problem(code: str, message: str, subject: str = "", field: str = "", sources: tuple[str, ...] = ()) -> PlanProblem:
    """A broken rule of the facts; ``sources`` are those of the case where the rule's are many.

    Raises FactsError for a code that the facts do not hold.
    """
    rule = address_rule(code)
    return PlanProblem(
        code, ProblemClass(rule.problem_class), message, rule.rule, rule.remedy, sources or rule.sources, subject, field
    )


def unreadable(message: str, field: str, expected: str) -> PlanProblem:
    """An input that can't be read; ``expected`` says in a sentence what would be."""
    return PlanProblem("invalid-input", ProblemClass.REFUSED, message, expected, expected, (), "", field)


def exit_code(problems: tuple[PlanProblem, ...]) -> int:
    """The answer of the command line for a plan with these problems: the worst of them, 0 for none."""
    return max((p.problem_class.exit_code for p in problems), default=0)
