"""Objects of two inputs compared: what counts as the same, wherever each was read from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib.loaders.assemble import assemble
from lib.loaders.bundle.write import write_bundle
from lib.loaders.manifests import InputFile, ReadResult, read_inputs
from lib.loaders.object_changes import FIELDS_TOLD, not_comparable, object_changes
from lib.model.object_change import ObjectChange
from lib.model.snapshot import Coverage, Snapshot
from tests.cluster.reading import loaded, read
from tests.cluster.replay import ReplayServer

Raw = dict[str, Any]
SERVICE: Raw = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]},
}


def files(*objects: Raw) -> ReadResult:
    """Objects as a file."""
    return read_inputs([InputFile("a.json", "\n".join(map(json.dumps, objects)).encode())])


def changes(old: ReadResult, new: ReadResult) -> list[ObjectChange]:
    """Everything that differs."""
    return list(object_changes(old, new))


def with_spec(obj: Raw, **spec: Any) -> Raw:
    """The object with other fields in its spec."""
    return {**obj, "spec": {**obj["spec"], **spec}}


def test_an_object_that_only_one_has_was_added_or_removed() -> None:
    (added,), (removed,) = changes(files(), files(SERVICE)), changes(files(SERVICE), files())
    assert (added.change, added.kind, added.namespace, added.name) == ("added", "Service", "shop", "web")
    assert removed.change == "removed"
    assert added.old_source is None and added.new_source is not None
    assert removed.new_source is None and removed.old_source is not None


def test_a_changed_field_is_named_with_both_values() -> None:
    ports = [{"name": "http", "port": 8080}, {"name": "admin", "port": 81}]
    (found,) = changes(files(SERVICE), files(with_spec(SERVICE, ports=ports)))
    assert (found.change, found.fields, found.more) == ("changed", ("spec.ports[http].port: 80 → 8080",), 0)


def test_items_with_names_are_compared_by_them_whatever_their_order() -> None:
    swapped = with_spec(SERVICE, ports=SERVICE["spec"]["ports"][::-1])
    assert changes(files(SERVICE), files(swapped)) == []


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_the_order_of_named_rules_counts_since_the_first_that_matches_decides(direction: str) -> None:
    rules = [{"name": name, "action": name.title(), "to": [{"namespaces": {}}]} for name in ("accept", "deny", "pass")]
    if direction == "ingress":
        rules = [{**{k: v for k, v in rule.items() if k != "to"}, "from": rule["to"]} for rule in rules]
    policy: Raw = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "all"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, direction: rules},
    }
    swapped = with_spec(policy, **{direction: [rules[1], rules[0], rules[2]]})
    (found,) = changes(files(policy), files(swapped))
    assert found.fields == (f"spec.{direction}: order accept, deny, pass → deny, accept, pass",)
    (found,) = changes(files(policy), files(with_spec(policy, **{direction: rules[1:]})))
    assert len(found.fields) == 1 and "[accept]" in found.fields[0]


def test_fields_over_the_bound_are_counted() -> None:
    selector = {f"l{number}": "x" for number in range(FIELDS_TOLD + 3)}
    (found,) = changes(files(with_spec(SERVICE, selector={})), files(with_spec(SERVICE, selector=selector)))
    assert (len(found.fields), found.more) == (FIELDS_TOLD, 3)


@pytest.mark.parametrize(
    "noise",
    [
        {"uid": "u-2", "resourceVersion": "9", "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 7},
        {"managedFields": [{"manager": "someone"}]},
        {"annotations": {"example.org/note": "said yesterday"}},
    ],
)
def test_what_the_server_writes_and_notes_are_no_change(noise: Raw) -> None:
    noisy = {**SERVICE, "metadata": {**SERVICE["metadata"], **noise}}
    assert changes(files(SERVICE), files(noisy)) == []


def test_a_note_that_networking_needs_is_a_change() -> None:
    key = "service.beta.kubernetes.io/azure-load-balancer-internal"
    noted = {**SERVICE, "metadata": {**SERVICE["metadata"], "annotations": {key: "true"}}}
    (found,) = changes(files(SERVICE), files(noted))
    assert key in found.fields[0]


def test_true_is_not_one() -> None:
    old, new = (files(with_spec(SERVICE, publishNotReadyAddresses=value)) for value in (True, 1))
    assert [c.change for c in changes(old, new)] == ["changed"]


def test_a_namespace_that_is_left_out_is_the_default_one() -> None:
    plain = {**SERVICE, "metadata": {"name": "web"}}
    named = {**SERVICE, "metadata": {"name": "web", "namespace": "default"}}
    assert changes(files(plain), files(named)) == []


def test_a_dump_a_live_reading_and_a_snapshot_of_one_cluster_are_the_same() -> None:
    server = ReplayServer.recorded()
    live = read(server)
    objects = [
        {"apiVersion": version, "kind": kind.removesuffix("List"), **item}
        for kind, version, items in server.lists.values()
        for item in items
    ]
    dump = files(*objects)
    bundle = read_inputs([InputFile("s.zip", write_bundle(live.read, loaded(live).snapshot.coverage))])
    assert len(live.read.objects) > 100
    assert changes(dump, live.read) == []
    assert changes(live.read, bundle) == []
    assert changes(bundle, dump) == []


def test_a_secret_is_compared_by_type_and_keys_and_no_value_is_told() -> None:
    def secret(**data: str) -> Raw:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "a"}, "data": data}

    assert changes(files(secret(key="aHVudGVyMg==")), files(secret(key="aHVudGVyMw=="))) == []
    (found,) = changes(files(secret(key="aHVudGVyMg==")), files(secret(other="aHVudGVyMg==")))
    assert "hunter2" not in repr(found) and "aHVudGVy" not in repr(found)


def test_an_object_that_nests_too_deep_is_told_and_no_traceback() -> None:
    deep: Any = "x"
    for _ in range(70):
        deep = {"a": deep}
    old, new = (files(with_spec(SERVICE, sessionAffinityConfig={"c": v})) for v in (deep, {"a": deep}))
    (found,) = changes(old, new)
    assert found.change == "changed"


def snapshot(**coverage: Coverage) -> Snapshot:
    """A snapshot of which only the coverage counts."""
    return Snapshot(coverage=coverage)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (Coverage.COMPLETE, Coverage.COMPLETE, ()),
        (Coverage.PARTIAL, Coverage.NOT_SUPPLIED, ()),
        (Coverage.COMPLETE, Coverage.NOT_SUPPLIED, ("Pod",)),
        (Coverage.REFUSED, Coverage.COMPLETE, ("Pod",)),
        (Coverage.COMPLETE, Coverage.UNFINISHED, ("Pod",)),
    ],
)
def test_a_kind_that_one_side_lacks_for_certain_is_not_compared(
    old: Coverage, new: Coverage, said: tuple[str, ...]
) -> None:
    assert not_comparable(snapshot(Pod=old), snapshot(Pod=new)) == said
    assert not_comparable(snapshot(Pod=new), snapshot(Pod=old)) == said


def test_kinds_that_are_left_out_are_in_no_row() -> None:
    assert list(object_changes(files(), files(SERVICE), ("Service",))) == []
    assert assemble(files(SERVICE), title="x").snapshot.services
