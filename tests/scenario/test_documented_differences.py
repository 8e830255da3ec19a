"""Every documented difference between two engines shows up in a comparison of them, with why, what to do and a source.

The manifests are those of the table of switches, and those that "Migrate from Network Policy Manager (NPM) to Cilium
Network Policy" (learn.microsoft.com/azure/aks) gives as examples.
"""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.scenario import Advice, Advisor, Change, arrival_changes, diff, own_node_changes
from tests.policy.build import namespace, pod, policy, snapshot_of_yaml
from tests.policy.switch_cases import CASES
from tests.policy.switch_words import Arrives, Case, balancer, node, placed

# What differs first where several switches do: nothing is enforced, or the whole kind is ignored.
FIRST = {"enforces", "policy_kinds", "kinds_by_version", "cluster_policy_ingress_enforced"}


def advised(old_id: str, new_id: str, *documents: str) -> dict[tuple[str, str], tuple[Change, tuple[Advice, ...]]]:
    """Source and destination of everything that differs, with what became of it and what is said of it."""
    snapshot = snapshot_of_yaml(*documents)
    old, new = (compile_engine(snapshot, profile(i)) for i in (old_id, new_id))
    advisor = Advisor(old, new)
    found = {(r.src, r.dst): (r.change, advisor.advise(r)) for r in diff(old, new).rows(None)}
    for change in (*arrival_changes(old, new), *own_node_changes(old, new)):
        src, _, dst = change.name.partition(" to ")
        found[src, dst] = change.change, (change.advice,) if change.advice else ()
    return found


def ends_of(case: Case) -> tuple[str, str]:
    if isinstance(case.asked, Arrives):
        return "shop/front[Service]", "shop/web[Pod] TCP 8080"
    src, dst = (f"{end}[Pod]" if end.startswith("shop/") else end for end in case.asked[:2])
    return src, "its own node" if dst.startswith("node/") else dst


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.switch}: {case.says}")
def test_what_two_engines_answer_otherwise_is_listed_with_its_reason_its_remedy_and_its_source(case: Case) -> None:
    answers = {i: says.verdict for i, says in {**case.answers, "none": case.none}.items()}
    src, dst = ends_of(case)
    for old, new in permutations(answers, 2):
        if answers[old] == answers[new] or (dst == "its own node" and "none" in (old, new)):
            continue
        # Without an IPv6 address in the cluster what nobody knows of IPv6 is left out.
        documents = [*case.documents, placed(pod("dual"), "", "'fd00::9'")] if ":" in src else case.documents
        found = advised(old, new, *documents)
        if ":" in src:
            matching = [found[ends] for ends in found if ends[0].startswith("::") and ends[1] == dst]
        else:
            matching = [found[ends] for ends in found if ends[0] == src and ends[1].startswith(dst)]
        assert matching, (old, new)
        for change, advice in matching:
            assert {each.switch for each in advice} & ({case.switch} | FIRST), (old, new, advice)
            assert all(each.why and each.remedy.endswith(".") for each in advice)
            assert all("(" in each.said and ";" in each.said for each in advice if each.switch != "enforces")
            if {answers[old], answers[new]} == {"allowed", "denied"}:
                assert change is (Change.LOST if answers[old] == "allowed" else Change.GAINED)


BACKEND = placed(
    pod("backend", app="backend", ports="[{name: http-test, containerPort: 8080}]"), "node-1", "10.244.0.9"
)
OTHER = placed(pod("other", app="other", ports="[{name: http-test, containerPort: 9090}]"), "node-1", "10.244.0.10")
AGENT = placed(pod("agent", host=True), "node-2")
CLUSTER = namespace("shop"), node("node-1", "10.1.0.4"), node("node-2", "10.1.0.5"), BACKEND, OTHER, AGENT
EGRESS = "podSelector: {}\npolicyTypes: [Egress]\n"
TO_RANGE = EGRESS + "egress: [{to: [{podSelector: {}}], ports: [{protocol: TCP, port: 32000, endPort: 32768}]}]"


