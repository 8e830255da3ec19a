"""The analyses that pages show: each made once for an input, and once more for each way of filtering it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import streamlit as st

from lib.azure.destinations import Choice, destinations
from lib.azure.services import service_views_on_azure
from lib.checks.run import run_checks
from lib.exposure import ExposedTo, exposures
from lib.exposure import exposed_to as open_to
from lib.exposure.internet import ToInternet, to_internet
from lib.exposure.required import Reach
from lib.exposure.required import required_reach as reach_of_required
from lib.facts import today
from lib.facts.engine_settings import engine_settings
from lib.flows import FlowRow, NamespaceMatrix, flow_rows, namespace_matrix
from lib.graph.flows import OpenEnds, open_ends
from lib.lint import LintFinding, LintReport, examine
from lib.loaders.policy_text import read_policies
from lib.model.errors import ModelError
from lib.model.finding import Finding
from lib.model.refs import ObjectRef, Source
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import DetectedEngine, EngineProfile, detect_engine, profile, profiles
from lib.policy.selections import Selections
from lib.policy.selections import selections as policy_selections
from lib.routing.entry_points import EntryPoint, entry_points
from lib.routing.route_view import RouteView
from lib.routing.routes import ingress_backends, route_views
from lib.routing.services import ServiceView
from lib.scenario.recommendation import Options, Recommendation, StatedNeedsError, recommend
from lib.tables.exposure import exposed_to_rows, exposure_rows
from lib.tables.row import Locate, Row
from lib.tables.workloads import unisolated_rows
from lib.ui.page_context import PageContext
from lib.ui.text import plain

AUTOMATIC: Final = "default"
FLOW_ROWS_UP_TO: Final = 100_000


def locate(page: PageContext) -> Locate:
    """Sources of this input as ``file:line``; "" for None."""

    def place(source: Source | None) -> str:
        return page.documents.file_line(source) if source is not None else ""

    return place


def shows(page: PageContext, ref: ObjectRef) -> bool:
    """Whether an object is shown: by its own labels, or as it leads to a workload that is, or selects one."""
    selected = selections(page).get(ref) if not page.view.labels.is_everything else None
    if selected is not None:
        return page.view.shows_namespace(ref.namespace) and any(page.view.labels.matches(w.labels) for w in selected)
    if page.shows(ref):
        return True
    if page.view.labels.is_everything or not page.view.shows_namespace(ref.namespace):
        return False
    return ref in page.cached(("leading", page.view.labels), lambda: _leading(page))


def _leading(page: PageContext) -> frozenset[ObjectRef]:
    """Services, Ingresses, Gateways and routes with a workload behind them that has the labels."""
    matching = {w.ref for w in page.snapshot.workloads if page.view.labels.matches(w.labels)}
    found = {v.ref for v in all_services(page) if any(w.ref in matching for w in v.workloads)}
    for route in all_routes(page):
        if any(w.ref in matching for w in route.backend.workloads):
            found |= {route.route, route.gateway or route.route}
    return frozenset(found)


def all_services(page: PageContext) -> tuple[ServiceView, ...]:
    """Every Service, filtered or not."""
    return page.cached(("services",), lambda: service_views_on_azure(page.snapshot))


def services(page: PageContext) -> tuple[ServiceView, ...]:
    """The Services that the filter shows."""
    return tuple(v for v in all_services(page) if shows(page, v.ref))


def all_doors(page: PageContext) -> tuple[EntryPoint, ...]:
    """Every way in from outside."""
    return page.cached(("doors",), lambda: entry_points(page.snapshot, all_services(page)))


def doors(page: PageContext) -> tuple[EntryPoint, ...]:
    """The ways in that lead to what the filter shows."""
    return tuple(d for d in all_doors(page) if shows(page, d.subject))


def all_routes(page: PageContext) -> tuple[RouteView, ...]:
    """Every route of both APIs."""
    return page.cached(("routes", today.today()), lambda: route_views(page.snapshot, all_services(page), today.today()))


def routes(page: PageContext) -> tuple[RouteView, ...]:
    """The routes that the filter shows, by the labels of their Ingress or route."""
    return tuple(r for r in all_routes(page) if shows(page, r.route))


def all_findings(page: PageContext) -> tuple[Finding, ...]:
    """What is wrong with any object, the worst first."""
    return page.cached(
        ("findings", today.today()),
        lambda: run_checks(
            page.snapshot,
            services=all_services(page),
            routes=all_routes(page),
            engine=engine(page, "kubernetes"),
            day=today.today(),
        ),
    )


def findings(page: PageContext) -> tuple[Finding, ...]:
    """What is wrong with the objects that the filter shows, the worst first."""
    return tuple(f for f in all_findings(page) if shows(page, f.subject))


def unisolated(page: PageContext, choice: str = AUTOMATIC) -> tuple[Sequence[Row], int]:
    """The shown workloads that no policy isolates in some direction, and how many workloads are shown at all.

    By the policies in the input, whether or not anything enforces them.
    """
    chosen = engine(page, choice)
    rows = page.cached(("unisolated", chosen.profile.id), lambda: unisolated_rows(chosen, locate(page)))
    shown = {w.ref for w in page.workloads if w.endpoints}
    return [r for r in rows if workload_of(r) in shown], len(shown)


def policies_are_read(page: PageContext, choice: str = AUTOMATIC) -> bool:
    """Whether the server gave every kind of policies that could isolate a workload."""
    return not engine(page, choice).perhaps_governed


def workload_of(row: Row) -> ObjectRef:
    """The workload that a row of these lists is about."""
    return ObjectRef(str(row["namespace"]), str(row["workload"]), str(row["kind"]))


def detected(page: PageContext) -> DetectedEngine:
    """The policy engine that the input shows."""
    return page.cached(("detected-engine",), lambda: detect_engine(page.snapshot))


def engine_ids() -> tuple[str, ...]:
    """The choices of an engine, the default first."""
    return (AUTOMATIC, *(p.id for p in profiles()))


def profile_of(page: PageContext, choice: str) -> EngineProfile:
    """The profile that a choice means.

    The default is the command line's, the API's own words, so that both show the same; only where the input shows that
    nothing enforces policies, everything is open.
    """
    nothing = detected(page).name == "none"
    name = choice if choice != AUTOMATIC else "none" if nothing else "kubernetes"
    return profile(name)


def engine(page: PageContext, choice: str = AUTOMATIC) -> Engine:
    """The compiled policies under a choice of engine."""
    chosen = profile_of(page, choice)
    return page.cached(("engine", chosen.id), lambda: compile_engine(page.snapshot, chosen))


def unread_of_flows(page: PageContext, *engines: str) -> tuple[str, ...]:
    """The kinds that were not read; ConfigMaps count where they hold settings of one of ``engines``."""
    of_settings = {each.engine for each in engine_settings()} & {profile_of(page, each).id for each in engines}
    return tuple(kind for kind in page.snapshot.unread() if kind != "ConfigMap" or of_settings)


def matrix(page: PageContext, choice: str = AUTOMATIC) -> NamespaceMatrix:
    """The namespaces that the filter shows, by each other; with a label filter only the matching workloads count."""
    chosen = engine(page, choice)
    names = page.view.namespaces or None
    matching = None if page.view.labels.is_everything else frozenset(w.ref for w in page.workloads)
    return page.cached(("matrix", chosen.profile.id, page.view), lambda: namespace_matrix(chosen, names, matching))


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows that are listed; ``cut`` where there are more than can be shown."""

    rows: tuple[FlowRow, ...]
    cut: bool
    ends: OpenEnds


