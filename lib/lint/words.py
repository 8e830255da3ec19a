"""The sentences of the lint."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from lib.lint.covers import Account
from lib.lint.finding import Place
from lib.lint.written import WrittenRule
from lib.model.calico_policies import CalicoPolicy
from lib.model.cilium_policies import CiliumPolicy
from lib.model.policies import NetworkPolicy
from lib.model.refs import ObjectRef
from lib.policy.any_policy import AnyPolicy
from lib.policy.rules import Action

_SHOWN: Final = 3
_VERBS: Final = {Action.ALLOW: "permits", Action.DENY: "denies", Action.PASS: "passes on"}
_DONE: Final = {Action.ALLOW: "permitted", Action.DENY: "denied", Action.PASS: "passed on"}
NET: Final = "A new pod that it selects and the others do not would be open without it."


def named(things: Iterable[object]) -> str:
    """A few things by name, and how many more there are."""
    texts = list(dict.fromkeys(map(str, things)))
    if len(texts) > _SHOWN + 1:
        texts = [*texts[:_SHOWN], f"{len(texts) - _SHOWN} more"]
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1]))) if texts else ""


def waits(selector: str, waited: Sequence[ObjectRef]) -> str:
    """A policy that selects no pod now; ``waited`` are workloads without a pod whose pods it would select."""
    return f"It selects no pod of this input now: {selector}. It is for the pods of {named(waited)} when they run."


def when(always: bool) -> str:
    """For which pods something is claimed."""
    return "whatever pods there are" if always else "as far as the pods of this input go"


def covered(action: Action, covers: Sequence[Place], always: bool) -> str:
    """A rule of which others say everything."""
    return f"All that it {_VERBS[action]} is {_DONE[action]} by {named(covers)} as well, {when(always)}."


def shadowed(action: Action, covers: Sequence[Place], account: Account, always: bool) -> str:
    """A rule that is never asked about what it matches."""
    who = [f"decided by {named(covers)}"] if covers else []
    who += [f"denied at the end of an earlier tier, which {named(account.closing)} close"] if account.closing else []
    return f"All that it {_VERBS[action]} is {' or '.join(who)} before it is asked, {when(always)}."


def blocked(action: Action, account: Account) -> str:
    """A rule about traffic that the other end does not let through."""
    who = named(account.blocking)
    if action is Action.DENY:
        return f"All that it denies is denied at the other end too, which is closed by {who}."
    return f"None of what it {_VERBS[action]} gets through: the other end is closed to it by {who}."


def idle(action: Action, account: Account, covers: Sequence[Place]) -> str:
    """A rule whose traffic is decided the same without it, for several reasons."""
    reasons = [f"it is decided by {named(covers)}"] if covers else []
    if account.then_closing:
        reasons.append(f"the direction is closed by {named(account.then_closing)}")
    if account.open:
        reasons.append("no policy closes the direction for it")
    if account.closing:
        reasons.append(f"an earlier tier is closed by {named(account.closing)}")
    if account.blocked:
        reasons.append(f"the other end is closed to it by {named(account.blocking)}")
    return f"What it {_VERBS[action]} is decided the same way without it, {when(False)}: {'; '.join(reasons)}."


def policy_idle(account: Account, covers: Sequence[Place], always: bool) -> str:
    """A policy without which everything stays as it is."""
    reasons = []
    if account.closing:
        reasons.append(f"the pods that it isolates are isolated by {named(account.closing)} too")
    if account.lifted:
        reasons.append("its own rules permit all that only it closes")
    if covers:
        reasons.append(f"what its rules say is said by {named(covers)} too")
    if account.open:
        reasons.append("what else its rules say is decided the same way by other tiers, or by default")
    if account.blocked:
        reasons.append(f"some of it the other end denies, which is closed by {named(account.blocking)}")
    return f"Nothing of TCP, UDP and SCTP changes without it, {when(always)}: {'; '.join(reasons)}."


def net(account: Account, always: bool) -> str:
    """A policy without rules that closes what others close."""
    verb, rest = ("closes", "the other goes") if len(account.closing) == 1 else ("close", "the others go")
    return (
        f"It only closes, and {named(account.closing)} {verb} the same pods, {when(always)}. That is no fault: it "
        f"keeps them closed when {rest}."
    )


def either(idle_covers: Sequence[Place], needed: Collection[Place]) -> str:
    """What must not be removed as well: ``needed`` are those for which the engine shows that one of two must stay."""
    said = f" Either it or {named(needed)} can go, not both." if needed else ""
    rest = [place for place in idle_covers if place not in needed]
    if rest:
        said += f" {named(rest)} can go too, but perhaps not both: run the lint again after each removal."
    return said


def keep_closed(policy: AnyPolicy, rule: WrittenRule) -> str:
    """What must stay where the only rule of a direction goes, so that only the rule goes."""
    direction = rule.key.direction
    if not rule.alone:
        return ""
    match policy:
        case NetworkPolicy() if direction in policy.directions:
            return f" Keep {direction.value} in policyTypes, so that the direction stays closed."
        case CalicoPolicy() if direction in policy.directions:
            return f" Keep {direction.value} in types, so that the direction stays closed."
        case CiliumPolicy() if direction in policy.directions:
            return " Leave an empty rule, {}, in its place, so that the direction stays closed."
        case _:
            return ""
