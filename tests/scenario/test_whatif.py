"""What-if for every kind of policy: an edit of the snapshot is the same edit of the raw objects."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.scenario import Change, PolicyEdit, edited, what_if
from lib.scenario.whatif import EditedPolicy
from tests.naive.clusters import PROTOCOLS, cilium_policies, cluster_policies, mixed_clusters, policies
from tests.naive.evaluator import NaiveCluster
from tests.policy.build import admin_policy, engine_of, load, pod, policy, snapshot_of, snapshot_of_yaml
from tests.policy.test_against_naive import PROBED_PORTS, agree, name_of

Raw = dict[str, Any]
WEB, DB = pod("web", app="web"), pod("db", app="db")
POLICY_KINDS = (
    "NetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
)


def held(snapshot: Snapshot) -> tuple[EditedPolicy, ...]:
    return (
        *snapshot.network_policies,
        *snapshot.cluster_policies,
        *snapshot.calico_policies,
        *snapshot.cilium_policies,
        *snapshot.staged_policies,
    )


def pairs_that_differ(before: NaiveCluster, after: NaiveCluster) -> set[tuple[str, str]]:
    return {
        (name_of(a), name_of(b))
        for a in before.pods
        for b in before.pods
        if a != b
        and any(
            before.words_by_family(a, b, protocol, port) != after.words_by_family(a, b, protocol, port)
            for protocol in PROTOCOLS
            for port in PROBED_PORTS
        )
    }


@given(mixed_clusters(), st.data())
def test_an_edit_of_any_kind_does_what_the_naive_evaluator_sees_in_the_edited_objects(
    objects: list[Raw], data: st.DataObject
) -> None:
    present = [o for o in objects if o["kind"] in POLICY_KINDS]
    dropped = data.draw(st.lists(st.sampled_from(present), unique_by=id, max_size=2)) if present else []
    kind = data.draw(st.sampled_from(["network", "cluster", "cilium"]))
    drawn = {"network": policies, "cluster": cluster_policies, "cilium": cilium_policies}[kind]
    number = data.draw(st.sampled_from([1, 7]))  # 1 may be there already: then it is edited
    new = data.draw(drawn(number).filter(lambda o: o["kind"] != "BaselineAdminNetworkPolicy"))
    if new.get("spec", {}).get("tier") == "Baseline":
        new["spec"]["tier"] = "Admin"  # beside a BaselineAdminNetworkPolicy the order would not be settled
    priority = new.get("spec", {}).get("priority")
    name = (new["kind"], new["metadata"].get("namespace"), new["metadata"]["name"])
    rest = [
        o
        for o in objects
        if (o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) != name and o not in dropped
    ]
    if priority is not None and any(o.get("spec", {}).get("priority") == priority for o in rest):
        new["spec"]["priority"] = 99
    profile = KUBERNETES.with_ip_blocks_matching_pods(True)
    engine = compile_engine(snapshot_of(objects), profile)
    (put,) = held(snapshot_of([new]))
    gone = tuple(p.ref for p in held(snapshot_of(dropped)) if p.ref != put.ref) if dropped else ()
    edit = PolicyEdit((put,), gone)
    after = compile_engine(edited(engine.snapshot, edit), profile)
    before_naive, after_naive = (NaiveCluster(o, ip_block_matches_pods=True) for o in (objects, [*rest, new]))
    agree(after, after_naive)
    told = {(r.src, r.dst) for r in what_if(engine, edit).rows(causes=False) if r.src_ref and r.dst_ref}
    assert told >= pairs_that_differ(before_naive, after_naive)


ADMIN = admin_policy("ingress: [{action: Deny, from: [{namespaces: {}}]}]", "wide")
CALICO = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: wide, namespace: shop}
spec: {selector: app == 'db', types: [Ingress], ingress: [{action: Deny}]}
"""
GLOBAL = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: wide}
spec: {selector: app == 'db', types: [Ingress], ingress: [{action: Deny}]}
"""
CILIUM = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: wide, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}
"""
CLUSTERWIDE = """
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: wide}
spec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}
"""
BASELINE = ADMIN.replace("AdminNetworkPolicy", "BaselineAdminNetworkPolicy").replace("  priority: 5\n", "")
BASELINE = BASELINE.replace("wide", "default")
CLUSTER = """
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: wide}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""
PLAIN = policy("podSelector: {matchLabels: {app: db}}\npolicyTypes: [Ingress]", name="wide")
KINDS = (PLAIN, ADMIN, BASELINE, CLUSTER, CALICO, GLOBAL, CILIUM, CLUSTERWIDE)


@pytest.mark.parametrize("text", KINDS)
def test_a_policy_of_every_kind_can_be_added_and_taken_out_again(text: str) -> None:
    engine = engine_of(WEB, DB)
    (added,) = held(snapshot_of_yaml(text))
    lost = {(r.change, r.src, r.dst) for r in what_if(engine, PolicyEdit((added,))).rows() if r.src_ref and r.dst_ref}
    assert (Change.LOST, "shop/web[Pod]", "shop/db[Pod]") in lost
    after = compile_engine(edited(engine.snapshot, PolicyEdit((added,))))
    gained = {(r.change, r.src, r.dst) for r in what_if(after, PolicyEdit(remove=(added.ref,))).rows() if r.dst_ref}
    assert (Change.GAINED, "shop/web[Pod]", "shop/db[Pod]") in gained
    assert held(edited(after.snapshot, PolicyEdit(remove=(added.ref,)))) == ()


def test_a_policy_takes_the_place_of_the_one_of_its_kind_and_name_only() -> None:
    snapshot = snapshot_of_yaml(WEB, DB, *KINDS)
    (narrower,) = snapshot_of_yaml(CALICO.replace("'db'", "'web'")).calico_policies
    after = edited(snapshot, PolicyEdit((narrower,)))
    assert [p for p in held(after) if p not in held(snapshot)] == [narrower]
    assert len(held(after)) == len(held(snapshot))


def test_a_staged_policy_can_be_put_in_and_changes_no_flow() -> None:
    staged = CALICO.replace("kind: NetworkPolicy", "kind: StagedNetworkPolicy")
    (found,) = snapshot_of_yaml(staged).staged_policies
    engine = engine_of(WEB, DB)
    assert edited(engine.snapshot, PolicyEdit((found,))).staged_policies == (found,)
    assert not what_if(engine, PolicyEdit((found,))).tally


def test_a_rejected_policy_can_be_mended_or_taken_out() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="wide")
    mended = policy("podSelector: {}\ningress: [{ports: [{port: 7000}]}]", name="wide")
    snapshot = load([o for text in (WEB, DB) for o in _raw(text)] + _raw(broken)).snapshot
    (new,) = snapshot_of_yaml(mended).network_policies
    after = edited(snapshot, PolicyEdit((new,)))
    assert (after.network_policies, after.rejected_policies) == ((new,), ())
    assert edited(snapshot, PolicyEdit(remove=(new.ref,))).rejected_policies == ()


def test_what_is_not_there_cannot_be_taken_out_whatever_its_kind() -> None:
    snapshot = snapshot_of_yaml(WEB, CALICO)
    with pytest.raises(ModelError):
        edited(snapshot, PolicyEdit(remove=(ObjectRef("shop", "wide", "NetworkPolicy"),)))
    gone = edited(snapshot, PolicyEdit(remove=(ObjectRef("shop", "wide", "CalicoNetworkPolicy"),)))
    assert gone.calico_policies == ()


def _raw(text: str) -> list[Raw]:
    return [d for d in yaml.safe_load_all(text) if d]
