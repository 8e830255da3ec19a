"""A comparison against both lists of flows, and what it says of each difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.facts.engines import Known
from lib.flows import FlowRow, RowVerdict, flow_rows
from lib.flows.nodes import named
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.sets import ConnectionSet, Protocol, parse_address
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES, profile
from lib.scenario import NOTHING, Advisor, Change, Diff, FlowAnswer, FlowChange, PolicyEdit, diff, edited, what_if
from lib.tables.changes import cause_rows, flow_change_rows
from tests.naive.clusters import clusters, owned_clusters
from tests.naive.draw.workloads import NODES
from tests.policy.build import engine_of, namespace, pod, policy, snapshot_of, snapshot_of_yaml

Raw = dict[str, Any]
OUTSIDE = "[External]"
UNSURE = replace(
    KUBERNETES,
    ip_block_matches_pods=Known.UNKNOWN,
    ip_block_matches_nodes=Known.YES,
    own_node_egress_allowed=Known.UNKNOWN,
)
PROFILES = (KUBERNETES, profile("azure-npm"), profile("cilium"), profile("none"), UNSURE)


Ends = tuple[str, str]


def split(src: str, dst: str) -> tuple[Ends, tuple[int, int, int]]:
    """The pair with its outside end by a common name, and that end's family with the first and last address."""
    outside = next((end for end in (src, dst) if end.endswith(OUTSIDE)), "")
    pair = (OUTSIDE if src == outside else src, OUTSIDE if dst == outside else dst)
    if not outside:
        return pair, (0, 0, 0)
    first, last = map(parse_address, outside.removesuffix(OUTSIDE).split("-"))
    return pair, (first.version, int(first), int(last))


class Listed:
    """A list of flows, to be asked what a pair has at an outside address."""

    def __init__(self, rows: Iterable[FlowRow]) -> None:
        self.held: dict[Ends, list[tuple[tuple[int, int, int], FlowRow]]] = defaultdict(list)
        for row in rows:
            pair, where = split(row.src, row.dst)
            self.held[pair].append((where, row))

    def at(self, pair: Ends, family: int, address: int) -> FlowAnswer:
        ports = dict.fromkeys(RowVerdict, ConnectionSet())
        only_ipv4 = only_ipv6 = ConnectionSet()
        for (version, first, last), row in self.held.get(pair, ()):
            if version == family and first <= address <= last:
                assert not ports[row.verdict]
                ports[row.verdict] = row.ports
                only_ipv4, only_ipv6 = only_ipv4 | row.only_ipv4, only_ipv6 | row.only_ipv6
        return FlowAnswer(*ports.values(), only_ipv4, only_ipv6)


def is_about(row: FlowRow, names: Collection[str]) -> bool:
    """Whether a row is not about a node, or about one of ``names``."""
    return all(not end.startswith("node/") or end in map(named, names) for end in (row.src, row.dst))


def nodes_in(end: str, names: Collection[str]) -> list[str]:
    """The nodes that an end of a row stands for; other ends as they are."""
    everyone, but, left_out = end.partition(" but ")
    if everyone == f"all {len(names)} nodes":
        return [named(name) for name in names if not but or named(name) not in left_out.split(", ")]
    assert " more" not in end
    return end.split(", ") if end.startswith("node/") else [end]


def told_apart(old: Engine, new: Engine, pair: Ends) -> bool:
    """Whether what a pair differs in is told by itself: pods and their own nodes under two engines."""
    differ = old.profile.own_node_egress_allowed is not new.profile.own_node_egress_allowed
    return old.snapshot is new.snapshot and differ and pair[1].startswith("node/")