def flows(page: PageContext, choice: str = AUTOMATIC) -> Flows:
    """The flows with an end that the filter shows."""
    chosen = engine(page, choice)
    names = page.view.namespaces or None
    found = page.cached(("flows", chosen.profile.id, names), lambda: _flows(page, chosen, names))
    if page.view.labels.is_everything:
        return found
    rows = tuple(r for r in found.rows if any(ref is not None and page.shows(ref) for ref in (r.src_ref, r.dst_ref)))
    return Flows(rows, found.cut, found.ends)


def _flows(page: PageContext, chosen: Engine, names: frozenset[str] | None) -> Flows:
    backends = ingress_backends(page.snapshot, all_services(page))
    rows: list[FlowRow] = []
    for row in flow_rows(chosen, backends, names):
        if len(rows) == FLOW_ROWS_UP_TO:
            return Flows(tuple(rows), True, open_ends(chosen))
        rows.append(row)
    return Flows(tuple(rows), False, open_ends(chosen))


def exposure(page: PageContext, choice: str = AUTOMATIC) -> list[Row]:
    """How open each shown workload is, the most exposed first."""
    chosen = engine(page, choice)
    rows = page.cached(("exposure", chosen.profile.id), lambda: exposure_rows(exposures(chosen), locate(page)))
    shown = {w.ref for w in page.workloads}
    return [r for r in rows if workload_of(r) in shown]


