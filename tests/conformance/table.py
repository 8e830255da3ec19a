"""Writes docs/conformance.md from what the tests compare: ``python -m tests.conformance.table > docs/conformance.md``.

Which cases are left out or answered otherwise, and why, stands in the tests themselves; they fail where it is not so.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tests.conformance import test_cluster_policies as cluster
from tests.conformance import test_diff as diff
from tests.conformance import test_explain as explain
from tests.conformance import test_exposure as exposure
from tests.conformance import test_flows as flows
from tests.conformance import test_inputs as inputs
from tests.conformance import test_schemes as nca
from tests.conformance.cases import Case, cases

_HOST: Final = "an end uses its node's network, which the suite ignores; every other row agrees"
_HEAD: Final = """# Conformance

Public suites that the tests compare the engine with, on their manifests as they lie: those of cyclonus, of
netpol-analyzer and network-config-analyzer (np-guard) and of network-policy-api. A case agrees when every row of it
does; of nca-schemes every query and every listed flow, with no pod on its node's network and none that has ended, since
its tool knows neither; queries about host endpoints have each of these as an end by itself. There, what is left out is
named within its case, and all else of the case agrees.
Written by `python -m tests.conformance.table`.

| suite | cases | agree | answered otherwise | left out |
| --- | ---: | ---: | ---: | ---: |
"""


def suites() -> Iterator[tuple[str, list[Case], Mapping[str, str], Mapping[str, str]]]:
    """Each suite with its cases, those answered otherwise and those left out, with the reasons."""
    wrong = {name: why for name, (_, why) in flows.SUITE_IS_WRONG.items()} | dict.fromkeys(flows.HOST_NETWORK, _HOST)
    for suite in flows.SUITES:
        found = cases(suite)
        kept = {c.name for c in flows.of_these_kinds(suite)}
        out = {c.name: f"kinds that are not read: {_foreign(c)}" for c in found if c.name not in kept}
        yield suite, found, {n: why for n, why in wrong.items() if n in kept}, out
    otherwise = {name: "; ".join(sorted(rows)) for name, rows in diff.OTHERWISE.items()}
    yield diff.SUITE, cases(diff.SUITE), otherwise | dict.fromkeys(diff.HOST_NETWORK, _HOST), diff.left_out()
    rules = {name: why for name, (_, why) in explain.OTHERWISE.items()}
    yield explain.SUITE, cases(explain.SUITE), rules, explain.left_out()
    lists = {name: why for name, (_, why) in exposure.OTHERWISE.items()}
    for suite in exposure.SUITES:
        yield f"{suite}, exposure lists", cases(suite), lists, exposure.LEFT_OUT
    bad = "netpol-analyzer-badpath"
    yield bad, cases(bad), {c.name: why for c in cases(bad) if (why := inputs.not_a_fault(c))}, cluster.openshift_only()
    probes = cases(cluster.API_SUITE)
    unsure = {c.name: "its replay is marked as not reliable" for c in probes if not c.expected.get("reliable", True)}
    replay = dict.fromkeys(
        cluster.REPLAY_LACKS_A_STEP, "the suite deletes a NetworkPolicy first, which its replay holds"
    )
    yield cluster.API_SUITE, probes, replay, unsure
    others = {s.case.name: why for s in nca.all_schemes() if (why := nca.told_otherwise(s))}
    left = {s.case.name: why for s in nca.all_schemes() if (why := nca.told_left_out(s))}
    for name in others.keys() & left.keys():
        others[name] += f"; left out: {left.pop(name)}"
    yield nca.SUITE, cases(nca.SUITE), others, left


def _foreign(case: Case) -> str:
    return ", ".join(sorted(set(case.expected.get("policy_kinds") or ()) - flows.KINDS))


def table() -> str:
    """The whole document."""
    rows, reasons = [], []
    for suite, found, otherwise, out in suites():
        names = {c.name for c in found}
        differing, left = _present(otherwise, names), _present(out, names)
        agree = len(names) - len(differing) - len(left)
        rows.append(f"| {suite} | {len(names)} | {agree} | {len(differing)} | {len(left)} |\n")
        for title, listed in (("Answered otherwise", differing), ("Left out", left)):
            if listed:
                reasons.append(f"\n## {title}: {suite}\n")
                reasons += [f"- `{name}`: {why}\n" for name, why in sorted(listed.items())]
    return _HEAD + "".join(rows) + "".join(reasons)


def _present(reasons: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: why for name, why in reasons.items() if name in names}


if __name__ == "__main__":
    sys.stdout.write(table())
