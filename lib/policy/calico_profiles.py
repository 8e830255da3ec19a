"""Calico's Profiles as the last stage: what no tier decided is left to the profiles that an endpoint names.

"If no policies apply to an endpoint", its profiles are asked in the order given, and what none of them decides is
dropped (felix/rules/endpoints.go of projectcalico/calico). For a pod of Kubernetes Calico makes two profiles itself:
that of the namespace allows everything, that of the ServiceAccount has no rules (libcalico-go/lib/backend/k8s/
conversion). A profile of such a name counts as made so where the input does not hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Final, NamedTuple

from lib.model.calico_policies import CalicoProfile
from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.calico_match import Matcher
from lib.policy.calico_policy import compile_rules, rules_vocabulary
from lib.policy.compile import Spaces
from lib.policy.endpoints import PROFILES, profiles_of
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt, Stage
from lib.policy.spaces import Vocabulary

STAGE: Final = "profiles"
_OF_NAMESPACE: Final = "kns."
_OF_ACCOUNT: Final = "ksa."
_BOTH: Final = frozenset(Direction)


class _Named(NamedTuple):
    """The profiles that some endpoints name, in their order: found in the input, or None."""

    subjects: Bits
    source: Source
    names: tuple[str, ...]


def vocabulary(snapshot: Snapshot) -> Vocabulary:
    """Everything that the profiles can tell apart, and which endpoints name which."""
    if all(pod.profiles is None for pod in snapshot.pods):
        return Vocabulary()
    rules = (rules_vocabulary(profile.rules, snapshot) for profile in snapshot.calico_profiles)
    return Vocabulary.merge([Vocabulary(pod_keys=frozenset({PROFILES})), *rules])


def stage(snapshot: Snapshot, spaces: Spaces) -> Stage | None:
    """The profiles of all endpoints, those in the first place of each asked first; None where none closes anything."""
    by_list = spaces.endpoints.label_values(PROFILES)
    sources = {pod.profiles: pod.source for pod in reversed(snapshot.pods) if pod.profiles is not None}
    known = {profile.ref.name: profile for profile in snapshot.calico_profiles}
    matcher = Matcher(snapshot, spaces)
    levels: list[list[CompiledPolicy]] = []
    for value, classes in sorted(by_list.items()):
        names = profiles_of(value)
        subjects = classes & spaces.endpoints.selectable
        for place, policy in enumerate(_of_list(_Named(subjects, sources[names], names), known, matcher)):
            levels += [[]] * (place + 1 - len(levels))
            levels[place] = [*levels[place], policy]
    return Stage(STAGE, inf, tuple(map(tuple, levels))) if levels else None


def _of_list(asked: _Named, known: dict[str, CalicoProfile], matcher: Matcher) -> Iterator[CompiledPolicy]:
    generated = next((i for i, n in enumerate(asked.names) if n.startswith(_OF_NAMESPACE) and n not in known), None)
    closes = _BOTH if generated is None else frozenset[Direction]()
    found = False
    for name in asked.names[:generated]:
        profile = known.get(name)
        if profile is None and name.startswith(_OF_ACCOUNT):
            continue
        found = True
        ref = ObjectRef("", name, "Profile")
        if profile is None or profile.refused:
            source = asked.source if profile is None else profile.source
            rules = tuple(_unknown_rules(ref, source, asked.subjects, matcher.spaces))
        else:
            source = profile.source
            rules = tuple(compile_rules(ref, profile.rules, asked.subjects, matcher))
        yield CompiledPolicy(ref, source, asked.subjects, closes, rules)
    if closes and not found:
        # Nothing is there that could let something in: the endpoint itself is the place that says so.
        ref = ObjectRef("", ", ".join(asked.names) or "none", "Profile")
        yield CompiledPolicy(ref, asked.source, asked.subjects, closes, ())


def _unknown_rules(ref: ObjectRef, source: Source, subjects: Bits, spaces: Spaces) -> Iterator[CompiledRule]:
    """A profile whose rules the input does not show may allow and deny anything."""
    for direction in sorted(Direction, key=lambda d: d.field):
        for action in (Action.DENY, Action.ALLOW):
            yield CompiledRule(
                policy=ref,
                direction=direction,
                label="spec",
                source=source,
                text=f"{action.value.capitalize()}, perhaps",
                subjects=subjects,
                sure=Named(),
                possible=Named(always=spaces.everything),
                ports=(PortsAt(spaces.everything, spaces.ports.all),),
                doubt=f"the rules of the Profile {ref.name}",
                action=action,
            )
