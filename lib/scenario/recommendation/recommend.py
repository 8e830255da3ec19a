"""A least-privilege set of NetworkPolicies, from what the input shows to be needed, proven by the engine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lib.model.cluster import METADATA_NAME_LABEL, Namespace, Pod, Workload
from lib.model.errors import ModelError
from lib.model.policies import NetworkPolicy, RejectedPolicy
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import EngineProfile
from lib.policy.judged import judged_by, other_engine
from lib.routing.services import service_views
from lib.scenario.recommendation.api_server import api_server
from lib.scenario.recommendation.cluster_dns import find_dns
from lib.scenario.recommendation.controllers import routed
from lib.scenario.recommendation.coverage import Covered, LeftOut, cover
from lib.scenario.recommendation.doors import arriving
from lib.scenario.recommendation.drafts import Draft, draft
from lib.scenario.recommendation.needs import EVERYWHERE, Need, NotKept, PodGroup, Question, merged, without
from lib.scenario.recommendation.present import kept
from lib.scenario.recommendation.proof import Proof, prove
from lib.scenario.recommendation.selectors import PodSelectors
from lib.scenario.recommendation.stated import not_meant, parse_needs
from lib.scenario.recommendation.today import Today
from lib.scenario.recommendation.writing import Locate, removal, write_policies
from lib.scenario.whatif import PolicyEdit, edited

FLOWS_UP_TO: Final = 50_000
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

Parse = Callable[[str], Sequence[NetworkPolicy]]
"""Reads the policies of YAML text as the input's own are read; raises ModelError for one that is refused."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a recommendation is for.

    ``namespaces`` are those to cover, empty for all but the system's; ``needs`` are stated ones as text. ``replace``:
    the present NetworkPolicies of the covered namespaces are to go, instead of staying beside the new ones.
    ``api_server``: workloads with a ServiceAccount of their own may reach the API server.
    """

    namespaces: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    replace: bool = False
    api_server: bool = False


@dataclass(frozen=True)
class Recommendation:
    """Policies as YAML text, why they say what they say, and what the engine says of them.

    ``drafts`` are the policies of ``text``, in its order. ``removed`` are the present policies that go. ``questions``
    are what the input leaves open; what they are about stays closed. ``twins`` are workloads whose labels do not tell
    them apart from others. ``proof`` is None where there is nothing to recommend. ``other_engine`` is the sentence that
    names the cluster's engine where it is not the one judged by. ``unread`` are rejected policies that stay, of which
    nothing is proven. ``not_covered`` are stated needs about no covered workload, which are not proven either.
    """

    options: Options
    text: str
    drafts: tuple[Draft, ...]
    needs: tuple[Need, ...]
    covered: Covered
    removed: tuple[ObjectRef, ...]
    questions: tuple[Question, ...]
    not_kept: tuple[NotKept, ...]
    twins: tuple[LeftOut, ...]
    proof: Proof | None
    other_engine: str = ""
    unread: tuple[ObjectRef, ...] = ()
    not_covered: tuple[Need, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether every needed flow is proven, the stated ones among them."""
        return not self.not_covered and (self.proof is None or self.proof.holds)

    @property
    def removal(self) -> tuple[str, ...]:
        """The commands that take the present policies out, after the new ones are in."""
        return tuple(removal(self.removed))


