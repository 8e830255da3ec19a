"""The command ``trace``: a packet's hops, each with its verdict and the object and line that decided it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Final

from lib.cli.arguments import ENGINES
from lib.cli.cluster import inputs_of
from lib.cli.egress_arguments import NETWORK_MODELS, OUTBOUND_TYPES
from lib.cli.engine import engine_of
from lib.cli.errors import UsageError
from lib.cli.load import Input, load, names_of, problem_json
from lib.cli.output import write, write_rows
from lib.cli.security_rules import given_group
from lib.cli.trace_arguments import DATA_PLANES, TRAFFIC_POLICIES
from lib.model.errors import ModelError
from lib.model.problem import Problem
from lib.model.security_rules import Attachment
from lib.model.services import TrafficPolicy
from lib.model.sets import AddressSet
from lib.policy.engines import profile as profile_of
from lib.policy.judged import judged_sentence
from lib.policy.lost_ends import why_missing
from lib.tables.trace import hop_rows, placed, trace_json, verdict_text
from lib.trace.compare import KEYS, Profile, Side, read_profile, side_by_side
from lib.trace.context import Context, Given
from lib.trace.ends import read_goal, read_start
from lib.trace.hop import Hop, HopVerdict, Trace
from lib.trace.walk import trace

_DENIED: Final = 1
_SIGNS: Final = {"allowed": "✓", "denied": "✗", "depends": "◐", "unknown": "?", "taken for granted": "…"}
_NOTES: Final = 6
_VALUES: Final[Mapping[str, Sequence[str]]] = dict(
    zip(KEYS, (ENGINES, DATA_PLANES, NETWORK_MODELS, OUTBOUND_TYPES, TRAFFIC_POLICIES), strict=True)
)


def trace_command(arguments: argparse.Namespace) -> int:
    """The hops under the profile that was asked for, and beside it under the others."""
    try:
        others = [read_profile(text, _VALUES) for text in arguments.against]
    except ModelError as error:
        raise UsageError(f"--against: {error}") from None
    given, problems = _given(arguments)
    loaded = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    sides = [_side(arguments, loaded, given, profile) for profile in (Profile(), *others)]
    judged = judged_sentence(profile_of(arguments.engine), loaded.snapshot)
    match arguments.format:
        case "json":
            write([json.dumps(_json(sides, loaded, problems, judged), ensure_ascii=False, indent=1) + "\n"])
        case "text":
            write(_text(sides, loaded, judged))
        case _:
            rows = [{"profile": s.profile.label, **row} for s in sides for row in hop_rows(s.trace, loaded.locate)]
            write_rows(arguments.format, rows)
    loaded.report(problems)
    return max(loaded.exit_status, _DENIED if sides[0].trace.verdict is HopVerdict.DENIED else 0)


def _given(arguments: argparse.Namespace) -> tuple[Given, tuple[Problem, ...]]:
    existing, first = given_group(arguments.nsg or "", Attachment.NIC)
    subnet, second = given_group(arguments.subnet_nsg or "", Attachment.SUBNET)
    policy = arguments.traffic_policy
    return (
        Given(
            data_plane=arguments.data_plane or "",
            network_model=arguments.network_model or "",
            outbound_type=arguments.outbound_type or "",
            external_traffic_policy=TrafficPolicy(policy) if policy else None,
            virtual_network=_prefixes("--vnet", arguments.vnet),
            gateway_subnet=_prefixes("--gateway-subnet", arguments.gateway_subnet),
            local_dns=arguments.local_dns,
            existing=existing,
            subnet_group=subnet,
        ),
        (*first, *second),
    )


def _prefixes(option: str, texts: Sequence[str]) -> AddressSet | None:
    try:
        found = [ip_network(text, strict=False) for text in texts]
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    return AddressSet.from_networks(found) if found else None


def _side(arguments: argparse.Namespace, loaded: Input, given: Given, profile: Profile) -> Side:
    chosen = argparse.Namespace(**{**vars(arguments), "engine": profile.engine or arguments.engine})
    context = Context(engine_of(chosen, loaded), profile.given(given))
    try:
        start = read_start(arguments.src, loaded.snapshot)
        return Side(profile, trace(context, start, read_goal(arguments.dst, loaded.snapshot, start)))
    except ModelError as error:
        raise UsageError(why_missing(error, loaded.problems, loaded.place)) from None


def _json(sides: Sequence[Side], loaded: Input, problems: Sequence[Problem], judged: str) -> dict[str, object]:
    first, *others = sides
    return {
        "schema": "netatlas.trace/1",
        **trace_json(first.trace, loaded.locate),
        "judged": judged,
        "against": [
            {"profile": dict(side.profile.changes), **trace_json(side.trace, loaded.locate)} for side in others
        ],
        "problems": [problem_json(p, loaded.documents) for p in (*loaded.problems, *problems)],
    }


def _text(sides: Sequence[Side], loaded: Input, judged: str) -> Iterator[str]:
    first, *others = sides
    yield from _trace_text(first.trace, loaded)
    yield f"\n{judged}\n"
    if not others:
        return
    for side in sides:
        sign = _SIGNS[side.trace.verdict.value]
        yield f"\n{sign} {side.profile.label}: {side.trace.sentence}\n"
    for pairing in side_by_side(sides):
        if pairing.differs:
            over = f", over {pairing.family}" if pairing.family else ""
            yield f"\n{pairing.kind.value}{over}:\n"
            for side, hop in zip(sides, pairing.hops, strict=True):
                said = f"{_sign(hop)} {hop.reason}" if hop else "is not on the way, or is not reached"
                yield f"  {side.profile.label}: {said}\n"


def _trace_text(found: Trace, loaded: Input) -> Iterator[str]:
    yield f"{_SIGNS[found.verdict.value]} {found.sentence}\n"
    for way in found.by_family:
        if way.family:
            yield f"\nOver {way.family}: {_SIGNS[way.own_verdict.value]} {way.own_verdict.value}\n"
        yield from _way_text(way, loaded)


def _way_text(found: Trace, loaded: Input) -> Iterator[str]:
    stopped = found.stopped_at
    after = False
    for number, hop in enumerate(found.hops, 1):
        if after:
            yield "\n   The packet does not get here. If it did:\n"
            after, stopped = False, None
        yield from _hop_text(number, hop, loaded)
        after = hop is stopped


def _sign(hop: Hop) -> str:
    return _SIGNS[verdict_text(hop)]


def _hop_text(number: int, hop: Hop, loaded: Input) -> Iterator[str]:
    where = f"  ({placed(hop, loaded.locate)})" if hop.source is not None else ""
    yield f"\n{number:2} {_sign(hop)} {hop.kind.value}: {hop.subject}{where}\n"
    yield f"     {verdict_text(hop)}: {hop.reason}\n"
    for way in hop.ways:
        yield f"     {_SIGNS[way.verdict.value]} {way.label or 'else'}: {way.reason}\n"
    for decider in hop.deciders:
        place = f"{placed(decider, loaded.locate)}: " if decider.source is not None else ""
        rule = f" {decider.rule}" if decider.rule else ""
        yield f"     {place}{decider.name}{rule} {decider.effect}\n"
    if hop.source_after:
        yield f"     from then on the sender is seen as: {hop.source_after}\n"
    if hop.destination_after:
        yield f"     from then on it goes to: {hop.destination_after}\n"
    if hop.change:
        yield f"     would change it: {hop.change}\n"
    for note in hop.notes[:_NOTES]:
        yield f"     note: {note}\n"
    if len(hop.notes) > _NOTES:
        yield f"     and {len(hop.notes) - _NOTES} more notes; --format json lists them\n"
