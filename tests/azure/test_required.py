"""Whether system pods reach what they need, and the policies that let them: judged by the engine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import yaml

from lib.azure.destinations import Choice, destinations
from lib.azure.fqdn_policy import FqdnPolicies, fqdn_policies, patterns_of
from lib.exposure.required import Reach, required_reach
from lib.facts.egress_needs import NeedKind, client_pod
from lib.loaders.domain_names import read_names
from lib.model.policies import Verdict
from lib.model.snapshot import Snapshot
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from tests.azure.load import snapshot_of

WORKLOAD = """\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {labels}}}
  template:
    metadata: {{labels: {labels}}}
    spec:
      hostNetwork: {host}
      containers: [{{name: c, image: i}}]
---
"""
DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: kube-system}
spec: {podSelector: {}, policyTypes: [Egress]}
---
"""
TO_BLOCK = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: out, namespace: kube-system}}
spec:
  podSelector: {{}}
  policyTypes: [Egress]
  egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}], ports: [{{port: 443}}]}}]
---
"""
NAMES = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: names, namespace: kube-system}}
spec:
  endpointSelector: {{}}
  egress:
  - toEndpoints: [{{matchLabels: {{"k8s:k8s-app": kube-dns}}}}]
    toPorts: [{{ports: [{{port: "53", protocol: ANY}}], rules: {{dns: [{{matchPattern: "*"}}]}}}}]
  - toFQDNs: [{entry}]
    toPorts: [{{ports: [{{port: "443", protocol: TCP}}]}}]
---
"""
CHOICE = Choice(features=frozenset({"azure-monitor", "azure-policy", "key-vault-csi"}), region="westeurope")


def workload(name: str, labels: str, kind: str = "Deployment", *, host: bool = False, namespace: str = "kube-system"):
    return WORKLOAD.format(kind=kind, name=name, namespace=namespace, labels=labels, host=str(host).lower())


COREDNS = workload("coredns", "{k8s-app: kube-dns}")
POLICY = workload("azure-policy", "{app: azure-policy}")
LOGS = workload("ama-logs", "{component: ama-logs-agent, tier: node}", "DaemonSet")
VAULT = workload("aks-secrets-store-provider-azure", "{app: secrets-store-provider-azure}", "DaemonSet", host=True)
CLUSTER = COREDNS + POLICY + LOGS + VAULT


def judged(snapshot: Snapshot, engine: str = "kubernetes", choice: Choice = CHOICE) -> tuple[Reach, ...]:
    return required_reach(compile_engine(snapshot, profile(engine)), destinations(choice))


def of(rows: tuple[Reach, ...], name: str) -> dict[str, Reach]:
    return {row.host: row for row in rows if row.workload is not None and row.workload.name == name}


def verdicts(rows: tuple[Reach, ...], name: str) -> set[Verdict]:
    return {row.verdict for host, row in of(rows, name).items() if row.need is not None}


def test_without_a_policy_everything_is_reached_and_the_reason_is_that_nobody_isolates() -> None:
    rows = judged(snapshot_of(CLUSTER))
    for name in ("azure-policy", "ama-logs"):
        assert verdicts(rows, name) == {Verdict.ALLOWED}
        assert all("no policy isolates" in row.reason for row in of(rows, name).values() if row.need)


def test_an_isolated_pod_reaches_nothing_and_the_policy_is_named_with_its_place() -> None:
    rows = judged(snapshot_of(CLUSTER + DENY))
    assert verdicts(rows, "azure-policy") == verdicts(rows, "ama-logs") == {Verdict.DENIED}
    row = of(rows, "azure-policy")["data.policy.core.windows.net"]
    assert "kube-system/deny[NetworkPolicy]" in row.reason
    assert [str(cause.policy) for cause in row.rules] == ["kube-system/deny[NetworkPolicy]"]
    assert row.rules[0].source.file == "input.yaml"


def test_denied_rows_come_first_and_allowed_ones_last() -> None:
    order = [row.verdict for row in judged(snapshot_of(CLUSTER + DENY))]
    assert order == sorted(order, key=[Verdict.DENIED, Verdict.UNKNOWN, Verdict.ALLOWED].index)
    assert len(set(order)) == 3


def test_a_pod_on_its_nodes_network_is_not_stopped_by_policies() -> None:
    rows = judged(snapshot_of(CLUSTER + DENY))
    assert verdicts(rows, "aks-secrets-store-provider-azure") == {Verdict.ALLOWED}


def test_an_open_port_to_every_address_is_enough() -> None:
    rows = judged(snapshot_of(CLUSTER + TO_BLOCK.format(cidr="0.0.0.0/0")))
    assert verdicts(rows, "ama-logs") == {Verdict.ALLOWED}
    assert "kube-system/out[NetworkPolicy]" in of(rows, "ama-logs")["dc.services.visualstudio.com"].reason


