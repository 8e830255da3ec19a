"""Recommendations beside policies of other kinds: whose rules permit and deny, and that they are no needs."""

from __future__ import annotations

from lib.scenario import Change
from lib.tables.recommendation import effect_rows
from tests.policy.build import admin_policy, policy
from tests.scenario.recommending import DB, WEB, questions, recommended

CALICO = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: default.db, namespace: shop}
spec:
  tier: default
  selector: app == 'db'
  types: [Ingress]
  ingress: [{action: Allow, source: {selector: app == 'web'}}]
"""


def admin(action: str, direction: str = "ingress") -> str:
    far = "from" if direction == "ingress" else "to"
    return admin_policy(f"{direction}: [{{action: {action}, {far}: [{{namespaces: {{}}}}]}}]", "all")


def permitted(*documents: str, engine: str = "kubernetes") -> str:
    """What the row of the lost flow from web to db says of today."""
    proof = recommended(WEB, DB, *documents, engine=engine).proof
    assert proof is not None
    (row,) = [
        r
        for r in effect_rows(proof, lambda s: f"{s.file}:{s.document}" if s else "")
        if (r["change"], r["from"], r["to"]) == (Change.LOST.value, "shop/web[Pod]", "shop/db[Pod]")
    ]
    return str(row["permitted_by"])


def test_a_lost_flow_says_on_each_side_which_rule_of_any_kind_permits_it_today() -> None:
    assert permitted() == "open by default"
    by_admin = permitted(admin("Allow"))
    assert by_admin.startswith("egress: open by default; ingress: all[AdminNetworkPolicy] spec.ingress[0]")
    assert "test.yaml:3" in by_admin
    by_calico = permitted(CALICO, engine="calico")
    assert by_calico.startswith("egress: open by default; ingress: shop/default.db[")
    assert "test.yaml:3" in by_calico


def test_a_named_flow_that_another_kind_denies_is_told_with_the_rule_and_the_side_that_says_so() -> None:
    into = policy(
        "podSelector: {matchLabels: {app: db}}\ningress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"
    )
    told = questions(recommended(WEB, DB, into, admin("Deny")))
    assert "which is closed today (ingress: denied by all[AdminNetworkPolicy] spec.ingress[0])" in told
    assert "egress:" not in told
    told = questions(recommended(WEB, DB, into, admin("Deny", "egress")))
    assert "(egress: denied by all[AdminNetworkPolicy] spec.egress[0])" in told


def test_rules_of_other_kinds_are_said_not_to_be_read_as_needs() -> None:
    assert "not read as needs" not in questions(recommended(WEB, DB))
    told = questions(recommended(WEB, DB, CALICO, admin("Allow"), engine="calico"))
    assert "(1 AdminNetworkPolicy, 1 CalicoNetworkPolicy)" in told
    assert "not read as needs" in told