def npm_guide(title: str, spec: str, dst: str, change: Change, switch: str, remedy: str) -> Any:
    """A difference that the guide for leaving Azure NPM names, about one policy and what the backend sends."""
    source = "migrate-from-npm-to-cilium-network-policy.md"
    return pytest.param([policy(spec)], ("shop/backend[Pod]", dst), change, switch, remedy, source, id=title)


@pytest.mark.parametrize(
    ("documents", "ends", "change", "switch", "remedy", "source"),
    [
        npm_guide(
            "NetworkPolicy with endPort",
            TO_RANGE,
            "shop/other[Pod]",
            Change.UNKNOWN,
            "end_port",
            "one by one, or bring the nodes to Kubernetes 1.32 or later",
        ),
        npm_guide(
            "NetworkPolicy with ipBlock, to pods",
            EGRESS + "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]",
            "shop/other[Pod]",
            Change.LOST,
            "ip_block_matches_pods",
            "Add pods by podSelector and namespaceSelector",
        ),
        npm_guide(
            "NetworkPolicy with ipBlock, to nodes",
            EGRESS + "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]",
            "shop/agent[Pod]",
            Change.LOST,
            "ip_block_matches_nodes",
            "by a CiliumNetworkPolicy with the entities host and remote-node",
        ),
        npm_guide(
            "NetworkPolicy with named ports",
            EGRESS + "egress: [{ports: [{port: http-test, protocol: TCP}]}]",
            "shop/other[Pod]",
            Change.UNKNOWN,
            "tells_port_names_apart",
            "Write port numbers instead of the name in shop/policy[NetworkPolicy] spec.egress[0]",
        ),
        npm_guide(
            "NetworkPolicy with egress policies",
            EGRESS + "egress: [{to: [{ipBlock: {cidr: 10.20.30.0/24}}]}]",
            "its own node",
            Change.LOST,
            "own_node_egress_allowed",
            "by a CiliumNetworkPolicy with toEntities: [host]",
        ),
        pytest.param(
            [
                policy("podSelector: {}\npolicyTypes: [Ingress]"),
                balancer("Cluster").replace("app: web", "app: backend"),
            ],
            ("shop/front[Service]", "shop/backend[Pod] TCP 8080 (Cluster)"),
            Change.LOST,
            "cluster_policy_ingress_enforced",
            "Permit the clients' addresses by an ipBlock",
            "migrate-from-npm-to-cilium-network-policy.md",
            id="Ingress policy, externalTrafficPolicy Cluster",
        ),
        pytest.param(
            [policy("podSelector: {}\npolicyTypes: [Ingress]"), balancer("Local").replace("app: web", "app: backend")],
            ("shop/front[Service]", "shop/backend[Pod] TCP 8080 (Local)"),
            Change.UNKNOWN,
            "local_policy_ingress_enforced",
            "Permit the clients' addresses by an ipBlock",
            "migrate-from-npm-to-cilium-network-policy.md",
            id="Ingress policy, externalTrafficPolicy Local",
        ),
        pytest.param(
            [policy(EGRESS + "egress: [{to: [{podSelector: {}}], ports: [{port: 7, protocol: SCTP}]}]")],
            ("shop/backend[Pod]", "shop/other[Pod]"),
            Change.UNKNOWN,
            "judges_sctp",
            "Find out whether SCTP is turned on",
            "configuration/sctp",
            id="SCTP",
        ),
        pytest.param(
            [
                policy("podSelector: {matchLabels: {controller-revision-hash: a}}"),
                pod("copy", **{"controller-revision-hash": "a"}),
            ],
            ("shop/backend[Pod]", "shop/copy[Pod]"),
            Change.GAINED,
            "ignored_labels",
            "Select pods by another label than controller-revision-hash in shop/policy[NetworkPolicy]",
            "identity-relevant-labels.rst",
            id="labels that are no part of identities",
        ),
    ],
)
def test_leaving_azure_npm_for_cilium(
    documents: list[str], ends: tuple[str, str], change: Change, switch: str, remedy: str, source: str
) -> None:
    found = advised("azure-npm", "cilium", *CLUSTER, *documents)
    became, advice = found[ends]
    assert became is change
    (mine,) = [each for each in advice if each.switch == switch]
    assert remedy in mine.remedy
    assert source in mine.said