def test_the_wrong_port_is_not() -> None:
    other = TO_BLOCK.format(cidr="0.0.0.0/0").replace("443", "8443")
    assert verdicts(judged(snapshot_of(CLUSTER + other)), "ama-logs") == {Verdict.DENIED}


def test_a_part_of_the_internet_leaves_open_whether_the_name_is_in_it() -> None:
    rows = judged(snapshot_of(CLUSTER + TO_BLOCK.format(cidr="20.0.0.0/8")))
    row = of(rows, "ama-logs")["dc.services.visualstudio.com"]
    assert row.verdict is Verdict.UNKNOWN
    assert "some public addresses are permitted and others not" in row.reason


def test_only_private_addresses_are_no_way_to_a_public_name() -> None:
    assert verdicts(judged(snapshot_of(CLUSTER + TO_BLOCK.format(cidr="10.0.0.0/8"))), "ama-logs") == {Verdict.DENIED}


@pytest.mark.parametrize(
    ("addresses", "verdict"),
    [
        ("[20.1.2.3]", Verdict.ALLOWED),
        ("[40.1.2.3]", Verdict.DENIED),
        ("[20.1.2.3, 40.1.2.3]", Verdict.UNKNOWN),
        ("[]", Verdict.UNKNOWN),
    ],
)
def test_a_table_of_names_settles_it(addresses: str, verdict: Verdict) -> None:
    text = f"schema: netatlas.names/1\nnames:\n  dc.services.visualstudio.com: {addresses}\n"
    reading = read_names(text, "names.yaml")
    assert not reading.problems
    snapshot = replace(snapshot_of(CLUSTER + TO_BLOCK.format(cidr="20.0.0.0/8")), domain_names=reading.table)
    assert of(judged(snapshot), "ama-logs")["dc.services.visualstudio.com"].verdict is verdict


def test_a_table_settles_patterns_by_the_names_that_they_mean() -> None:
    text = "schema: netatlas.names/1\nnames:\n  workspace.ods.opinsights.azure.com: [40.1.2.3]\n"
    snapshot = replace(
        snapshot_of(CLUSTER + TO_BLOCK.format(cidr="20.0.0.0/8")), domain_names=read_names(text, "names.yaml").table
    )
    assert of(judged(snapshot), "ama-logs")["*.ods.opinsights.azure.com"].verdict is Verdict.DENIED


@pytest.mark.parametrize("engine", ["kubernetes", "cilium"])
def test_a_rule_that_names_the_destination_is_enough_whatever_its_address(engine: str) -> None:
    policy = NAMES.format(entry="{matchName: dc.services.visualstudio.com}")
    rows = of(judged(snapshot_of(CLUSTER + policy), engine), "ama-logs")
    assert rows["dc.services.visualstudio.com"].verdict is Verdict.ALLOWED
    assert "kube-system/names[CiliumNetworkPolicy]" in rows["dc.services.visualstudio.com"].reason


def test_another_name_may_have_the_same_addresses_which_is_said() -> None:
    policy = NAMES.format(entry="{matchName: elsewhere.example}")
    row = of(judged(snapshot_of(CLUSTER + policy), "cilium"), "ama-logs")["dc.services.visualstudio.com"]
    assert row.verdict is Verdict.UNKNOWN
    assert "elsewhere.example" in row.reason


def test_a_pattern_for_one_label_leaves_names_with_two_open() -> None:
    policy = NAMES.format(entry='{matchPattern: "*.ods.opinsights.azure.com"}')
    row = of(judged(snapshot_of(CLUSTER + policy), "cilium"), "ama-logs")["*.ods.opinsights.azure.com"]
    assert row.verdict is Verdict.UNKNOWN
    assert "number of their labels" in row.reason


def test_pods_that_are_not_in_the_input_are_unknown_and_not_left_out() -> None:
    rows = [row for row in judged(snapshot_of(COREDNS)) if row.workload is None]
    assert {row.client for row in rows} >= {client_pod("ama-logs").label, client_pod("konnectivity-agent").label}
    assert {row.verdict for row in rows} == {Verdict.UNKNOWN}


def test_name_resolution_is_judged_besides_by_both_ends() -> None:
    open_rows = judged(snapshot_of(CLUSTER + DENY))
    dns = [row for row in open_rows if row.need is None and row.workload and row.workload.name == "ama-logs"]
    assert [(row.host, row.verdict) for row in dns] == [("kube-system/coredns[Deployment]", Verdict.DENIED)]
    without = judged(snapshot_of(LOGS))
    assert [row.verdict for row in without if row.need is None] == [Verdict.UNKNOWN]


