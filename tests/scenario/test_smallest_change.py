"""The smallest change: what it permits, everything else that it does, and when there is none."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.facts.engines import Known
from lib.loaders.policy_text import read_policies
from lib.model.errors import ModelError
from lib.model.policies import Direction
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES, profile
from lib.scenario import Change, SmallestChange, smallest_change
from tests.naive.clusters import PROTOCOLS, clusters
from tests.naive.evaluator import AddressEnd, NaiveCluster
from tests.policy.build import engine_of, load, pod, policy
from tests.policy.test_against_naive import PROBED_PORTS, Answers, engine_and_naive, flows, name_of

Raw = dict[str, Any]
ASKED_ADDRESSES = ("9.255.255.255", "10.128.0.0", "fd00:1::9")
CLIENT = pod("client", app="client")
SERVER = pod("server", app="server")
OTHER = pod("other", app="other")
DENY_ALL = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]", name="deny-all")
DENY_IN = policy("podSelector: {}\npolicyTypes: [Ingress]", name="deny-in")


def change(engine: Engine, src: str, dst: str, port: int | None = 80) -> SmallestChange | None:
    ends = [parse_end(end, engine.snapshot) for end in (src, dst)]
    return smallest_change(engine, *ends, Protocol.TCP if port else None, port, read_policies)


def specs(found: SmallestChange | None) -> list[Raw]:
    assert found is not None
    assert not found.refused
    return [yaml.safe_load(text)["spec"] for text in found.policies]


def refusal(found: SmallestChange | None) -> str:
    assert found is not None
    assert found.policies == ()
    return found.refused


def test_a_permitted_flow_needs_none() -> None:
    assert change(engine_of(CLIENT, SERVER), "shop/client", "shop/server") is None


def test_one_closed_end_needs_one_policy_with_one_peer_and_one_port() -> None:
    found = change(engine_of(CLIENT, SERVER, OTHER, DENY_IN), "shop/client", "shop/server")
    assert specs(found) == [
        {
            "podSelector": {"matchLabels": {"app": "server"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"podSelector": {"matchLabels": {"app": "client"}}}],
                    "ports": [{"protocol": "TCP", "port": 80}],
                }
            ],
        }
    ]
    assert found is not None
    assert (found.others, found.isolated) == ((), ())


def test_two_closed_ends_need_a_policy_each() -> None:
    found = change(engine_of(CLIENT, SERVER, DENY_ALL), "shop/client", "shop/server")
    assert [s["policyTypes"] for s in specs(found)] == [["Egress"], ["Ingress"]]


def test_another_namespace_is_named_by_its_name() -> None:
    away = pod("client", "web", app="client")
    found = change(engine_of(away, SERVER, DENY_IN), "web/client", "shop/server")
    (spec,) = specs(found)
    assert spec["ingress"][0]["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}},
            "podSelector": {"matchLabels": {"app": "client"}},
        }
    ]


def test_every_port_is_asked_for_by_naming_none() -> None:
    found = change(engine_of(CLIENT, SERVER, DENY_IN), "shop/client", "shop/server", port=None)
    (spec,) = specs(found)
    assert "ports" not in spec["ingress"][0]


def test_addresses_outside_are_named_by_blocks() -> None:
    closed = policy("podSelector: {}\npolicyTypes: [Egress]", name="closed")
    found = change(engine_of(CLIENT, closed), "shop/client", "192.0.2.0/24")
    (spec,) = specs(found)
    assert spec["egress"][0]["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]
    assert found is not None
    assert found.others == ()


def test_pods_that_share_all_labels_gain_the_flow_too_and_are_told() -> None:
    twin = pod("twin", app="server")
    found = change(engine_of(CLIENT, SERVER, twin, DENY_IN), "shop/client", "shop/server")
    assert found is not None
    assert [(r.change, r.src, r.dst) for r in found.others] == [(Change.GAINED, "shop/client[Pod]", "shop/twin[Pod]")]


def test_pods_that_have_a_label_more_are_left_out_by_it() -> None:
    canary = pod("canary", app="server", track="canary")
    found = change(engine_of(CLIENT, SERVER, canary, DENY_IN), "shop/client", "shop/server")
    (spec,) = specs(found)
    assert spec["podSelector"] == {
        "matchLabels": {"app": "server"},
        "matchExpressions": [{"key": "track", "operator": "DoesNotExist"}],
    }
    assert found is not None
    assert found.others == ()


def node(name: str, address: str) -> str:
    shown = f"{{addresses: [{{type: InternalIP, address: {address}}}]}}"
    return f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\nstatus: {shown}"


def on(name: str, text: str) -> str:
    return text.replace("hostNetwork", f"nodeName: {name}\n  hostNetwork")


def test_what_nodes_lose_where_a_pod_is_newly_isolated_is_listed() -> None:
    # types.go: a pod that a policy selects is isolated, and its own node alone is let in all the same.
    baseline = """
        apiVersion: policy.networking.k8s.io/v1alpha1
        kind: BaselineAdminNetworkPolicy
        metadata: {name: default}
        spec: {subject: {namespaces: {}}, ingress: [{name: rest, action: Deny, from: [{namespaces: {}}]}]}
    """
    nodes = node("n1", "10.0.0.4"), node("n2", "10.0.0.5")
    found = change(engine_of(*nodes, on("n1", CLIENT), on("n2", SERVER), baseline), "shop/client", "shop/server")
    assert found is not None
    lost = {(r.src, r.dst) for r in found.others if r.change is Change.LOST}
    assert ("node/n1[Node]", "shop/server[Pod]") in lost
    assert not any(src == "node/n2[Node]" for src, _ in lost)


def test_a_way_to_a_node_adds_none_to_others() -> None:
    closed = policy("podSelector: {}\npolicyTypes: [Egress]", name="closed")
    nodes = node("n1", "10.0.0.4"), node("n2", "10.0.0.5")
    found = change(engine_of(*nodes, on("n1", CLIENT), closed), "shop/client", "node/n2")
    assert found is not None
    assert found.others == ()


def test_a_pod_that_is_newly_isolated_is_told_with_what_it_loses() -> None:
    closed = policy("podSelector: {matchExpressions: [{key: extra, operator: Exists}]}\npolicyTypes: [Ingress]")
    server = pod("server", app="server", **{"controller-uid": "1", "extra": "x"})
    twin = pod("twin", app="server")
    found = change(engine_of(CLIENT, OTHER, server, twin, closed), "shop/client", "shop/server")
    (spec,) = specs(found)
    assert spec["podSelector"] == {"matchLabels": {"extra": "x"}}
    assert found is not None
    assert found.isolated == ()
    by_generated = policy("podSelector: {matchLabels: {controller-uid: '1'}}\npolicyTypes: [Ingress]")
    server = pod("server", app="server", **{"controller-uid": "1"})
    found = change(engine_of(CLIENT, OTHER, server, twin, by_generated), "shop/client", "shop/server")
    assert found is not None
    assert [(i.workload.name, i.direction) for i in found.isolated] == [("twin", Direction.INGRESS)]
    lost = {(r.src, r.dst) for r in found.others if r.change is Change.LOST}
    assert ("shop/other[Pod]", "shop/twin[Pod]") in lost


def test_the_same_subject_for_both_directions_needs_one_policy() -> None:
    owner = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]"
    pods = [pod(f"db-{i}", app="db").replace("labels:", f"{owner}, labels:") for i in range(2)]
    found = change(engine_of(*pods, DENY_ALL), "shop/db", "shop/db")
    assert [s["policyTypes"] for s in specs(found)] == [["Egress", "Ingress"]]


def test_the_name_is_not_one_that_is_taken() -> None:
    taken = policy("podSelector: {}\npolicyTypes: [Ingress]", name="allow-server-from-client")
    found = change(engine_of(CLIENT, SERVER, taken), "shop/client", "shop/server")
    assert found is not None
    assert yaml.safe_load(found.policies[0])["metadata"]["name"] == "allow-server-from-client-2"


def test_an_unsettled_answer_is_not_hidden() -> None:
    # Whether an ipBlock means a pod is not settled, so nobody knows whether the flow is denied.
    client = CLIENT + "status: {phase: Running, podIP: 10.1.0.4}\n"
    block = policy("podSelector: {}\ningress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}]", name="block")
    unsure = profile("azure-npm").__class__(**{**_fields(), "ip_block_matches_pods": Known.UNKNOWN})
    found = change(engine_of(client, SERVER, block, profile=unsure), "shop/client", "shop/server")
    assert "settle" in refusal(found)


def _fields() -> Raw:
    return {name: getattr(KUBERNETES, name) for name in KUBERNETES.__slots__}


def test_a_rejected_policy_that_may_permit_the_flow_is_to_be_mended_first() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="broken")
    objects = [d for text in (CLIENT, SERVER, DENY_IN, broken) for d in yaml.safe_load_all(text) if d]
    engine = compile_engine(load(objects).snapshot)
    assert "shop/broken[NetworkPolicy] was rejected" in refusal(change(engine, "shop/client", "shop/server"))


def test_where_a_rule_denies_no_added_policy_can_help() -> None:
    first = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-clients}
spec:
  order: 1
  selector: app == 'server'
  types: [Ingress]
  ingress:
  - {action: Deny, source: {selector: app == 'client'}}
  - {action: Allow}
"""
    found = change(engine_of(CLIENT, SERVER, first), "shop/client", "shop/server")
    assert "no-clients[GlobalNetworkPolicy] spec.ingress[0]" in refusal(found)
    assert "no added NetworkPolicy can help" in refusal(found)


