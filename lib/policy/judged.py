"""Whose reading of policies a result is judged by, and whether that is the engine that the input shows.

One rule for every command and page: the engine that is chosen, and without a choice the API's own words.
"""

from __future__ import annotations

from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine
from lib.policy.engines import KUBERNETES, EngineProfile, detect_engine, profile


def judged_by(chosen: EngineProfile) -> str:
    """The engine as the end of a sentence that begins with ``judged``."""
    return "by the API's own words" if chosen.id == KUBERNETES.id else f"as {chosen.label} reads policies"


def other_engine(engine: Engine) -> str:
    """A sentence that names the engine of the cluster where it is another than the one judged by; "" else."""
    return _other(engine.profile, engine.snapshot)


def judged_sentence(chosen: EngineProfile, snapshot: Snapshot) -> str:
    """Which engine's reading counts, and what the input shows of the cluster's own."""
    found = detect_engine(snapshot)
    if found.name == chosen.id:
        return f"Policies are judged {judged_by(chosen)}, which the cluster runs ({found.evidence})."
    if found.name is None:
        return f"Policies are judged {judged_by(chosen)}; which engine the cluster runs is not known: {found.evidence}."
    return f"Policies are j{_other(chosen, snapshot)[1:]}"


def _other(chosen: EngineProfile, snapshot: Snapshot) -> str:
    found = detect_engine(snapshot)
    if found.name is None or found.name == chosen.id:
        return ""
    shown = profile(found.name)
    runs = f"the cluster runs {shown.label}" if shown.enforces else "nothing enforces policies in the cluster"
    return (
        f"Judged {judged_by(chosen)}; {runs} ({found.evidence}). To judge by that, choose {shown.label} as "
        f"policy engine (--engine {shown.id})."
    )