def test_an_address_that_is_known_is_judged_itself() -> None:
    choice = Choice(conditions=frozenset({"custom-dns"}), dns_servers=("10.0.0.4",))
    policy = TO_BLOCK.format(cidr="10.0.0.0/24").replace("port: 443", "port: 53, protocol: UDP")
    row = of(judged(snapshot_of(COREDNS + policy), choice=choice), "coredns")["10.0.0.4"]
    assert row.verdict is Verdict.ALLOWED
    assert of(judged(snapshot_of(COREDNS + DENY), choice=choice), "coredns")["10.0.0.4"].verdict is Verdict.DENIED


@cache
def written() -> FqdnPolicies:
    return fqdn_policies(destinations(CHOICE), snapshot_of(CLUSTER))


@pytest.mark.parametrize("engine", ["kubernetes", "cilium"])
def test_the_written_policies_are_read_again_and_open_what_was_closed(engine: str) -> None:
    closed = judged(snapshot_of(CLUSTER + DENY), engine)
    opened = judged(snapshot_of(CLUSTER + DENY + written().text), engine)
    for name, client in (("azure-policy", "azure-policy"), ("ama-logs", "ama-logs")):
        assert verdicts(closed, name) == {Verdict.DENIED}
        assert {row.verdict for row in of(opened, name).values()} == {Verdict.ALLOWED}, client


def test_the_written_policies_close_nothing() -> None:
    rows = judged(snapshot_of(CLUSTER + written().text), "cilium")
    assert {v for name in ("azure-policy", "ama-logs", "coredns") for v in verdicts(rows, name)} <= {Verdict.ALLOWED}
    elsewhere = Choice(features=frozenset({"cost-analysis"}))
    agent = workload("cost-analysis-agent", "{app: azure-policy}")
    other = judged(snapshot_of(CLUSTER + agent + written().text), "cilium", elsewhere)
    assert verdicts(other, "cost-analysis-agent") == {Verdict.ALLOWED}


def test_the_written_policies_open_no_other_port_and_no_other_name() -> None:
    text = (CLUSTER + DENY + written().text).replace('"443"', '"8443"').replace("'443'", "'8443'")
    assert verdicts(judged(snapshot_of(text), "cilium"), "ama-logs") == {Verdict.DENIED}


def test_policies_are_written_only_for_pods_with_addresses_of_their_own() -> None:
    seen = {policy.name for policy in written().policies if policy.in_input}
    assert seen == {"netatlas-egress-azure-policy", "netatlas-egress-ama-logs"}
    assert all("secrets-store" not in policy.text for policy in written().policies)
    reasons = {left.client: left.why for left in written().left_out}
    assert "nodes' network" in reasons[client_pod("key-vault-provider").label]
    assert not any("mcr.microsoft.com" in policy.text for policy in written().policies), "a node's own destination"


def test_every_written_policy_names_all_that_its_pods_need_and_marks_what_it_takes() -> None:
    found = destinations(CHOICE)
    assert "Advanced Container Networking Services" in written().text.splitlines()[0]
    documents = {d["metadata"]["name"]: d for d in yaml.safe_load_all(written().text)}
    for policy in written().policies:
        pods_id = policy.name.removeprefix("netatlas-egress-")
        needed = [d for d in found if d.need.kind is NeedKind.FQDN and pods_id in d.need.pods]
        entries = [e for rule in documents[policy.name]["spec"]["egress"] for e in rule.get("toFQDNs", ())]
        assert entries == [dict(e) for h in dict.fromkeys(h for d in needed for h in d.hosts) for e in patterns_of(h)]
        assert documents[policy.name]["spec"]["enableDefaultDeny"] == {"egress": False}
        assert any(
            "dns" in port.get("rules", {}) for r in documents[policy.name]["spec"]["egress"] for port in r["toPorts"]
        )


def test_labels_are_taken_from_the_input_where_no_source_states_them() -> None:
    publisher = workload(
        "microsoft-defender-publisher-ds", '{app: defender, pod-template-generation: "3"}', "DaemonSet"
    )
    chosen = Choice(features=frozenset({"defender-for-containers"}), region="westeurope")
    (policy,) = fqdn_policies(destinations(chosen), snapshot_of(publisher)).policies
    assert yaml.safe_load(policy.text)["spec"]["endpointSelector"] == {"matchLabels": {"app": "defender"}}
    left = fqdn_policies(destinations(chosen), snapshot_of(COREDNS)).left_out
    assert any("no source states their labels" in each.why for each in left)


def test_workload_identity_is_written_for_each_namespace_that_uses_it() -> None:
    labels = '{azure.workload.identity/use: "true", app: api}'
    text = "".join(workload("api", labels, namespace=namespace) for namespace in ("one", "two"))
    chosen = Choice(features=frozenset({"workload-identity"}), region="westeurope")
    policies = fqdn_policies(destinations(chosen), snapshot_of(text)).policies
    assert [p.namespace for p in policies] == ["one", "two"]
