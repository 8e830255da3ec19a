"""By whose words a recommendation is judged, and whether that is the engine that the input shows."""

from __future__ import annotations

from lib.policy.engine import Engine
from lib.policy.engines import KUBERNETES, EngineProfile, detect_engine, profile


def judged_by(chosen: EngineProfile) -> str:
    """The engine as the end of a sentence that begins with ``judged``."""
    return "by the API's own words" if chosen.id == KUBERNETES.id else f"as {chosen.label} reads policies"


def other_engine(engine: Engine) -> str:
    """A sentence that names the engine of the cluster where it is another than the one judged by; "" else."""
    found = detect_engine(engine.snapshot)
    if found.name is None or found.name == engine.profile.id:
        return ""
    shown = profile(found.name)
    runs = f"the cluster runs {shown.label}" if shown.enforces else "nothing enforces policies in the cluster"
    return (
        f"Judged {judged_by(engine.profile)}; {runs} ({found.evidence}). To judge by that, choose {shown.label} as "
        f"policy engine (--engine {shown.id})."
    )