def recommendation(page: PageContext, choice: str, options: Options) -> Recommendation:
    """The recommended policies; stops the page with the reason where it can't be answered as asked."""
    chosen = engine(page, choice)

    def build() -> Recommendation | ModelError:
        try:
            return recommend(chosen, options, read_policies, locate(page))
        except ModelError as error:
            return error

    with st.spinner("Putting the policies together and proving them", show_time=True):
        found = page.cached(("recommendation", chosen.profile.id, options), build)
    if isinstance(found, ModelError):
        faults = found.faults if isinstance(found, StatedNeedsError) else (str(found),)
        st.error("  \n".join(plain(fault, 900) for fault in faults), icon=":material/error:")
        st.stop()
    return found


def lint_report(page: PageContext, choice: str = AUTOMATIC) -> LintReport:
    """Every policy and rule that does nothing, filtered or not."""
    chosen = engine(page, choice)
    return page.cached(("lint", chosen.profile.id), lambda: examine(chosen))


def lint(page: PageContext, choice: str = AUTOMATIC) -> tuple[LintFinding, ...]:
    """The findings of the lint about policies that the filter shows."""
    return tuple(f for f in lint_report(page, choice).findings if shows(page, f.place.policy))


EXPOSED_TO_UP_TO: Final = 5_000


@dataclass(frozen=True, slots=True)
class OpenTo:
    """The ends beyond the input that are listed, each with its row; ``cut`` where there are more than can be shown."""

    ends: tuple[ExposedTo, ...]
    rows: tuple[Row, ...]
    cut: bool


def exposed_to(page: PageContext, choice: str = AUTOMATIC) -> OpenTo:
    """To whom each shown workload is open beyond the pods of the input."""
    chosen = engine(page, choice)
    names = page.view.namespaces or None
    found = page.cached(("exposed-to", chosen.profile.id, names), lambda: _exposed_to(page, chosen, names))
    shown = {w.ref for w in page.workloads}
    kept = [(e, r) for e, r in zip(found.ends, found.rows, strict=True) if e.workload in shown]
    return OpenTo(tuple(e for e, _ in kept), tuple(r for _, r in kept), found.cut)


def _exposed_to(page: PageContext, chosen: Engine, names: frozenset[str] | None) -> OpenTo:
    found = tuple(islice(open_to(chosen, names), EXPOSED_TO_UP_TO + 1))
    listed = found[:EXPOSED_TO_UP_TO]
    return OpenTo(listed, tuple(exposed_to_rows(listed, locate(page))), len(found) > EXPOSED_TO_UP_TO)


def selections(page: PageContext) -> Selections:
    """The workloads that each policy selects, whatever engine is chosen."""
    return page.cached(("selections",), lambda: policy_selections(engine(page, "kubernetes")))


def policies_on(page: PageContext, ref: ObjectRef) -> Sequence[ObjectRef]:
    """The policies that select a workload."""
    return tuple(policy for policy, workloads in selections(page).items() if any(w.ref == ref for w in workloads))


def side_doors(points: Iterable[EntryPoint]) -> tuple[EntryPoint, ...]:
    """The doors that stand beside load balancers, Ingresses and Gateways."""
    main = {"load balancer", "ingress", "gateway"}
    return tuple(p for p in points if p.kind.value not in main)


def required_reach(page: PageContext, choice: str, chosen: Choice) -> tuple[Reach, ...]:
    """Which pods reach the destinations that the cluster needs, filtered or not."""
    found = engine(page, choice)
    return page.cached(("required", found.profile.id, chosen), lambda: reach_of_required(found, destinations(chosen)))


def internet(page: PageContext, choice: str = AUTOMATIC) -> tuple[ToInternet, ...]:
    """Which shown workloads may connect to the Internet."""
    chosen = engine(page, choice)
    found = page.cached(("internet", chosen.profile.id), lambda: to_internet(chosen))
    shown = {w.ref for w in page.workloads}
    return tuple(row for row in found if row.workload in shown)
