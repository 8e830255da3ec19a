"""What a reader must know of the settings of a cluster's policy engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lib.facts.config_maps import NAMESPACE
from lib.model.problem import Problem, Severity
from lib.model.snapshot import Snapshot
from lib.policy.config_maps import differs_by_node, settings_of
from lib.policy.engine_settings import CILIUM_CONFIG
from lib.policy.engines import KUBERNETES, EngineProfile, detect_engine
from lib.policy.unread_kinds import has_unread_settings

_CILIUM: Final = "cilium"
_LABELS: Final = "labels"


def setting_notes(snapshot: Snapshot, profile: EngineProfile) -> Iterator[Problem]:
    """Settings that count, that are not followed, or that nobody could read."""
    if profile.id == KUBERNETES.id:
        yield from _otherwise(snapshot)
    if profile.id != _CILIUM:
        return
    found = snapshot.config_map_by_name.get(CILIUM_CONFIG)
    if found is not None and differs_by_node(snapshot):
        yield Problem(
            Severity.WARNING,
            "node-settings-not-read",
            f"nodes may have settings of their own (CiliumNodeConfig), which are not read: {found.ref} does not count, "
            "and Cilium is read as its documentation has it",
            "Compare the settings of the nodes with the ConfigMap by hand.",
            found.source,
        )
    if found is not None and found.data.get(_LABELS):
        yield Problem(
            Severity.WARNING,
            "identity-labels-set",
            f"{found.ref} says which labels count for identities; here those count that do by default",
            "Check policies that select by labels which the setting leaves out: Cilium does not see these.",
            found.place(_LABELS),
        )
    if has_unread_settings(snapshot, profile):
        yield Problem(
            Severity.WARNING,
            "engine-settings-not-read",
            f"{NAMESPACE}/{CILIUM_CONFIG}: {snapshot.coverage_of('ConfigMap').value}; whether policies are enforced by "
            "default, always or never, and which kinds, is not known: every verdict may hang on it, and is unknown",
            "Let the login get it: `python -m lib doctor` prints the rule that is missing.",
        )
    elif found is None and not snapshot.is_complete("ConfigMap"):
        yield Problem(
            Severity.INFO,
            "engine-settings-not-supplied",
            f"{NAMESPACE}/{CILIUM_CONFIG} is not in the input: Cilium is read as its documentation has it, by which "
            "policies are enforced where one selects an end",
            "Add it to the input: `python -m lib dump-command` prints how, also of other kinds.",
        )


def _otherwise(snapshot: Snapshot) -> Iterator[Problem]:
    """By the API's own words settings of the cluster's engine do not count: those that change verdicts are named."""
    engine = detect_engine(snapshot)
    if engine.name != _CILIUM or differs_by_node(snapshot):
        return
    found = list(settings_of(_CILIUM, snapshot))
    if found:
        said = dict.fromkeys(f"{each.key}: {value}" for each, _, value in found)
        each, config_map, _ = found[0]
        yield Problem(
            Severity.WARNING,
            "engine-settings",
            f"{config_map.ref} has {', '.join(said)}, which the API's own words know nothing of",
            "Choose the engine cilium to see the flows as this cluster enforces them.",
            config_map.place(each.key),
        )
