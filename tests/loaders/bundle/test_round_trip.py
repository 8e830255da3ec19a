# ruff: noqa: E501
"""A snapshot gives the model, the coverage and the Problems of what it was made from."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from hypothesis import given

from benchmarks.generate import cluster
from benchmarks.shape import Shape
from lib.loaders.assemble import assemble
from lib.loaders.bundle.write import write_bundle
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.snapshot import Coverage
from tests.conftest import ROOT
from tests.loaders.bundle.again import Twice, bare, differences, load, text, told, twice
from tests.naive.clusters import Raw, calico_clusters, hosted_clusters, mixed_clusters, owned_clusters

CORPUS = os.environ.get("NETATLAS_CORPUS", "")
SUFFIXES = (".yaml", ".yml", ".json")
SAMPLES = sorted({path.parent for path in (ROOT / "sample_data").rglob("*.yaml")})

POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: a}\nspec: {containers: [{name: c}]}\n"
BROKEN = {
    "a broken document among others": f"{POD}---\na: [1\n---\n{POLICY}spec: {{podSelector: {{}}}}\n",
    "a policy in what can't be read": f"{POD}---\n{POLICY}spec: {{podSelector: {{}}\n",
    "a policy that the server refuses": f"{POD}---\n{POLICY}spec: {{podSelector: {{}}, egres: []}}\n",
    "an unquoted letter where a text belongs": POD.replace("name: x", "name: x, labels: {b: y}"),
    "an unquoted letter where a boolean belongs": POD.replace("spec: {", "spec: {hostNetwork: y, "),
    "a number that is none": POD.replace("name: c", "name: c, ports: [{containerPort: .nan}]"),
    "two letters of other scripts": POD.replace(
        "name: x", "name: x, labels: {b: y, 'c/d': \"\\u2028\\x85\\U0001F600\"}"
    ),
    "an object without a name": "apiVersion: v1\nkind: Service\nmetadata: {}\nspec: {ports: [{port: 80}]}\n",
    "an object without a version": f"{POD}---\nkind: NetworkPolicy\nmetadata: {{name: q, namespace: a}}\n",
    "containers that are no list": POD.replace("[{name: c}]", "hunter"),
    "a spec that is a list": POD.replace("{containers: [{name: c}]}", "[1]"),
    "a metadata that is a text": POD.replace("{name: x, namespace: a}", "words"),
    "a port without a number": POD.replace("name: c", "name: c, ports: [{ContainerPort: 80}]"),
    "an annotation with a wrong key": POLICY.replace("name: p", "name: p, annotations: {'a b': c}")
    + "spec: {podSelector: {}}\n",
    "an annotation that is a number": POLICY.replace("name: p", "name: p, annotations: {a: 1}")
    + "spec: {podSelector: {}}\n",
    "a version that is no longer served": "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: i}\nspec: {}\n",
    "a kind that is nearly one that is read": POLICY.replace("NetworkPolicy", "NetworkPolicys"),
    "kinds that are not read": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: only-here}\ndata: {a: b}\n",
    "a Secret": "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: s, namespace: a}\ndata: {tls.crt: eA==}\n",
    "a Secret without a name": "apiVersion: v1\nkind: Secret\nmetadata: {namespace: a}\ndata: {k: eA==}\n",
    "a Calico policy of an unknown tier": (
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: t.p, namespace: a}\n"
        "spec: {tier: t, selector: all()}\n"
    ),
    "a template with the wrong parts": (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\n"
        "spec: {jobTemplate: {spec: {template: {metadata: {labels: {a: b}}, spec: [1]}}}}\n"
    ),
    "a workload without a template": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 2}\n",
}


def same(found: Twice) -> None:
    assert not differences(bare(found.before.snapshot), bare(found.after.snapshot))
    assert told(found.before) == told(found.after)


def files_of(folder: Path) -> list[InputFile]:
    return [InputFile(str(p), p.read_bytes()) for p in sorted(folder.iterdir()) if p.suffix in SUFFIXES]


def stream(objects: Iterator[Raw] | list[Raw]) -> list[InputFile]:
    return [InputFile("a.json", "\n".join(map(json.dumps, objects)).encode())]


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("complete", [False, True])
def test_samples_are_the_same(folder: Path, complete: bool) -> None:
    same(twice(files_of(folder), complete))


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_told_again(content: str) -> None:
    same(twice(text(content)))


def test_a_generated_cluster_is_the_same() -> None:
    same(twice(stream(cluster(Shape(workloads=60, pods_per_workload=2)))))


@given(mixed_clusters())
def test_clusters_with_every_kind_of_policy_are_the_same(objects: list[Raw]) -> None:
    same(twice(stream(objects)))


@given(calico_clusters())
def test_clusters_with_calicos_policies_are_the_same(objects: list[Raw]) -> None:
    same(twice(stream(objects)))


@given(hosted_clusters())
def test_clusters_with_host_endpoints_are_the_same(objects: list[Raw]) -> None:
    same(twice(stream(objects)))


@given(owned_clusters())
def test_clusters_with_owners_are_the_same(objects: list[Raw]) -> None:
    same(twice(stream(objects)))


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS and not os.environ.get("CI"), reason="NETATLAS_CORPUS names no folder")
def test_public_cases_are_the_same() -> None:
    folders = sorted({path.parent for path in Path(CORPUS).rglob("*") if path.suffix in SUFFIXES})
    assert folders
    for folder in folders:
        same(twice(files_of(folder)))


@pytest.mark.parametrize("stated", list(Coverage))
def test_every_state_of_coverage_survives(stated: Coverage) -> None:
    read, _ = load(text(POD))
    coverage = {"Service": stated, "NetworkPolicy": stated, "Pod": Coverage.PARTIAL}
    data = write_bundle(read, coverage)
    _, after = load([InputFile("s.zip", data)])
    assert {kind: after.snapshot.coverage[kind] for kind in coverage} == coverage


def test_everything_is_complete_when_somebody_says_so_but_for_what_was_refused() -> None:
    read, _ = load(text(POD))
    data = write_bundle(read, {"Service": Coverage.REFUSED, "Pod": Coverage.PARTIAL})
    _, after = load([InputFile("s.zip", data)], assume_complete=True)
    assert after.snapshot.coverage_of("Service") is Coverage.REFUSED
    assert {c for k, c in after.snapshot.coverage.items() if k != "Service"} == {Coverage.COMPLETE}


def test_objects_beside_a_snapshot_add_to_what_it_states() -> None:
    read, _ = load(text(POD))
    data = write_bundle(read, {"Service": Coverage.NOT_SUPPLIED, "Ingress": Coverage.REFUSED})
    services = {"apiVersion": "v1", "kind": "ServiceList", "metadata": {"resourceVersion": "1"}, "items": []}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"}, "spec": {}}
    _, after = load([InputFile("s.zip", data), *stream([services, ingress])])
    assert after.snapshot.coverage_of("Service") is Coverage.COMPLETE
    assert after.snapshot.coverage_of("Ingress") is Coverage.REFUSED


def test_a_snapshot_of_a_snapshot_is_the_same_but_for_the_names_of_files() -> None:
    found = twice(files_of(ROOT / "sample_data" / "shop"))
    again = twice([InputFile("snapshot.zip", found.data)])
    same(again)
    assert not differences(bare(found.before.snapshot), bare(again.after.snapshot))


def test_an_unpacked_snapshot_is_read_as_the_packed_one(tmp_path: Path) -> None:
    found = twice(files_of(ROOT / "sample_data" / "shop"))
    with zipfile.ZipFile(BytesIO(found.data)) as archive:
        archive.extractall(tmp_path)
    loose = [InputFile(str(p), p.read_bytes()) for p in sorted(tmp_path.rglob("*.json"))]
    _, after = load(loose)
    assert not differences(bare(found.after.snapshot), bare(after.snapshot))


def test_the_same_input_gives_the_same_bytes() -> None:
    files = files_of(ROOT / "sample_data" / "shop")
    assert twice(files).data == twice(files).data


def test_every_answer_leads_to_a_line_of_the_snapshot_that_has_it() -> None:
    data = twice(files_of(ROOT / "sample_data" / "shop")).data
    read = read_inputs([InputFile("snapshot.zip", data)])
    loaded = assemble(read, title="")
    for policy in loaded.snapshot.network_policies:
        line, excerpt = read.documents.excerpt(policy.source)
        assert yaml.safe_load(excerpt)["metadata"]["name"] == policy.ref.name
        assert (read.documents.line_of(policy.source.at("spec")) or 0) > line
