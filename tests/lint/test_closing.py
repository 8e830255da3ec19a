"""What is said of a policy that only closes: who closes the same pods beside it, direction by direction."""

from __future__ import annotations

from lib.lint import LintKind, lint
from tests.policy.build import engine_of, pod, policy

WEB, DB = pod("web", app="web"), pod("db", app="db")
CLOSED = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]", name="closed")
OUTWARDS = policy(
    "podSelector: {}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]", name="outwards"
)
FROM_NOBODY = policy(
    "podSelector: {}\ningress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]", name="from-nobody"
)


def test_each_direction_has_somebody_who_closes_it_even_where_only_one_that_may_go_itself_does() -> None:
    # "closed" and "from-nobody" alone close ingress: without both, db is open to web. "outwards" closes egress only.
    engine = engine_of(WEB, DB, CLOSED, OUTWARDS, FROM_NOBODY)
    (net,) = (f for f in lint(engine) if f.place.policy.name == "closed")
    assert net.kind is LintKind.POLICY_SAFETY_NET
    assert {place.policy.name for place in net.covers} == {"outwards", "from-nobody"}
    assert "shop/from-nobody[NetworkPolicy] and shop/outwards[NetworkPolicy] close the same pods" in net.sentence
    assert net.sentence.endswith("Either it or shop/from-nobody[NetworkPolicy] can go, not both.")


def test_one_that_counts_is_named_before_one_that_may_go() -> None:
    from_web = policy("podSelector: {}\ningress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", name="from-web")
    only_in = policy("podSelector: {}\npolicyTypes: [Ingress]", name="only-in")
    (net,) = (f for f in lint(engine_of(WEB, DB, only_in, from_web, FROM_NOBODY)) if f.place.policy.name == "only-in")
    assert [place.policy.name for place in net.covers] == ["from-web"]
    assert "from-web[NetworkPolicy] closes the same pods" in net.sentence
    assert net.either == ()