def check(old: Engine, new: Engine) -> Diff:
    """The comparison of two engines, held against both lists of flows at every address where an answer may change."""
    found = diff(old, new)
    names = [n.name for n in old.snapshot.nodes if n.name in {m.name for m in new.snapshot.nodes}]
    before, after = (Listed(r for r in flow_rows(e, nodes=True) if is_about(r, names)) for e in (old, new))
    rows = list(found.rows())
    changes: dict[Ends, list[tuple[tuple[int, int, int], FlowChange]]] = defaultdict(list)
    for row in rows:
        for src, dst in product(nodes_in(row.src, names), nodes_in(row.dst, names)):
            pair, where = split(src, dst)
            changes[pair].append((where, row))
    for pair in before.held.keys() | after.held.keys() | changes.keys():
        if told_apart(old, new, pair):
            continue
        ranges = [where for listed in (before, after) for where, _ in listed.held.get(pair, ())]
        ranges += [where for where, _ in changes.get(pair, ())]
        points = {(version, at) for version, first, last in ranges for at in (first, last + (version > 0))}
        for version, address in points:
            was, is_now = (listed.at(pair, version, address) for listed in (before, after))
            said = [row for (v, first, last), row in changes[pair] if v == version and first <= address <= last]
            if not said and left_out(found, version) and (was.unknown or is_now.unknown):
                continue
            assert [(row.old, row.new) for row in said] == ([] if was == is_now else [(was, is_now)]), pair
    assert found.tally.total == Counter(row.change for row in rows)
    return found


def left_out(found: Diff, version: int) -> bool:
    """Whether what is not settled for outside addresses of a family need not be listed: the cluster has none such."""
    if version == 0 or found.old.snapshot is not found.new.snapshot:
        return False
    seen = {a.version for p in found.old.snapshot.pods for a in (*p.ips, *p.host_ips)}
    return bool(seen) and version not in seen


@st.composite
def with_nodes(draw: st.DrawFn, held: st.SearchStrategy[list[Raw]]) -> list[Raw]:
    """Clusters, some with some of the Nodes that their pods run on."""
    names = draw(st.lists(st.sampled_from(sorted(NODES)), unique=True))
    addresses = {name: [{"type": "InternalIP", "address": ip} for ip in NODES[name]] for name in names}
    nodes = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses[name]}}
        for name in names
    ]
    return [*draw(held), *nodes]


@given(with_nodes(clusters()), with_nodes(clusters()), st.sampled_from(PROFILES))
def test_two_inputs_differ_exactly_where_their_flows_do(before: list[Raw], after: list[Raw], chosen: Any) -> None:
    old, new = (compile_engine(snapshot_of(objects), chosen) for objects in (before, after))
    check(old, new)


@given(with_nodes(clusters() | owned_clusters()), st.sampled_from(PROFILES), st.sampled_from(PROFILES))
def test_two_engines_differ_exactly_where_their_flows_do(objects: list[Raw], one: Any, other: Any) -> None:
    snapshot = snapshot_of(objects)
    check(compile_engine(snapshot, one), compile_engine(snapshot, other))


@given(with_nodes(clusters() | owned_clusters()), st.sampled_from(PROFILES))
def test_nothing_differs_from_itself(objects: list[Raw], chosen: Any) -> None:
    snapshot = snapshot_of(objects)
    found = diff(compile_engine(snapshot, chosen), compile_engine(snapshot, chosen))
    assert list(found.rows()) == []
    assert not found.tally


@given(clusters(), clusters())
def test_the_other_way_round_gained_is_lost(before: list[Raw], after: list[Raw]) -> None:
    old, new = (compile_engine(snapshot_of(objects)) for objects in (before, after))
    there, back = diff(old, new).tally.total, diff(new, old).tally.total
    assert there[Change.GAINED] == back[Change.LOST]
    assert there[Change.LOST] == back[Change.GAINED]
    assert there[Change.CHANGED] == back[Change.CHANGED]


WEB, DB = pod("web", app="web"), pod("db", app="db")
DENY = policy("podSelector: {}\npolicyTypes: [Ingress]", name="deny")
LET_IN = policy(
    "podSelector: {matchLabels: {app: db}}\ningress: [{from: [{podSelector: {matchLabels: {app: web}}}], "
    "ports: [{port: 5432}]}]",
    name="let-web-in",
)


def between(old: list[str], new: list[str], src: str = "shop/web[Pod]", dst: str = "shop/db[Pod]") -> FlowChange:
    found = check(engine_of(*old), engine_of(*new))
    (row,) = (r for r in found.rows() if (r.src, r.dst) == (src, dst))
    return row


def causes(row: FlowChange) -> list[tuple[str, str, str, str]]:
    return [(c.reading, c.policy.name, c.effect, c.rule) for c in row.causes]


def test_a_lost_flow_names_the_policy_that_was_added() -> None:
    row = between([WEB, DB], [WEB, DB, DENY])
    assert row.change is Change.LOST
    assert causes(row) == [("new", "deny", "isolates", "")]


