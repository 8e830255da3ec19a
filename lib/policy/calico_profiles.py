"""Calico's Profiles as the last stage: what no tier decided is left to the profiles that an endpoint names.

They are asked in the order in which the endpoint names them; after the last one comes "Drop if no profiles matched"
(felix/rules/endpoints.go of projectcalico/calico). For a pod of Kubernetes Calico makes two profiles itself: that of
the namespace allows everything, that of the ServiceAccount has no rules (libcalico-go/lib/backend/k8s/conversion). A
profile of such a name counts as made so where the input does not hold it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby
from math import inf
from typing import Final, NamedTuple

from lib.model.calico_policies import CalicoAction, CalicoProfile, CalicoRule, EntityRule
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.calico_match import Matcher
from lib.policy.calico_policy import compile_rules, rules_vocabulary
from lib.policy.compile import Spaces
from lib.policy.hidden_keys import PROFILES, profiles_value
from lib.policy.host_endpoints import DEFAULT_ALLOW, hosts_of
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt, Stage
from lib.policy.spaces import Vocabulary

STAGE: Final = "profiles"
_OF_NAMESPACE: Final = "kns."
_OF_ACCOUNT: Final = "ksa."
_NONE: Final = ObjectRef("", "none", "Profile")

Profiles = Mapping[str, CalicoProfile]


class _Asked(NamedTuple):
    """A profile that is asked at one place of the order; "" stands for none.

    ``closed`` are the directions, by name, in which no profile of the endpoint allows everything.
    """

    place: int
    name: str
    closed: tuple[str, ...]


def vocabulary(snapshot: Snapshot) -> Vocabulary:
    """Everything that the profiles can tell apart, and which endpoints name which, as far as that matters."""
    known = _known(snapshot)
    lists = {pod.profiles for pod in snapshot.pods if pod.profiles is not None}
    of_pods = any(_asked(names, known) for names in lists)
    if not of_pods and not any(_asked(each.profiles, known) for each in snapshot.host_endpoints):
        return Vocabulary()
    rules = (rules_vocabulary(profile.rules, snapshot) for profile in snapshot.calico_profiles)
    return Vocabulary.merge([Vocabulary(pod_keys=frozenset({PROFILES} if of_pods else ())), *rules])


def stage(snapshot: Snapshot, spaces: Spaces) -> Stage | None:
    """The profiles of all endpoints, those in the first place of each asked first; None where none matters."""
    known, matcher = _known(snapshot), Matcher(snapshot, spaces)
    subjects: dict[_Asked, Bits] = defaultdict(int)
    sources: dict[_Asked, Source] = {}
    lists = {pod.profiles: pod.source for pod in reversed(snapshot.pods) if pod.profiles is not None}
    of_list = spaces.endpoints.label_values(PROFILES)
    for names, source in lists.items():
        for asked in _asked(names, known):
            subjects[asked] |= of_list.get(profiles_value(names), 0) & spaces.endpoints.selectable
            sources.setdefault(asked, source)
    compiled = [(a, _compiled(a, known.get(a.name), subjects[a], sources[a], matcher)) for a in sorted(subjects)]
    compiled = sorted([*compiled, *_of_hosts(known, matcher)], key=lambda each: each[0].place)
    levels = [tuple(policy for _, policy in group) for _, group in groupby(compiled, key=lambda each: each[0].place)]
    return Stage(STAGE, inf, tuple(levels)) if levels else None


def _of_hosts(known: Profiles, matcher: Matcher) -> Iterator[tuple[_Asked, CompiledPolicy]]:
    """The profiles of host endpoints; one without profiles drops by itself what no policy allows."""
    for host in hosts_of(matcher.snapshot):
        ends = 0 if host.doubt else matcher.ends_on(host.node)
        endpoint = host.endpoints[0]
        for asked in _asked(endpoint.profiles, known) if ends else ():
            compiled = _compiled(asked, known.get(asked.name), ends, endpoint.source, matcher)
            yield asked, compiled if asked.name else replace(compiled, ref=endpoint.ref)


def _known(snapshot: Snapshot) -> Profiles:
    return {profile.ref.name: profile for profile in snapshot.calico_profiles}


def _asked(names: tuple[str, ...], known: Profiles) -> list[_Asked]:
    """The profiles of one endpoint that have a say, up to one of Calico's own; none where all of it is open anyway."""
    generated = next((i for i, n in enumerate(names) if n not in known and _allows_all(n)), None)
    asked = [n for n in names[:generated] if n in known or not n.startswith(_OF_ACCOUNT)]
    rules = [rule for name in asked if name in known for rule in known[name].rules]
    is_open = {d for d in Direction if generated is not None or any(_is_open(r) for r in rules if r.direction is d)}
    if len(is_open) == len(Direction) and all(n in known and _only_allows(known[n]) for n in asked):
        return []
    closed = tuple(sorted(d.value for d in frozenset(Direction) - is_open))
    # Where none is asked nothing could let anything in: everything is dropped.
    return [_Asked(place, name, closed) for place, name in enumerate(asked or [""])]


def _allows_all(name: str) -> bool:
    """Whether Calico makes the profile itself, with rules that allow everything."""
    return name.startswith(_OF_NAMESPACE) or name == DEFAULT_ALLOW


def decides(names: tuple[str, ...], snapshot: Snapshot) -> bool:
    """Whether profiles of these names, or that there is none, can stop anything."""
    return bool(_asked(names, _known(snapshot)))


def _is_open(rule: CalicoRule) -> bool:
    """Whether a rule allows everything, as that of the profiles which Calico makes of namespaces."""
    ends = (replace(end, source=rule.source, text="") for end in (rule.from_, rule.to))
    return (
        rule.action is CalicoAction.ALLOW
        and rule.protocols == frozenset(Protocol)
        and rule.family is None
        and not rule.doubt
        and not rule.narrowing
        and all(end == EntityRule(rule.source) for end in ends)
    )


def _only_allows(profile: CalicoProfile) -> bool:
    return not profile.refused and all(rule.action is CalicoAction.ALLOW for rule in profile.rules)


def _compiled(
    asked: _Asked, profile: CalicoProfile | None, subjects: Bits, naming: Source, matcher: Matcher
) -> CompiledPolicy:
    directions = frozenset(map(Direction, asked.closed))
    ref = ObjectRef("", asked.name, "Profile") if asked.name else _NONE
    source = naming if profile is None else profile.source
    if profile is not None and not profile.refused:
        rules = tuple(compile_rules(ref, profile.rules, subjects, matcher))
    else:
        rules = tuple(_unknown_rules(ref, source, subjects, matcher.spaces)) if asked.name else ()
    return CompiledPolicy(ref, source, subjects, directions, (), binds_own_node=True).with_rules(rules)


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