def test_an_engine_whose_blocks_mean_no_nodes_can_name_none() -> None:
    # "Cilium: ipBlock does not match nodes": no NetworkPolicy can permit a flow from another node's network.
    nodes = node("n1", "10.0.0.4"), node("n2", "10.0.0.5")
    agent = on("n1", pod("agent", app="agent", host=True))
    server = on("n2", SERVER)
    engine = engine_of(*nodes, agent, server, DENY_IN, profile=profile("cilium"))
    assert "can surely name a node" in refusal(change(engine, "shop/agent", "shop/server"))
    (spec,) = specs(change(engine_of(*nodes, agent, server, DENY_IN), "shop/agent", "shop/server"))
    assert spec["ingress"][0]["from"] == [{"ipBlock": {"cidr": "10.0.0.4/32"}}]


def test_a_text_that_is_no_valid_policy_is_not_read() -> None:
    with pytest.raises(ModelError):
        read_policies(
            "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: x}\nspec: {podSelector: 1}"
        )
    with pytest.raises(ModelError):
        read_policies("a: 1")


def smaller(policy: Raw) -> Iterator[Raw]:
    """The policy without each of its directions, rules, peers and ports; what loses its last peer or port goes."""
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        types = policy["spec"]["policyTypes"]
        if direction.capitalize() in types and len(types) > 1:  # an empty list would be the default, not nothing
            found = copy.deepcopy(policy)
            found["spec"]["policyTypes"].remove(direction.capitalize())
            yield found
        for i, rule in enumerate(policy["spec"].get(direction, ())):
            for field in (peers, "ports"):
                for j in range(len(rule.get(field) or [])):
                    found = copy.deepcopy(policy)
                    rules = found["spec"][direction]
                    del rules[i][field][j]
                    if not rules[i][field]:
                        del rules[i]
                    yield found