def test_a_gained_flow_names_the_rule_that_was_added_and_not_the_policy_that_isolates_in_both() -> None:
    row = between([WEB, DB, DENY], [WEB, DB, DENY, LET_IN])
    assert row.change is Change.GAINED
    assert causes(row) == [("new", "let-web-in", "permits", "spec.ingress[0]")]
    assert str(row.new) == "TCP 5432"


def test_an_edited_rule_is_named_in_both_readings() -> None:
    row = between([WEB, DB, LET_IN], [WEB, DB, LET_IN.replace("5432", "5433")])
    assert row.change is Change.CHANGED
    assert [(c[0], c[2]) for c in causes(row)] == [("old", "permits"), ("new", "permits")]


def test_a_rule_that_no_longer_matches_is_named_where_it_matched() -> None:
    peer = "{namespaceSelector: {matchLabels: {team: a}}, podSelector: {}}"
    rule = policy(f"podSelector: {{matchLabels: {{app: db}}}}\ningress: [{{from: [{peer}]}}]", name="team-a")
    row = between([namespace("shop", team="a"), WEB, DB, rule], [namespace("shop", team="b"), WEB, DB, rule])
    assert row.change is Change.LOST
    assert ("old", "team-a", "permits", "spec.ingress[0]") in causes(row)


def test_a_removed_workload_is_said() -> None:
    found = check(engine_of(WEB, DB), engine_of(WEB))
    assert [str(ref) for ref in found.removed] == ["shop/db[Pod]"]
    assert {said for row in found.rows() for said in row.workloads} == {"shop/db[Pod] was removed"}
    assert found.tally.between[("shop", "shop")] == {Change.LOST: 2}


def counted(old: list[str], new: list[str]) -> dict[str, dict[str, object]]:
    """The counts of each cause that a table has, by the cause's words."""
    rows = cause_rows(check(engine_of(*old), engine_of(*new)).rows(), lambda source: "old", lambda source: "new")
    return {str(row["because"]): {c: n for c, n in row.items() if c != "because" and n} for row in rows}


def test_every_flow_counts_with_each_policy_that_has_a_part_in_it() -> None:
    """Each of the two pods is reached by the other and by addresses outside, of IPv4 and of IPv6: six flows."""
    denied = "new: shop/deny[NetworkPolicy] isolates (new)"
    assert counted([WEB, DB], [WEB, DB, DENY]) == {denied: {"lost": 6}}
    permitted = "new: shop/let-web-in[NetworkPolicy] spec.ingress[0] permits (new)"
    assert counted([WEB, DB], [WEB, DB, DENY, LET_IN]) == {
        denied: {"lost": 5, "changed": 1},
        "new: shop/let-web-in[NetworkPolicy] isolates (new)": {"lost": 2, "changed": 1},
    }
    assert counted([WEB, DB, DENY], [WEB, DB, DENY, LET_IN]) == {permitted: {"gained": 1}}


def test_flows_of_a_workload_that_went_count_with_it() -> None:
    assert set(counted([WEB, DB], [WEB])) == {"shop/db[Pod] was removed"}
    assert counted([WEB, DB], [WEB, DB]) == {}


def test_an_answer_that_becomes_unknown_stands_apart() -> None:
    block = policy("podSelector: {matchLabels: {app: db}}\ningress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")
    snapshot = snapshot_of_yaml(WEB, DB, block)
    found = check(compile_engine(snapshot, profile("cilium")), compile_engine(snapshot, profile("calico")))
    (row,) = (r for r in found.rows() if r.dst == "shop/db[Pod]" and r.src == "shop/web[Pod]")
    assert row.change is Change.UNKNOWN
    assert row.old == NOTHING
    assert row.new.unknown.is_all
    assert "Calico" in row.notes[0]


