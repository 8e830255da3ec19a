"""A recommendation in a few sentences: what it is for, what is proven, and what to look at before applying it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lib.model.policies import Verdict
from lib.scenario.answer import Change
from lib.scenario.recommendation.proof import Proof
from lib.scenario.recommendation.recommend import Recommendation


@dataclass(frozen=True, slots=True)
class Summary:
    """What a reader must know first, a sentence each: ``proven`` by the engine, and ``cautions`` before applying.

    ``engine`` says first that the cluster's engine is not the one judged by; "" where it is, or is not known.
    """

    about: str
    proven: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    engine: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """All sentences in their order."""
        return (*filter(None, (self.engine,)), self.about, *self.proven, *self.cautions)


def summarise(found: Recommendation, engine: str) -> Summary:
    """The summary of a recommendation under the engine of that label."""
    proof, other = found.proof, found.other_engine
    if proof is None:
        nothing = "There is nothing to recommend: no workload is covered."
        return Summary(nothing, tuple(_not_covered(found)), engine=other)
    about = (
        f"{_count(len(found.drafts), 'policy', 'policies')} for {_count(len(found.covered.workloads), 'workload')} in "
        f"{_count(len(found.covered.namespaces), 'namespace')}."
    )
    if not proof.enforced:
        closes = f"{engine} enforces no policy: these policies, like all others, close nothing."
        return Summary(about, (), (closes, *_mode(found)), other)
    proven = (*_needs(proof), *_not_covered(found), *_open(proof, len(found.unread)))
    return Summary(about, proven, (*_changed(proof), *_questions(found), *_mode(found)), other)


def _needs(proof: Proof) -> Iterator[str]:
    total = len(proof.needs)
    if not total:
        yield "Nothing in the input shows that a flow is needed."
        return
    failing = [n for n in proof.needs if n.verdict is not Verdict.ALLOWED]
    if not failing:
        yield f"Proven: {_count(total, 'needed flow is', 'needed flows are')} allowed, all of them."
        return
    denied = sum(n.verdict is Verdict.DENIED for n in failing)
    open_to_doubt = len(failing) - denied
    parts = [f"{denied:,} would be denied"] if denied else []
    if open_to_doubt:
        parts.append(f"{_count(open_to_doubt, 'is', 'are')} not settled by the input or the documentation")
    yield f"Not proven: of {_count(total, 'needed flow')}, {' and '.join(parts)}."


def _not_covered(found: Recommendation) -> Iterator[str]:
    if found.not_covered:
        needs = _count(len(found.not_covered), "stated need is", "stated needs are")
        yield f"Not proven: {needs} about no workload that is covered."


def _open(proof: Proof, unread: int) -> Iterator[str]:
    if not proof.open and unread:
        what = "policy that could not be read permits" if unread == 1 else "policies that could not be read permit"
        yield f"Not proven that no other flow is open: what {unread:,} {what} stays open."
        return
    if not proof.open:
        yield "Proven: no other flow of these workloads is open, but for what comes from a pod's own node."
        return
    unknown = sum(f.verdict is Verdict.UNKNOWN for f in proof.open)
    many = f"{'over ' if proof.open_cut else ''}{len(proof.open):,}"
    unsettled = f", of which {unknown:,} are not settled" if unknown else ""
    noun = "flow that nothing needs stays" if len(proof.open) == 1 else "flows that nothing needs stay"
    yield f"{many} {noun} open{unsettled}; so does what comes from a pod's own node."


_WORDS: Final = (
    (Change.LOST, "lost"),
    (Change.CHANGED, "changed"),
    (Change.GAINED, "gained"),
    (Change.UNKNOWN, "not settled"),
)


def _changed(proof: Proof) -> Iterator[str]:
    flows = _counted(proof.tally.total)
    counts = Counter(each.change for each in proof.arrivals)
    ways = _counted(counts)
    if proof.unsettled:
        yield proof.unsettled
    if not flows and not ways:
        yield "Against today no flow is known to differ." if proof.unsettled else "Against today no flow differs."
        return
    told = [f"flows: {flows}"] if flows else ["no flow between workloads, with nodes or addresses outside differs"]
    told += [f"ways in through load balancers and node ports: {ways}"] if ways else []
    lost = proof.tally.total.get(Change.LOST) or counts[Change.LOST]
    unused = " Manifests do not show which of those are used: look at them." if lost else ""
    yield f"Against today, {'; '.join(told)}.{unused}"


def _counted(counts: Mapping[Change, int]) -> str:
    return ", ".join(f"{counts[change]:,} {word}" for change, word in _WORDS if counts.get(change))


def _questions(found: Recommendation) -> Iterator[str]:
    if found.questions:
        things = _count(len(found.questions), "thing is", "things are")
        yield f"{things} not settled by the input: look at them, and state what is needed."


def _mode(found: Recommendation) -> Iterator[str]:
    if found.options.replace and found.removed:
        number = len(found.removed)
        yield f"{_count(number, 'present NetworkPolicy goes', 'present NetworkPolicies go')} once these are applied."
    elif not found.options.replace:
        yield "The present NetworkPolicies stay beside these: policies only add, so what they permit stays open."


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"
