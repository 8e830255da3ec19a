"""Everything that was read becomes one Snapshot and the Problems with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lib.loaders.collected import Collected
from lib.loaders.collector import without_collector
from lib.loaders.coverage import ListContent, infer_coverage, with_statements
from lib.loaders.documents import RawObject
from lib.loaders.folding import fold
from lib.loaders.kinds import CILIUM_POLICY_KINDS, CLUSTER_POLICY_KINDS, called
from lib.loaders.lost_policies import rejected
from lib.loaders.manifests import LoadCancelled, ReadResult
from lib.loaders.near_kinds import near_kind
from lib.loaders.parse import (
    KIND_READERS,
    POLICY_KINDS,
    Controller,
    Session,
    is_own_group,
    parse_object,
)
from lib.loaders.parse.metadata import DEFAULT_NAMESPACE, rough_ref
from lib.loaders.parse.session import quote
from lib.model.calico_names import BUILT_IN_TIERS, CALICO_NETWORK_POLICY
from lib.model.cluster import METADATA_NAME_LABEL, Namespace, Node, Pod
from lib.model.labels import EVERYTHING
from lib.model.policies import NetworkPolicy, RejectedPolicy
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Gateway, GatewayClass, GatewayRoute, Ingress, IngressClass, ReferenceGrant
from lib.model.services import EndpointSlice, Service
from lib.model.snapshot import Coverage, SecretInfo, Snapshot

if TYPE_CHECKING:
    from lib.model.calico_policies import CalicoProfile, CalicoTier

_STEP: Final = 2000
_KINDS_BY_LOWER: Final = {kind.lower(): kind for kind in KIND_READERS}
_CALICO_KINDS: Final = (CALICO_NETWORK_POLICY, "GlobalNetworkPolicy")
_STAGED_KINDS: Final = ("StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy")
_SET_KINDS: Final = ("NetworkSet", "GlobalNetworkSet")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A Snapshot and everything that went amiss on the way to it, in the order of the input."""

    snapshot: Snapshot
    problems: tuple[Problem, ...] = ()