FROM_PORTS = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {selector: app == 'db', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {ports: ['1:100']}}]}
"""


@pytest.mark.parametrize("change", [("1:100", "1:200"), ("app == 'db'", "all()")])
def test_what_is_unknown_in_both_and_for_other_reasons_is_said_not_to_be_compared(change: tuple[str, str]) -> None:
    found = diff(engine_of(WEB, DB, FROM_PORTS), engine_of(WEB, DB, FROM_PORTS.replace(*change)))
    assert "the source port of the connection" in found.unsettled


def test_what_is_unknown_in_both_for_the_same_reason_is_equal() -> None:
    found = diff(engine_of(WEB, DB, FROM_PORTS), engine_of(DB, WEB, FROM_PORTS))
    assert (found.unsettled, list(found.rows())) == ("", [])


def test_only_rows_with_an_end_in_the_chosen_namespaces_are_listed() -> None:
    other = pod("other", namespace="far")
    found = diff(engine_of(WEB, other), engine_of(WEB, other, DENY))
    assert {r.src for r in found.rows({"far"}, causes=False) if r.src_ref} == {"far/other[Pod]"}


def test_what_if_is_the_comparison_with_the_edited_policies() -> None:
    engine = engine_of(WEB, DB, DENY)
    (let_in,) = snapshot_of_yaml(LET_IN).network_policies
    deny = ObjectRef("shop", "deny", "NetworkPolicy")
    (row,) = (r for r in what_if(engine, PolicyEdit(put=(let_in,))).rows() if r.src == "shop/web[Pod]")
    assert (row.change, row.dst) == (Change.GAINED, "shop/db[Pod]")
    after = edited(engine.snapshot, PolicyEdit(put=(let_in,), remove=(deny,)))
    assert [p.ref.name for p in after.network_policies] == ["let-web-in"]
    assert what_if(engine, PolicyEdit(remove=(deny,))).tally.total[Change.LOST] == 0
    widened = replace(let_in, rules=())
    again = edited(after, PolicyEdit(put=(widened,)))
    assert again.network_policies == (widened,)


@pytest.mark.parametrize("twice", [True, False])
def test_an_edit_that_cannot_be_made_is_refused(twice: bool) -> None:
    engine = engine_of(WEB, DB, DENY)
    (deny,) = engine.snapshot.network_policies
    other = ObjectRef("shop", "no-such", "NetworkPolicy")
    with pytest.raises(ModelError):
        what_if(engine, PolicyEdit((deny,), (deny.ref,)) if twice else PolicyEdit(remove=(other,)))


NODE_BLOCK = """
podSelector: {}
policyTypes: [Egress]
egress: [{to: [{ipBlock: {cidr: 10.240.0.0/16}}], ports: [{port: 10250}]}]
"""


def placed_nodes(count: int) -> list[str]:
    return [
        f"apiVersion: v1\nkind: Node\nmetadata: {{name: n{i}}}\n"
        f"status: {{addresses: [{{type: InternalIP, address: 10.240.0.{i}}}]}}"
        for i in range(1, count + 1)
    ]


def test_what_an_ip_block_lets_through_to_nodes_is_lost_where_blocks_mean_no_nodes() -> None:
    # migrate-from-npm-to-cilium-network-policy.md: under NPM an ipBlock allows egress to pods and nodes, under Cilium
    # "Network policies can't use ipBlock to allow access to node or pod IPs".
    runs_on_one = pod("metrics").replace("spec:\n", "spec:\n  nodeName: n1\n")
    snapshot = snapshot_of_yaml(*placed_nodes(6), runs_on_one, policy(NODE_BLOCK))
    found = diff(compile_engine(snapshot, profile("azure-npm")), compile_engine(snapshot, profile("cilium")))
    (row,) = (r for r in found.rows() if r.node)
    assert (row.change, row.src, row.dst) == (Change.LOST, "shop/metrics[Pod]", "all 6 nodes but node/n1[Node]")
    assert (str(row.old), str(row.new)) == ("TCP 10250", "none")
    (cause,) = row.causes
    assert (cause.reading, str(cause.policy), cause.effect, cause.rule) == (
        "old",
        "shop/policy[NetworkPolicy]",
        "permits",
        "spec.egress[0]",
    )
    (advice,) = Advisor(found.old, found.new).advise(row)
    assert advice.switch == "ip_block_matches_nodes"
    assert found.tally.between["shop", "nodes"][Change.LOST] == 1


def test_a_policy_that_isolates_a_pod_keeps_all_nodes_out_but_its_own() -> None:
    # "Traffic to and from the node where a Pod is running is always allowed" (kubernetes.io, Network Policies).
    web = pod("web").replace("spec:\n", "spec:\n  nodeName: n1\n")
    old = engine_of(*placed_nodes(2), web)
    new = engine_of(*placed_nodes(2), web, policy("podSelector: {}\npolicyTypes: [Ingress]", "closed"))
    (row,) = (r for r in diff(old, new).rows() if r.node)
    assert (row.change, row.src, row.dst) == (Change.LOST, "node/n2[Node]", "shop/web[Pod]")
    assert [(c.reading, str(c.policy), c.effect) for c in row.causes] == [
        ("new", "shop/closed[NetworkPolicy]", "isolates")
    ]


def test_that_no_node_is_compared_is_said() -> None:
    snapshot = snapshot_of_yaml(pod("web"), policy(NODE_BLOCK))
    found = diff(compile_engine(snapshot, profile("azure-npm")), compile_engine(snapshot, profile("cilium")))
    assert "The input holds no Node" in found.left_out


def test_nodes_that_only_one_reading_has_are_said_not_to_be_compared() -> None:
    closed = policy("podSelector: {}\npolicyTypes: [Ingress]", "closed")
    found = diff(engine_of(*placed_nodes(2), pod("web")), engine_of(*placed_nodes(6), pod("web"), closed))
    assert "nodes that only one of the two has is not compared: n3, n4, n5 and 1 more." in found.left_out
    same = diff(engine_of(*placed_nodes(2), pod("web")), engine_of(*placed_nodes(2), pod("web"), closed))
    assert same.left_out == ""


def test_that_nothing_is_compared_with_nodes_where_there_are_none_is_said_once() -> None:
    """Of two inputs, and of one with an edit; without policies there is nothing that could differ."""
    closes = policy("podSelector: {}", name="closes")
    old, new = engine_of(WEB), engine_of(WEB, closes)
    assert diff(old, new).left_out == "No Node was given: what pods exchange with nodes is not compared."
    assert diff(old, engine_of(WEB)).left_out == ""
    edit = PolicyEdit(put=new.snapshot.network_policies)
    assert what_if(old, edit).left_out == "No Node was given: what pods exchange with nodes is not compared."
    nodes = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
    assert diff(engine_of(WEB, nodes), engine_of(WEB, closes, nodes)).left_out == ""


def test_rules_that_stay_open_are_compared_also_where_the_engine_has_other_settings() -> None:
    def reading(group: str, *settings: str) -> Engine:
        to_group = f"""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: p, namespace: shop}}