def recommend(engine: Engine, options: Options, parse: Parse, locate: Locate) -> Recommendation:
    """The policies that the covered workloads need and no more, with their proof under the engine's profile.

    ``locate`` writes places into the comments. Raises ModelError for a namespace that is not in the input, a stated
    need that can't be read, and for more than FLOWS_UP_TO needed flows.
    """
    snapshot = engine.snapshot
    unknown = options.namespaces - snapshot.namespace_by_name.keys()
    if unknown:
        raise ModelError(f"no namespace {', '.join(sorted(unknown))} in the input")
    covered = cover(snapshot, options.namespaces)
    stated = parse_needs(options.needs, snapshot)
    needs, questions, not_kept = _collect(engine, options, covered, stated)
    if len(needs) > FLOWS_UP_TO:
        raise ModelError(
            f"{len(needs):,} flows are needed, more than the {FLOWS_UP_TO:,} that one recommendation takes: ask for "
            "some namespaces at a time"
        )
    selectors = PodSelectors(snapshot)
    drafts = draft(snapshot, covered, selectors, needs, questions)
    removed = _removed(snapshot, options, covered)
    twins = tuple(_twins(covered, selectors))
    text, proof, other = "", None, other_engine(engine)
    if drafts:
        text = write_policies(drafts, _head(options, covered, removed, engine.profile, other), locate)
        changed = edited(snapshot, PolicyEdit(tuple(parse(text)), removed))
        after = compile_engine(changed, engine.profile)
        with_assumed = _with_assumed(changed, needs)
        assumed = after if with_assumed is changed else compile_engine(with_assumed, engine.profile)
        proof = prove(engine, after, assumed, covered, needs)
    unread = tuple(p.ref for p in _unread(snapshot, options, covered))
    return Recommendation(
        options,
        text,
        drafts,
        needs,
        covered,
        removed,
        questions,
        not_kept,
        twins,
        proof,
        other,
        unread,
        tuple(need for need in stated if not _is_about(need, covered)),
    )


def _collect(
    engine: Engine, options: Options, covered: Covered, parsed: Sequence[Need]
) -> tuple[tuple[Need, ...], tuple[Question, ...], tuple[NotKept, ...]]:
    snapshot, today = engine.snapshot, Today(engine)
    services = service_views(snapshot)
    dns = find_dns(snapshot, services, covered)
    stated = [need for need in parsed if _is_about(need, covered)]
    present = kept(today, covered.workloads, frozenset(covered.namespaces), {(n.src, n.dst) for n in stated})
    found: list[Need | Question] = [
        *routed(snapshot, services, covered),
        *arriving(today, services, covered, stated),
        *api_server(snapshot, covered, options.api_server),
    ]
    needs: Iterable[Need] = (*(f for f in found if isinstance(f, Need)), *present.needs, *stated)
    for end, ports, _ in dns.servers:
        needs = without(needs, end, dns.workloads, ports)
    questions = (
        *(f for f in found if isinstance(f, Question)),
        *dns.questions,
        *_unused(parsed, covered),
        *not_meant(stated, snapshot),
        *present.questions,
        *_rejected(snapshot, options, covered),
        *_other_kinds(snapshot),
        *_unknowable(snapshot),
    )
    return merged((*dns.needs(covered), *needs)), questions, present.not_kept


def _unused(stated: Iterable[Need], covered: Covered) -> Iterator[Question]:
    for need in stated:
        if not _is_about(need, covered):
            text = f"the stated need {need} is about no workload that this recommendation covers: it is not proven here"
            yield Question(text, "Leave it out, or cover the namespace of one of its ends.")


def _is_about(need: Need, covered: Covered) -> bool:
    return any(_is_covered(end, covered) for end in (need.src, need.dst))


def _is_covered(end: object, covered: Covered) -> bool:
    if isinstance(end, PodGroup):
        return end.namespace in covered.namespaces
    return isinstance(end, ObjectRef) and end in covered.workloads


def _rejected(snapshot: Snapshot, options: Options, covered: Covered) -> Iterator[Question]:
    for policy in _unread(snapshot, options, covered):
        text = f"{policy.ref} could not be read as the API server reads it: what it permits stays open beside these"
        yield Question(
            text, "Mend it or take it out; the page Input and standard error say what is wrong.", source=policy.source
        )


def _unread(snapshot: Snapshot, options: Options, covered: Covered) -> Iterator[RejectedPolicy]:
    """The rejected policies that may govern the covered namespaces and stay."""
    for policy in snapshot.rejected_policies:
        if policy.namespace in ("", *covered.namespaces) and not (options.replace and _goes(policy.ref, covered)):
            yield policy


def _other_kinds(snapshot: Snapshot) -> Iterator[Question]:
    kinds = (snapshot.cluster_policies, snapshot.calico_policies, snapshot.cilium_policies)
    counts = Counter(policy.ref.kind for policies in kinds for policy in policies)
    if counts:
        told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(counts.items()))
        yield Question(
            f"policies of other kinds than NetworkPolicy are in the input ({told}): their rules are not read as needs",
            "State the needed flows that they permit as NAMESPACE/WORKLOAD=NAMESPACE/WORKLOAD:PORT.",
        )