def told_between(found: SmallestChange, change: Change) -> Answers:
    """The other flows that a change adds or removes, as a lookup."""
    answers = Answers.__new__(Answers)
    answers.inside, answers.outside = defaultdict(lambda: defaultdict(list)), defaultdict(list)
    for row in found.others:
        before, after = row.old.allowed, row.new.allowed
        answers.add(row.src, row.dst, (after - before if change is Change.GAINED else before - after).to_json())
    return answers


@given(clusters(), st.data())
def test_it_does_what_it_says_and_nothing_smaller_would(objects: list[Raw], data: st.DataObject) -> None:
    """By the naive evaluator: the flow is allowed after it, the other flows are those that differ, each part counts."""
    engine, naive = engine_and_naive(objects, True, True)
    pods = sorted(naive.pods, key=name_of)
    assume(len(pods) > 1)
    mine = data.draw(st.sampled_from(pods))
    other = data.draw(st.sampled_from([*(p for p in pods if p != mine), *map(AddressEnd, ASKED_ADDRESSES)]))
    src, dst = data.draw(st.permutations([mine, other]))
    protocol, port = data.draw(st.sampled_from(PROTOCOLS)), data.draw(st.sampled_from(PROBED_PORTS))
    assume(not naive.allows(src, dst, protocol, port))
    ends = [parse_end(e.address if isinstance(e, AddressEnd) else name_of(e), engine.snapshot) for e in (src, dst)]
    found = smallest_change(engine, *ends, Protocol(protocol), port, read_policies)
    assert found is not None
    if found.refused:
        return
    added = [yaml.safe_load(text) for text in found.policies]

    def with_(policies: Iterable[Raw]) -> NaiveCluster:
        return NaiveCluster([*objects, *policies], ip_block_matches_pods=True, ip_block_matches_nodes=True)

    after = with_(added)
    assert after.allows(src, dst, protocol, port)
    for left_out in added:
        rest = [p for p in added if p is not left_out]
        assert not with_(rest).allows(src, dst, protocol, port)
        for less in smaller(left_out):
            assert not with_([*rest, less]).allows(src, dst, protocol, port), less
    gains, losses = (told_between(found, change) for change in (Change.GAINED, Change.LOST))
    for a, b in flows(naive):
        gained, lost = gains.ports(a, b), losses.ports(a, b)
        for each in PROTOCOLS:
            for number in PROBED_PORTS:
                if (a, b, each, number) == (src, dst, protocol, port):
                    continue
                was, is_ = naive.allows(a, b, each, number), after.allows(a, b, each, number)
                assert (is_ and not was) == within(gained.get(each, ()), number), (a, b, each, number)
                assert (was and not is_) == within(lost.get(each, ()), number), (a, b, each, number)


def within(spans: Iterable[Sequence[int]], number: int) -> bool:
    return any(first <= number <= last for first, last in spans)
