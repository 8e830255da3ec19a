"""What may become of ports on their way through the stages; the same steps for whole rows and for one pair."""

from __future__ import annotations

from typing import NamedTuple

from lib.policy.bits import Bits
from lib.policy.rules import Action


class Outcome(NamedTuple):
    """Ports by what may become of them; a port is in several sets where the input does not settle its fate.

    ``live`` may still be undecided in this stage, ``passed`` may be left to the next one. Doubts are taken to be
    independent of each other: an answer is never wrong for it, but may be unknown where two doubts are the same one.
    """

    allowed: Bits
    denied: Bits
    live: Bits
    passed: Bits = 0

    def match(self, action: Action, ports: Bits, *, sure: bool) -> Outcome:
        """A rule for ``ports`` matches, or may match; only what may still be undecided is touched."""
        hit = self.live & ports
        if not hit:
            return self
        live = self.live & ~hit if sure else self.live
        match action:
            case Action.ALLOW:
                return Outcome(self.allowed | hit, self.denied, live, self.passed)
            case Action.DENY:
                return Outcome(self.allowed, self.denied | hit, live, self.passed)
            case Action.PASS:
                return Outcome(self.allowed, self.denied, live, self.passed | hit)
            case Action.LOG:
                return self

    def beside(self, other: Outcome) -> Outcome:
        """The outcome where ``other`` comes from policies of the same precedence: either may have decided."""
        return Outcome(
            self.allowed | other.allowed,
            self.denied | other.denied,
            self.live & other.live,
            self.passed | other.passed,
        )

    def whichever(self, other: Outcome) -> Outcome:
        """The outcome after the last stage where ``other`` is what a second reading of the policies came to."""
        return Outcome(self.possibly | other.possibly, self.denied | other.denied, 0)

    def end_stage(self, *, closed: bool) -> Outcome:
        """Deny what is left, where the stage isolates; what was passed on is live again."""
        if closed:
            return Outcome(self.allowed, self.denied | self.live, self.passed)
        return Outcome(self.allowed, self.denied, self.live | self.passed) if self.passed else self

    @property
    def surely(self) -> Bits:
        """The ports that are allowed after the last stage: what nobody decided is allowed."""
        return (self.allowed | self.live) & ~self.denied

    @property
    def possibly(self) -> Bits:
        """The ports that may be allowed after the last stage."""
        return self.allowed | self.live
