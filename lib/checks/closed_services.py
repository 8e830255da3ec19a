"""Ports of Services that the policies close to everybody; most often a rule names the Service's port for the pods'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lib.checks.arrivals import Spot, answers_hold, classes_of_pods, entered, every_end, is_settled, spots_of
from lib.checks.context import Context
from lib.checks.policy_checks import check_policy_subjects
from lib.flows.ingress import some_pod_may_enter
from lib.model.finding import Finding, finding
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import union
from lib.policy.engine import Engine
from lib.policy.rules import Action, CompiledPolicy, CompiledRule
from lib.routing.target_ports import PortView

_NAMED = 3


def check_closed_ports(context: Context) -> Iterator[Finding]:
    """A port of a Service on which no end may reach any of its pods, but for their own node.

    A closed port beside open ones may be meant so (a monitor, a port for members), unless a rule names the Service's
    port in its place. Where a policy that selects nothing would permit it, that policy's finding tells the cause.
    """
    engine = context.engine
    if not answers_hold(engine):
        return
    classes = classes_of_pods(engine)
    governed = engine.governed(Direction.INGRESS)
    ports = {v.ref: [(p, s) for p in v.ports if (s := spots_of(engine, classes, p))] for v in context.services}
    # Where no policy denies anything, every outside address gets through.
    closable = {spot for found in ports.values() for _, spots in found for spot in spots if governed >> spot.number & 1}
    closed = frozenset(closable) - entered(engine, every_end(engine), closable)
    known = _callers_known(context)
    void = {f.subject for f in check_policy_subjects(context)} if closed else set()
    for view in context.services:
        shut = [(port, spots) for port, spots in ports[view.ref] if spots <= closed]
        for port, spots in shut:
            if not is_settled(engine, spots) or not (known or not _lets_pods_in(engine, spots)):
                continue
            mistaken = _naming_own_port(engine, port, spots)
            if mistaken or (len(shut) == len(ports[view.ref]) and not _meant(engine, void, view.ref, spots)):
                isolating = isolating_policies(engine, spots)
                yield finding(
                    "service-blocked-by-policies",
                    view.ref,
                    port.port.source or view.service.source,
                    port=port.port.port,
                    target=f"{_numbers(port)}/{port.port.protocol.value}",
                    policies=listed(p.ref for p in isolating),
                    isolate="isolates" if len(isolating) == 1 else "isolate",
                    instead=_instead(engine, port, spots, mistaken),
                )


def _callers_known(context: Context) -> bool:
    """Whether all pods are in the input, those that come and go included: no workload is without any."""
    return context.snapshot.is_complete("Pod", "Namespace") and all(w.endpoints for w in context.snapshot.workloads)


def _lets_pods_in(engine: Engine, spots: Iterable[Spot]) -> bool:
    return any(some_pod_may_enter(engine, spot.number, spot.port) for spot in spots)


def _meant(engine: Engine, void: Collection[ObjectRef], service: ObjectRef, spots: Iterable[Spot]) -> bool:
    """Whether a policy of the namespace that selects no pod names one of the ports."""
    wanted = union(spot.port for spot in spots)
    return any(
        ports.mask & wanted
        for policy in engine.policies
        if policy.ref in void and policy.ref.namespace == service.namespace
        for rule in policy.rules
        if rule.direction is Direction.INGRESS
        for ports in rule.ports
    )


def _rules(engine: Engine, spots: Iterable[Spot]) -> list[CompiledRule]:
    """The ingress rules that allow something, of the policies that isolate the pods."""
    isolating = isolating_policies(engine, spots)
    return [r for policy in isolating for r in policy.rules_for(Direction.INGRESS) if r.action is Action.ALLOW]


def _naming_own_port(engine: Engine, port: PortView, spots: Collection[Spot]) -> list[CompiledRule]:
    """The rules that permit the Service's port, where none permits the pods'."""
    rules = _rules(engine, spots)
    own = engine.spaces.port_mask(port.port.protocol, port.port.port)
    if any(rule.mask_at(spot.number) & spot.port for rule in rules for spot in spots):
        return []
    return [rule for rule in rules if any(rule.mask_at(spot.number) & own for spot in spots)]


def isolating_policies(engine: Engine, spots: Iterable[Spot]) -> list[CompiledPolicy]:
    """The policies that isolate some of the pods for ingress or deny them something, first asked first."""
    found = {
        policy.ref: policy
        for number in dict.fromkeys(spot.number for spot in spots)
        for stage in engine.stages_about(number)
        for policy in stage.policies
        if policy.governs(Direction.INGRESS) >> number & 1
    }
    return list(found.values())


def listed(refs: Iterable[ObjectRef]) -> str:
    """``policy a/b`` or ``policies a/b, a/c, a/d and 2 more``, without repetition."""
    names = sorted({ref.qualified_name for ref in refs})
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{'policy' if len(names) == 1 else 'policies'} {', '.join(names[:_NAMED])}{more}"


def _numbers(port: PortView) -> str:
    return ", ".join(map(str, port.numbers))


def _instead(engine: Engine, port: PortView, spots: Collection[Spot], mistaken: Collection[CompiledRule]) -> str:
    """What the rules permit in place of the pods' port: the Service's own port, other ends, other ports, nothing."""
    if mistaken:
        permit = "permits" if len({rule.policy for rule in mistaken}) == 1 else "permit"
        return (
            f"{listed(rule.policy for rule in mistaken)} {permit} port {port.port.port}, the Service's own port; "
            f"policies see the pods' port {_numbers(port)}"
        )
    rules = _rules(engine, spots)
    here = [rule for rule in rules if any(rule.mask_at(spot.number) & spot.port for spot in spots)]
    if any(rule.peers | rule.possible_peers for rule in here):
        return f"whom {_who(here)} to it, other policies hold back"
    if here:
        return f"{_who(here)} to it nobody who is in the input"
    others = union(rule.mask_at(spot.number) for rule in rules for spot in spots)
    return f"permitted is only {engine.connections(others)}" if others else "nothing is permitted"


def _who(rules: Iterable[CompiledRule]) -> str:
    refs = {rule.policy for rule in rules}
    return f"{listed(refs)} {'admits' if len(refs) == 1 else 'admit'}"
