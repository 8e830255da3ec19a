"""A kind of policies that the server refused is unknown wherever it could change a verdict, and never "none"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.flows import flow_rows
from lib.loaders.assemble import assemble
from lib.loaders.kinds import CILIUM_POLICY_KINDS, CLUSTER_POLICY_KINDS
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.calico_names import CALICO_NETWORK_POLICY
from lib.model.snapshot import Coverage, Snapshot
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.policy.isolation import open_directions

PODS = """
{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: n, labels: {app: a}}, spec: {containers: [{name: c}]}}
---
{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: n, labels: {app: b}}, spec: {containers: [{name: c}]}}
"""
DENY_BY_ADMIN = """
---
kind: AdminNetworkPolicy
apiVersion: policy.networking.k8s.io/v1alpha1
metadata: {name: no-way}
spec:
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""
DENY = """
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: deny, namespace: n}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
KINDS = ("NetworkPolicy", CALICO_NETWORK_POLICY, "GlobalNetworkPolicy", *CLUSTER_POLICY_KINDS, *CILIUM_POLICY_KINDS)


def snapshot(text: str, **coverage: Coverage) -> Snapshot:
    """The cluster of a manifest with what a server said of its kinds."""
    read = read_inputs([InputFile("a.yaml", text.encode())])
    return assemble(read, title="t", assume_complete=True, coverage=coverage).snapshot


def verdicts(of: Snapshot, engine: str = "kubernetes") -> set[str]:
    """The verdicts of the listed flows between the two pods."""
    rows = [r for r in flow_rows(compile_engine(of, profile(engine))) if "External" not in f"{r.src}{r.dst}"]
    return {row.verdict.value for row in rows}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coverage", [Coverage.REFUSED, Coverage.UNFINISHED])
def test_no_verdict_is_sure_without_the_kind(kind: str, coverage: Coverage) -> None:
    assert verdicts(snapshot(PODS)) == {"allowed"}
    assert verdicts(snapshot(PODS, **{kind: coverage})) == {"unknown"}


@pytest.mark.parametrize("coverage", [Coverage.COMPLETE, Coverage.PARTIAL, Coverage.NOT_SUPPLIED])
def test_a_kind_that_files_do_not_hold_is_as_before(coverage: Coverage) -> None:
    assert verdicts(snapshot(PODS, NetworkPolicy=coverage)) == {"allowed"}


def test_what_other_policies_close_may_be_open_by_those_that_were_not_read() -> None:
    assert verdicts(snapshot(PODS + DENY)) == set()
    assert verdicts(snapshot(PODS + DENY, NetworkPolicy=Coverage.UNFINISHED)) == {"unknown"}


def test_what_the_admin_tier_surely_denies_stays_denied() -> None:
    found = snapshot(PODS + DENY_BY_ADMIN, NetworkPolicy=Coverage.REFUSED)
    assert verdicts(found) == set()


def test_kinds_that_the_engine_does_not_enforce_change_nothing() -> None:
    assert verdicts(snapshot(PODS, CiliumNetworkPolicy=Coverage.REFUSED), "azure-npm") == {"allowed"}


CALICO = """
---
kind: GlobalNetworkPolicy
apiVersion: projectcalico.org/v3
metadata: {name: some}
spec: {selector: "app == 'nobody'", types: [Ingress]}
"""


@pytest.mark.parametrize("kind", ["Tier", "NetworkSet", "GlobalNetworkSet", "HostEndpoint"])
def test_what_policies_refer_to_is_unknown_too_where_there_are_such_policies(kind: str) -> None:
    assert verdicts(snapshot(PODS, **{kind: Coverage.REFUSED})) == {"allowed"}
    assert verdicts(snapshot(PODS + CALICO)) == {"allowed"}
    assert verdicts(snapshot(PODS + CALICO, **{kind: Coverage.REFUSED})) == {"unknown"}


def test_the_reason_names_the_kind() -> None:
    engine = compile_engine(snapshot(PODS, NetworkPolicy=Coverage.REFUSED))
    (row, *_) = [r for r in flow_rows(engine) if r.verdict.value == "unknown"]
    assert "NetworkPolicy" in row.reason and "refused by the server" in row.reason


def test_nobody_is_called_open_without_the_kind() -> None:
    known = snapshot(PODS)
    assert any(open_directions(compile_engine(known)).values())
    refused = replace(known, coverage={**known.coverage, "NetworkPolicy": Coverage.REFUSED})
    assert not any(open_directions(compile_engine(refused)).values())


ELSEWHERE = """
{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: n, labels: {app: a}}, spec: {containers: [{name: c}]}}
---
{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: m, labels: {app: b}}, spec: {containers: [{name: c}]}}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: from, namespace: n}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: SELECTOR}]}]}
"""
LABELLED = "{kind: Namespace, apiVersion: v1, metadata: {name: m, labels: {team: x}}}\n---"


def to_a(of: Snapshot) -> set[str]:
    """The verdicts of what the pod of the other namespace may send."""
    rows = flow_rows(compile_engine(of))
    return {row.verdict.value for row in rows if str(row.src).startswith("m/") and str(row.dst).startswith("n/")}


@pytest.mark.parametrize("coverage", [Coverage.REFUSED, Coverage.UNFINISHED])
@pytest.mark.parametrize(
    ("selector", "with_labels"),
    [
        ("{matchLabels: {team: x}}", {"allowed"}),
        ("{matchExpressions: [{key: team, operator: DoesNotExist}]}", set()),
        ("{matchExpressions: [{key: team, operator: NotIn, values: [x]}]}", set()),
    ],
)
def test_labels_of_namespaces_that_were_not_read_settle_nothing(
    selector: str, with_labels: set[str], coverage: Coverage
) -> None:
    text = ELSEWHERE.replace("SELECTOR", selector)
    assert to_a(snapshot(LABELLED + text)) == with_labels
    assert to_a(snapshot(text, Namespace=coverage)) == {"unknown"}


def test_a_namespace_that_is_named_needs_no_labels() -> None:
    text = ELSEWHERE.replace("SELECTOR", "{matchLabels: {kubernetes.io/metadata.name: m}}")
    assert to_a(snapshot(text, Namespace=Coverage.REFUSED)) == {"allowed"}
    text = ELSEWHERE.replace("SELECTOR", "{matchLabels: {kubernetes.io/metadata.name: other}}")
    assert to_a(snapshot(text, Namespace=Coverage.REFUSED)) == set()


def test_whom_an_admin_policy_is_for_hangs_on_the_labels_too() -> None:
    text = PODS + DENY_BY_ADMIN.replace("subject: {namespaces: {}}", "subject: {namespaces: {matchLabels: {team: x}}}")
    assert verdicts(snapshot(text, Namespace=Coverage.REFUSED)) == {"unknown"}


SETTINGS = """
---
kind: ConfigMap
apiVersion: v1
metadata: {name: cilium-config, namespace: kube-system}
data: {enable-policy: default}
"""
OPEN = """
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: open, namespace: n}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}
"""


@pytest.mark.parametrize("policies", ["", DENY, OPEN], ids=["none", "deny", "allow"])
@pytest.mark.parametrize("coverage", [Coverage.REFUSED, Coverage.UNFINISHED])
def test_settings_of_cilium_that_the_server_refused_leave_every_verdict_open(policies: str, coverage: Coverage) -> None:
    """ "never": nothing is enforced; "always": also what no policy selects is closed; and kinds may be turned off."""
    of = snapshot(PODS + policies, ConfigMap=coverage)
    assert verdicts(of, "cilium") == {"unknown"}
    for engine in ("kubernetes", "calico", "azure-npm"):
        assert verdicts(of, engine) == verdicts(snapshot(PODS + policies), engine)
    (row, *_) = flow_rows(compile_engine(of, profile("cilium")))
    assert f"kube-system/cilium-config ({coverage.value})" in row.reason
    notes = {n.code for n in compile_engine(of, profile("cilium")).notes}
    assert "engine-settings-not-read" in notes and "engine-settings-not-supplied" not in notes


def test_settings_that_were_read_count_though_other_config_maps_were_refused() -> None:
    of = snapshot(PODS + DENY + SETTINGS, ConfigMap=Coverage.REFUSED)
    assert verdicts(of, "cilium") == set()
    assert "engine-settings-not-read" not in {n.code for n in compile_engine(of, profile("cilium")).notes}


def test_files_without_the_settings_are_read_by_the_documentation_which_is_said() -> None:
    of = snapshot(PODS + DENY, ConfigMap=Coverage.NOT_SUPPLIED)
    assert verdicts(of, "cilium") == set()
    assert "engine-settings-not-supplied" in {n.code for n in compile_engine(of, profile("cilium")).notes}
    known = snapshot(PODS + DENY, ConfigMap=Coverage.COMPLETE)
    assert not any(n.code.startswith("engine-settings") for n in compile_engine(known, profile("cilium")).notes)