def test_with_nodes_of_kubernetes_1_32_a_range_of_ports_is_no_difference() -> None:
    # "If your AKS cluster is running Cilium version 1.17 or later, no changes are needed".
    nodes = node("node-1", "10.1.0.4", "v1.32.1"), node("node-2", "10.1.0.5", "v1.33.0")
    found = advised("azure-npm", "cilium", namespace("shop"), *nodes, BACKEND, OTHER, policy(TO_RANGE))
    assert {ends[1] for ends in found} == {"its own node"}


def test_a_pods_own_node_is_compared_where_the_input_has_no_node() -> None:
    web = placed(pod("web", app="web"), "", "10.244.0.9")
    (found,) = advised("azure-npm", "cilium", web, policy(EGRESS)).items()
    assert found[0] == ("shop/web[Pod]", "its own node")
    assert found[1][0] is Change.LOST
    by_cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: local, namespace: shop}\n"
    by_cilium += "spec: {endpointSelector: {}, egress: [{toEntities: [host]}]}\n"
    assert not advised("cilium", "azure-npm", web, by_cilium).keys() & {found[0]}


def test_ipv6_is_told_where_the_cluster_has_it() -> None:
    dual = placed(pod("web", app="web"), "", "10.244.0.9").replace(
        "podIP: 10.244.0.9", "podIP: 10.244.0.9, podIPs: [{ip: 10.244.0.9}, {ip: 'fd00::9'}]"
    )
    found = advised("azure-npm", "cilium", dual, policy(EGRESS))
    switches = {a.switch for ends, (_, advice) in found.items() if ends[1].startswith("::") for a in advice}
    assert switches == {"judges_ipv6"}


def test_the_command_line_says_why_what_to_do_and_who_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "\n---\n".join(
            [
                *CLUSTER,
                policy(TO_RANGE),
                policy("podSelector: {matchLabels: {app: backend}}", name="in"),
                balancer("Cluster").replace("app: web", "app: backend"),
            ]
        )
    )
    main(["diff", str(file), "--engine", "azure-npm", "--engine", "cilium", "--format", "json"])
    printed = json.loads(capsys.readouterr().out)
    flows = {(f["src"], f["dst"]): {a["switch"] for a in f["advice"]} for f in printed["flows"]}
    assert "end_port" in flows["shop/backend[Pod]", "shop/other[Pod]"]
    (arrival,) = printed["exposures"]
    assert arrival["advice"][0]["what_to_do"].startswith("Permit the clients' addresses")
    assert {n["name"] for n in printed["own_nodes"]} == {
        "shop/backend[Pod] to its own node",
        "shop/other[Pod] to its own node",
    }
    assert "azure-aks-docs" in printed["documentation"]["own_node_egress_allowed"]
    main(["diff", str(file), "--engine", "azure-npm", "--engine", "cilium"])
    assert "toEntities: [host]" in capsys.readouterr().out


def test_a_rule_about_a_pods_own_node_is_a_cause_as_far_as_the_pods_share_a_node() -> None:
    rule = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: local, namespace: shop}\n"
    rule += "spec: {endpointSelector: {matchLabels: {app: backend}}, egress: [{toEntities: [remote-node]}]}\n"
    snapshot = snapshot_of_yaml(*CLUSTER, rule)
    old, new = (compile_engine(snapshot, profile(i)) for i in ("none", "cilium"))
    # "remote-node: Any node in any of the connected clusters other than the local host", and so the agent's.
    assert ("shop/backend[Pod]", "shop/agent[Pod]") not in {(r.src, r.dst) for r in diff(old, new).rows(None)}
    snapshot = snapshot_of_yaml(*CLUSTER, rule.replace("remote-node", "host"))
    old, new = (compile_engine(snapshot, profile(i)) for i in ("none", "cilium"))
    (row,) = [r for r in diff(old, new).rows(None) if (r.src, r.dst) == ("shop/backend[Pod]", "shop/agent[Pod]")]
    assert row.change is Change.LOST
    assert {c.effect for c in row.causes} == {"isolates"}
