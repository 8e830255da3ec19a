"""A recommendation in a few sentences: what it is for, what is proven, what stays open, what is lost."""

from __future__ import annotations

from collections.abc import Iterator

from lib.model.policies import Verdict
from lib.scenario.answer import Change
from lib.scenario.recommendation.proof import Proof
from lib.scenario.recommendation.recommend import Recommendation


def sentences(found: Recommendation, engine: str) -> tuple[str, ...]:
    """What a reader must know first; ``engine`` is the label of the one that was asked."""
    proof = found.proof
    if proof is None:
        return ("There is nothing to recommend: no workload is covered.",)
    policies, workloads, namespaces = len(found.drafts), len(found.covered.workloads), len(found.covered.namespaces)
    first = (
        f"{_count(policies, 'policy', 'policies')} for {_count(workloads, 'workload')} in "
        f"{_count(namespaces, 'namespace')}."
    )
    if not proof.enforced:
        return (first, f"{engine} enforces no policy: these policies, like all others, close nothing.")
    return (first, *_proven(proof), _open(proof), *_changed(proof), *_told(found))


def _proven(proof: Proof) -> Iterator[str]:
    total = len(proof.needs)
    failing = [n for n in proof.needs if n.verdict is not Verdict.ALLOWED]
    if not failing:
        yield f"Proven: {_count(total, 'needed flow is', 'needed flows are')} allowed, all of them."
        return
    denied = sum(n.verdict is Verdict.DENIED for n in failing)
    yield (
        f"Not proven: of {_count(total, 'needed flow')}, {denied:,} would be denied and of {len(failing) - denied:,} "
        "the input or the documentation does not settle it."
    )


def _open(proof: Proof) -> str:
    own = " A pod's own node always reaches it."
    if not proof.open:
        return f"Proven: no other flow of these workloads is open.{own}"
    unknown = sum(f.verdict is Verdict.UNKNOWN for f in proof.open)
    many = f"{'over ' if proof.open_cut else ''}{len(proof.open):,}"
    unsettled = f", of which {unknown:,} are not settled" if unknown else ""
    noun = "flow that nothing needs stays" if len(proof.open) == 1 else "flows that nothing needs stay"
    return f"{many} {noun} open{unsettled}.{own}"


def _changed(proof: Proof) -> Iterator[str]:
    counts = proof.tally.total
    parts = [f"{counts[c]:,} {c.value}" for c in (Change.LOST, Change.CHANGED, Change.GAINED) if counts.get(c)]
    unknown = counts.get(Change.UNKNOWN, 0)
    if parts or unknown:
        unsettled = f"{unknown:,} not settled" if unknown else ""
        yield f"Against today: flows {', '.join(filter(None, (*parts, unsettled)))}."
    else:
        yield "Against today no flow differs."


def _told(found: Recommendation) -> Iterator[str]:
    if found.questions:
        yield f"{_count(len(found.questions), 'thing is', 'things are')} not known from the input, and told below."
    if not found.options.replace:
        yield "The present NetworkPolicies stay beside these: policies only add, so that what they permit stays open."
    elif found.removed:
        yield f"{_count(len(found.removed), 'present NetworkPolicy', 'present NetworkPolicies')} are to go afterwards."


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
