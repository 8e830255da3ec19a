"""Every switch of the engine profiles changes a verdict, and each engine's answer is what its documentation says.

``Says`` holds the expected verdict with the source's own words; an unknown one, why no source settles it, which must
then stand in the answer too. Each switch is turned in a profile: the verdict changes, so nothing else decides it.
"""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from lib.facts.sources import source
from lib.flows.load_balancers import arrivals
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import EngineProfile, profile, profiles
from tests.policy.build import engine_of, rows_of
from tests.policy.switch_cases import CASES
from tests.policy.switch_same import SAME_FOR_ALL
from tests.policy.switch_words import Arrives, Case, Flow, balanced


def answer(engine: Engine, asked: Flow | Arrives) -> tuple[str, str]:
    """The verdict and the reason; the rows of all flows must say the same."""
    if isinstance(asked, Arrives):
        (found,) = arrivals(engine)
        return found.verdict, found.reason
    ends = parse_end(asked.src, engine.snapshot), parse_end(asked.dst, engine.snapshot)
    seen = engine.explain(*ends, asked.protocol, asked.port)
    names = tuple(f"{end}[Pod]" if end.startswith("shop/") else "" for end in (asked.src, asked.dst))
    if all(names):
        rows = [r for r in rows_of(engine) if (r.src, r.dst) == names]
        listed = {
            r.verdict.value for r in rows for p, ports in r.ports.ports if p is asked.protocol and asked.port in ports
        }
        assert listed == ({seen.verdict} - {"denied"})
    return seen.verdict, "; ".join(direction.reason for direction in seen.directions)


@pytest.mark.parametrize("engine_id", [p.id for p in profiles()])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.switch}: {case.says}")
def test_each_engine_answers_as_its_source_says(case: Case, engine_id: str) -> None:
    expected = {**case.answers, "none": case.none}[engine_id]
    assert source(expected.source)
    verdict, reason = answer(engine_of(*case.documents, profile=profile(engine_id)), case.asked)
    assert verdict == expected.verdict
    if verdict == "unknown":
        assert expected.words in reason


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.turned is not None or c.switch == "end_port_from"],
    ids=lambda case: f"{case.switch}: {case.says}",
)
def test_each_switch_changes_a_verdict(case: Case) -> None:
    base = profile(case.base)
    turned = replace(base, **{case.switch: case.turned})
    assert turned != base
    verdicts = [answer(engine_of(*case.documents, profile=p), case.asked)[0] for p in (base, turned)]
    assert verdicts[0] == case.answers[case.base].verdict
    assert verdicts[0] != verdicts[1]


INFORMING = {"id", "label", "bases", "cluster", "reader"}
"""What a profile says beside its switches."""


def test_every_switch_of_a_profile_has_a_case_that_turns_it() -> None:
    turned = {case.switch for case in CASES if case.turned is not None or case.switch == "end_port_from"}
    assert turned == {f.name for f in fields(EngineProfile)} - INFORMING


def test_every_answer_that_some_engine_gives_is_seen_at_work() -> None:
    """Of each switch, every answer of every profile decides a case above; answers that nothing shows are deleted."""
    for switch in {f.name for f in fields(EngineProfile)} - INFORMING:
        given = {getattr(p, switch) for p in profiles() if p.enforces}
        shown = {getattr(profile(i), switch) for case in CASES if case.switch == switch for i in case.answers}
        assert given <= shown, switch


@pytest.mark.parametrize("engine_id", ["kubernetes", "azure-npm", "calico", "cilium"])
@pytest.mark.parametrize("case", SAME_FOR_ALL, ids=lambda case: case[0])
def test_what_all_engines_do_alike_is_no_switch(
    case: tuple[str, tuple[str, ...], Flow, str, dict[str, tuple[str, str]]], engine_id: str
) -> None:
    _, documents, asked, verdict, sources = case
    assert source(sources[engine_id][0])
    assert answer(engine_of(*documents, profile=profile(engine_id)), asked)[0] == verdict


@pytest.mark.parametrize(
    ("engine_id", "traffic_policy", "seen_as"),
    [
        ("kubernetes", "Cluster", "node or client"),
        ("azure-npm", "Cluster", "node"),
        ("calico", "Cluster", "node or client"),
        ("cilium", "Cluster", "node or client"),
        *((engine_id, "Local", "client") for engine_id in ("kubernetes", "azure-npm", "calico", "cilium")),
    ],
)
def test_whom_the_policies_take_for_the_source_after_translation(
    engine_id: str, traffic_policy: str, seen_as: str
) -> None:
    (found,) = arrivals(engine_of(*balanced(traffic_policy, ""), profile=profile(engine_id)))
    assert found.seen_as == seen_as