def assemble(
    read: ReadResult,
    *,
    title: str,
    assume_complete: bool = False,
    coverage: Mapping[str, Coverage] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Loaded:
    """Parse and join everything that was read.

    ``assume_complete``: the person says that this is the whole cluster. ``coverage`` is what a live loader knows
    better than the inference from lists; it counts for the kinds that it names. ``progress`` is told objects done,
    objects in all and the kind at hand, every few thousand objects. Raises LoadCancelled when ``cancelled`` says so.
    """
    session = Session()
    collected = Collected()
    with without_collector():
        _take_all(session, collected, read, progress, cancelled)
        for policy in read.rejected_policies:
            collected.counts[policy.ref.kind] += 1
            collected.reject(policy)
        return _joined(session, collected, read, title, assume_complete, coverage)


def _take_all(
    session: Session,
    collected: Collected,
    read: ReadResult,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    total = len(read.objects)
    for index, raw in enumerate(read.objects):
        if index % _STEP == 0:
            if cancelled is not None and cancelled():
                raise LoadCancelled
            if progress is not None:
                progress(index, total, raw.kind)
        _take(session, collected, _called(raw))
    if progress is not None and total:
        progress(total, total, "")


def _joined(
    session: Session,
    collected: Collected,
    read: ReadResult,
    title: str,
    assume_complete: bool,
    coverage: Mapping[str, Coverage] | None,
) -> Loaded:
    scopes = {kind: reader.namespaced for kind, reader in KIND_READERS.items()}
    found = infer_coverage(
        scopes,
        collected.counts.keys(),
        _lists(read, collected),
        damaged=collected.damaged,
        assume_complete=assume_complete,
    )
    found.update(with_statements(found, (statement.coverage for statement in read.statements), assume_complete))
    found.update(coverage or {})
    for kind in collected.damaged:
        # The list was complete, but "missing" might be said of just the object that was not taken over.
        if not assume_complete and found.get(kind) is Coverage.COMPLETE:
            found[kind] = Coverage.PARTIAL
    _settle_tiers(session, collected)
    snapshot = _snapshot(read, collected, title, found)
    return Loaded(snapshot, (*read.problems, *session.problems, *session.closing()))


def _called(raw: RawObject) -> RawObject:
    """The object under the name that its kind has here."""
    kind = called(raw.api_version, raw.kind)
    return raw if kind == raw.kind else RawObject(raw.obj, raw.source, raw.api_version, kind)


def _take(session: Session, collected: Collected, raw: RawObject) -> None:
    reader = collected.reader(raw)
    if reader is None:
        _count_other(session, collected, raw)
        return
    collected.counts[raw.kind] += 1
    parsed = parse_object(session, raw, reader)
    if parsed is None:
        collected.damaged.add(raw.kind)
    elif isinstance(parsed, RejectedPolicy):
        collected.reject(parsed)
    else:
        ref = parsed[0].ref if isinstance(parsed, tuple) else _ref(parsed, raw.kind)
        members = collected.by_kind.setdefault(raw.kind, {})
        if ref in members:
            _report_twice(session, ref, collected.raws[ref], raw)
        members[ref] = parsed
        collected.raws[ref] = raw
        collected.namespaces.add(ref.namespace)


def _ref(parsed: Any, kind: str) -> ObjectRef:
    ref = getattr(parsed, "ref", None)
    return ref if isinstance(ref, ObjectRef) else ObjectRef("", parsed.name, kind)


def _count_other(session: Session, collected: Collected, raw: RawObject) -> None:
    intended = _KINDS_BY_LOWER.get(raw.kind.lower())
    if intended is not None and intended != raw.kind and is_own_group(raw.api_version):
        ref = rough_ref(raw.obj, intended, KIND_READERS[intended].namespaced)
        message = f"{ref}: there is no kind {quote(raw.kind)} in {raw.api_version}; the object was not taken over"
        problem = Problem(Severity.ERROR, "unknown-kind", message, f"Write kind: {intended}.", raw.source, None, ref)
        session.add(problem)
        intended = called(raw.api_version, intended)
        if intended in POLICY_KINDS:
            collected.counts[intended] += 1
            collected.reject(rejected(ref.namespace, ref.name, raw.source, intended))
    elif (problem_of_kind := near_kind(raw)) is not None:
        session.add(problem_of_kind)
    collected.others[f"{raw.api_version} {raw.kind}".strip()] += 1
    metadata = raw.obj.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    if isinstance(namespace, str):
        collected.namespaces.add(namespace)


def _report_twice(session: Session, ref: ObjectRef, earlier: RawObject, later: RawObject) -> None:
    first = place(earlier.source)
    if earlier.obj == later.obj:
        message = f"{ref} stands twice, word for word, first in {first}"
        problem = Problem(Severity.INFO, "repeated-object", message, "Remove one of the two.", later.source, None, ref)
    else:
        message = f"{ref} stands twice with different contents, first in {first}; this later one counts"
        remedy = f"Keep the right one; the other place is {first}."
        severity = Severity.ERROR if _decides(ref, earlier) != _decides(ref, later) else Severity.WARNING
        problem = Problem(severity, "conflicting-objects", message, remedy, later.source, None, ref)
    session.add(problem)


def _decides(ref: ObjectRef, raw: RawObject) -> tuple[Any, ...]:
    """What of a policy or a Namespace decides flows; of two that differ in it one is lost, which may open anything."""
    if ref.kind in POLICY_KINDS:
        return raw.obj.get("spec"), raw.obj.get("specs")
    metadata = raw.obj.get("metadata")
    labels = metadata.get("labels") if ref.kind == "Namespace" and isinstance(metadata, dict) else None
    if not isinstance(labels, dict):
        return ()
    return tuple(sorted((str(k), str(v)) for k, v in labels.items() if k != METADATA_NAME_LABEL))


def place(source: Source) -> str:
    """A place as a sentence names it: the file, the document where there are several, the item of a list."""
    words = [source.file, f"document {source.document}"]
    if source.item >= 0:
        words.append(f"item {source.item + 1}")
    return ", ".join(words)


def _lists(read: ReadResult, collected: Collected) -> list[ListContent]:
    """The lists with what they held, joined by file and document."""
    contents = {
        (item.source.file, item.source.document): ListContent(
            called(item.api_version, item.kind), bool(item.resource_version)
        )
        for item in read.lists
    }
    if not contents:
        return []
    for raw in read.objects:
        if raw.source.item < 0:
            continue
        content = contents.get((raw.source.file, raw.source.document))
        if content is None:
            continue
        reader = collected.reader(raw)
        metadata = raw.obj.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        if content.kind == "List" and not content.from_server:
            server_keys = ("uid", "resourceVersion", "creationTimestamp")
            content.from_server = any(metadata.get(k) for k in server_keys) or bool(raw.obj.get("status"))
        if reader is None:
            namespace = metadata.get("namespace")
        else:
            content.kinds.add(called(raw.api_version, raw.kind))
            namespace = (metadata.get("namespace") or DEFAULT_NAMESPACE) if reader.namespaced else None
        if isinstance(namespace, str) and namespace:
            content.namespaces.add(namespace)
    return list(contents.values())


def _snapshot(read: ReadResult, collected: Collected, title: str, coverage: dict[str, Coverage]) -> Snapshot:
    controllers: dict[ObjectRef, Controller] = {}
    for members in collected.by_kind.values():
        controllers.update((ref, item) for ref, item in members.items() if isinstance(item, Controller))
    profiles: dict[str, CalicoProfile] = {p.ref.name: p for p in collected.all("Profile")}
    pods: Iterable[Pod] = collected.all("Pod")
    if "WorkloadEndpoint" in collected.by_kind:
        from lib.loaders.parse.calico_endpoints import pods_of

        pods = pods_of(pods, collected.all("WorkloadEndpoint"), profiles)
    workloads = fold(pods, controllers, coverage.get("Pod") is Coverage.COMPLETE)
    slices: list[EndpointSlice] = list(collected.all("EndpointSlice"))
    for several in collected.all("Endpoints"):
        slices.extend(several)
    services: Iterable[Service] = collected.all("Service")
    nodes: Iterable[Node] = collected.all("Node")
    policies: Iterable[NetworkPolicy] = collected.all("NetworkPolicy")
    calico, staged, network_sets = (collected.of(*kinds) for kinds in (_CALICO_KINDS, _STAGED_KINDS, _SET_KINDS))
    tiers: Iterable[CalicoTier] = collected.all("Tier")
    ingresses: Iterable[Ingress] = collected.all("Ingress")
    classes: Iterable[IngressClass] = collected.all("IngressClass")
    gateway_classes: Iterable[GatewayClass] = collected.all("GatewayClass")
    gateways: Iterable[Gateway] = collected.all("Gateway")
    grants: Iterable[ReferenceGrant] = collected.all("ReferenceGrant")
    secrets: Iterable[SecretInfo] = collected.all("Secret")
    routes: list[GatewayRoute] = []
    for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"):
        routes.extend(collected.all(kind))
    return Snapshot(
        title=title,
        content_hash=read.content_hash,
        files=tuple(read.files),
        namespaces=_namespaces(collected),
        nodes=tuple(sorted(nodes, key=lambda n: n.name)),
        workloads=workloads,
        services=_by_ref(services),
        endpoint_slices=tuple(sorted(slices, key=lambda s: (s.ref, s.source))),
        network_policies=_by_ref(policies),
        rejected_policies=tuple(sorted(collected.rejected, key=lambda p: (p.ref, p.source))),
        rejected_hosts=tuple(sorted(collected.rejected_hosts, key=lambda p: (p.ref, p.source))),
        cluster_policies=_by_ref(collected.of(*CLUSTER_POLICY_KINDS)),
        cilium_policies=_by_ref(collected.of(*CILIUM_POLICY_KINDS)),
        cidr_groups=_by_ref(collected.all("CiliumCIDRGroup")),
        local_redirects=_by_ref(collected.all("CiliumLocalRedirectPolicy")),
        calico_policies=_by_ref(calico),
        staged_policies=_by_ref(staged),
        calico_tiers=_by_ref(tiers),
        network_sets=_by_ref(network_sets),
        host_endpoints=_by_ref(collected.all("HostEndpoint")),
        calico_profiles=_by_ref(profiles.values()),
        service_accounts=_by_ref(collected.all("ServiceAccount")),
        ingresses=_by_ref(ingresses),
        ingress_classes=tuple(sorted(classes, key=lambda c: c.name)),
        gateway_classes=tuple(sorted(gateway_classes, key=lambda c: c.name)),
        gateways=_by_ref(gateways),
        gateway_routes=_by_ref(routes),
        reference_grants=_by_ref(grants),
        secrets=_by_ref(secrets),
        config_maps=_by_ref(collected.all("ConfigMap")),
        coverage=coverage,
        other_kinds=dict(sorted(collected.others.items())),
        object_counts={kind: collected.counts[kind] for kind in KIND_READERS if collected.counts[kind]},
    )


def _settle_tiers(session: Session, collected: Collected) -> None:
    """Reject Calico policies whose tier is not in the input: nobody knows whom they come before, nor how it ends."""
    known = {*BUILT_IN_TIERS, *(tier.ref.name for tier in collected.all("Tier"))}
    for kind in _CALICO_KINDS:
        for policy in collected.of(kind):
            if policy.tier not in known:
                message = f"{policy.ref}: its tier {quote(policy.tier)} is not in the input, so its place is not known"
                remedy = "Add the Tier to the input: kubectl get tiers.projectcalico.org -o yaml."
                place = policy.source.at("spec", "tier")
                session.add(Problem(Severity.ERROR, "tier-not-supplied", message, remedy, place, None, policy.ref))
                del collected.by_kind[kind][policy.ref]
                everything = RejectedPolicy(policy.ref, policy.source, policy.namespace, EVERYTHING, policy.directions)
                collected.reject(everything)


def _by_ref(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: item.ref))


def _namespaces(collected: Collected) -> tuple[Namespace, ...]:
    """Every namespace that an object stands in; one without an object of its own has only the server's label."""
    found = {n.name: n for n in collected.all("Namespace")}
    for name in collected.namespaces:
        if name and name not in found:
            found[name] = Namespace(name, {METADATA_NAME_LABEL: name})
    return tuple(found[name] for name in sorted(found))