spec: {{endpointSelector: {{}}, egress: [{{toCIDRSet: [{{cidrGroupRef: {group}}}]}}]}}
"""
        return engine_of(WEB, DB, to_group, *settings, profile=profile("cilium"))

    told = """
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {enable-sctp: "true"}
"""
    found = diff(reading("one"), reading("two", told))
    assert "one" in found.unsettled and "two" in found.unsettled and "not in the input" in found.unsettled


def test_what_was_for_all_pods_and_is_for_some_is_told_on_both_sides() -> None:
    http, https, every = (ConnectionSet.of(Protocol.TCP, port) for port in (80, 443, 8080))
    old, new = FlowAnswer(http | https | every), FlowAnswer(every, partial=http | https, only_ipv6=https)
    assert (old.beside(new), new.beside(old)) == (
        "TCP 8080; TCP 80 (all pods); TCP 443 (over both IP families)",
        "TCP 8080; TCP 80 (some pods); TCP 443 (over IPv6 alone)",
    )


def test_no_two_sides_of_a_change_read_the_same() -> None:
    """A policy that selects one of two pods of a StatefulSet: all ports stay, for some pods."""
    owner = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]"
    pods = [pod(f"db-{i}", index=str(i)).replace("labels:", f"{owner}, labels:") for i in range(2)]
    closes = policy("podSelector: {matchLabels: {index: '0'}}\npolicyTypes: [Ingress]", "closes")
    rows = flow_change_rows(diff(engine_of(WEB, *pods), engine_of(WEB, *pods, closes)).rows(), str, str)
    found = {(row["from"], row["to"]): (row["change"], row["old"], row["new"]) for row in rows}
    assert found["shop/web[Pod]", "shop/db[StatefulSet]"] == (
        "changed",
        "all ports (all pods)",
        "all ports (some pods) 1/2",
    )
    assert all(old != new for _, old, new in found.values())