def _unknowable(snapshot: Snapshot) -> Iterator[Question]:
    if unread := snapshot.unread_text():
        yield Question(
            f"these kinds were not read, and with them whatever flows they would show to be needed: {unread}",
            "Let the login list them and read the cluster again, or state the needs; do not apply the policies before.",
        )
    yield Question(
        "who calls whom inside the cluster is not in manifests: environment values and arguments, which may name "
        "Services, are dropped while reading; neither is whether metrics are scraped",
        "State each need as NAMESPACE/WORKLOAD=NAMESPACE/WORKLOAD:PORT, as observed in the running cluster.",
    )
    called = [
        k
        for k in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService")
        if snapshot.other_kinds.get(k)
    ]
    if called:
        yield Question(
            f"the input has objects of kind {', '.join(called)}, by which the API server calls pods; they are not read",
            "State the way in for those pods: API_SERVER_PREFIX=NAMESPACE/WORKLOAD:PORT.",
        )


def _goes(ref: ObjectRef, covered: Covered) -> bool:
    """Whether ``replace`` takes a policy out; one that is called by its place has no name to delete it by."""
    return ref.kind == "NetworkPolicy" and ref.namespace in covered.namespaces and bool(_NAME.fullmatch(ref.name))


def _removed(snapshot: Snapshot, options: Options, covered: Covered) -> tuple[ObjectRef, ...]:
    if not options.replace:
        return ()
    read, unread = (p.ref for p in snapshot.network_policies), (p.ref for p in snapshot.rejected_policies)
    return tuple(dict.fromkeys(ref for ref in (*read, *unread) if _goes(ref, covered)))


def _twins(covered: Covered, selectors: PodSelectors) -> Iterator[LeftOut]:
    for ref, workload in covered.workloads.items():
        others = selectors.of(workload).others
        if others:
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            named = ", ".join(map(str, others[:3])) + more
            yield LeftOut(str(ref), f"its labels do not tell it from {named}: what it needs, they get too")


def _head(
    options: Options, covered: Covered, removed: Sequence[ObjectRef], chosen: EngineProfile, other: str
) -> Iterator[str]:
    if other:
        yield other
    yield f"Least-privilege NetworkPolicies for {', '.join(covered.namespaces)}."
    yield f"Judged {judged_by(chosen)} (engine {chosen.id}): what is proven of these policies is so for that engine."
    yield "Each rule says why it is there. From a pod's own node, as by a kubelet's probes, it is always reached."
    if not options.replace:
        yield "Present NetworkPolicies stay beside these: what they permit stays open."
    elif removed:
        yield "Afterwards take the present NetworkPolicies out:"
        for line in removal(removed):
            yield f"  {line}"


def _with_assumed(snapshot: Snapshot, needs: Iterable[Need]) -> Snapshot:
    """With a pod for each group of pods that a need names and that the input does not show, so that it can be judged.

    Only where such a pod is an end of a need is it ever asked about.
    """
    groups = dict.fromkeys(
        end
        for need in needs
        for end in (need.src, need.dst)
        if isinstance(end, PodGroup) and end.namespace != EVERYWHERE
    )
    assumed = [_assumed(group) for group in groups if not _is_there(snapshot, group)]
    if not assumed:
        return snapshot
    names = {w.namespace for w in assumed} - snapshot.namespace_by_name.keys()
    namespaces = (Namespace(name, {METADATA_NAME_LABEL: name}) for name in sorted(names))
    return replace(
        snapshot,
        workloads=(*snapshot.workloads, *assumed),
        namespaces=(*snapshot.namespaces, *namespaces),
    )


def _is_there(snapshot: Snapshot, group: PodGroup) -> bool:
    """Whether a workload has the labels, be it on its node's network; of all pods of a namespace only others count."""
    return any(
        w.endpoints
        and (group.labels or not w.host_network)
        and all(p.labels.get(k) == v for p in w.endpoints for k, v in group.labels)
        for w in snapshot.workloads_by_namespace.get(group.namespace, ())
    )


def _assumed(group: PodGroup) -> Workload:
    source = Source("", 0)
    ref = ObjectRef(group.namespace, group.labels[0][1] if group.labels else "pods", "assumed")
    pod = Pod(ref, source, labels=dict(group.labels), from_template=True)
    return Workload(ref, source, (pod,))
