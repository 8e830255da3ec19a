"""What stands in files is what the readers hand on: nothing that some kind needs is taken out on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given

from lib.loaders.assemble import assemble
from lib.loaders.manifests import InputFile, read_inputs
from lib.loaders.redact import redact_object
from lib.model.snapshot import Snapshot
from tests.loaders.bundle.again import bare, differences
from tests.naive.clusters import Raw, clusters, hosted_clusters, mixed_clusters
from tests.policy.build import snapshot_of

SPECS = """
apiVersion: cilium.io/v2
kind: {}
metadata: {{name: both, {}}}
specs:
- endpointSelector: {{}}
  ingress: [{{fromEntities: [cluster]}}]
- endpointSelector: {{}}
  ingressDeny: [{{fromEntities: [world]}}]
"""
POLICY = SPECS.format("CiliumNetworkPolicy", "namespace: a")


def from_file(text: str, name: str = "a.yaml") -> Snapshot:
    loaded = assemble(read_inputs([InputFile(name, text.encode())]), title="test")
    assert not [p for p in loaded.problems if p.severity.label == "error"], loaded.problems
    return loaded.snapshot


def as_list(objects: list[Raw]) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": objects})


FORMS: dict[str, Callable[[list[Raw]], str]] = {
    "documents": yaml.safe_dump_all,
    "a list": as_list,
    "JSON": lambda objects: "\n".join(map(json.dumps, objects)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [POLICY, SPECS.format("CiliumClusterwideNetworkPolicy", "")])
def test_every_spec_of_a_cilium_policy_with_several_counts(text: str, form: str) -> None:
    """ "specs: a list of policy rule specifications" (docs.cilium.io, Layer 3 Policies)"""
    (policy,) = from_file(FORMS[form]([yaml.safe_load(text)])).cilium_policies
    assert [len(spec.rules) for spec in policy.specs] == [1, 1]


def test_a_server_s_object_keeps_its_specs() -> None:
    policy = yaml.safe_load(POLICY)
    redact_object(policy, "cilium.io/v2", "CiliumNetworkPolicy")
    assert policy == yaml.safe_load(POLICY)


def test_two_policies_of_one_name_whose_specs_differ_are_an_error() -> None:
    other = POLICY.replace("[world]", "[all]")
    loaded = assemble(read_inputs([InputFile("a.yaml", f"{POLICY}---{other}".encode())]), title="test")
    assert [(p.severity.label, p.code) for p in loaded.problems] == [("error", "conflicting-objects")]


@given(clusters() | mixed_clusters() | hosted_clusters())
def test_a_cluster_of_every_kind_is_the_same_from_a_file_and_from_its_objects(objects: list[Raw]) -> None:
    for form in FORMS.values():
        assert differences(content(from_file(form(objects))), content(snapshot_of(objects))) == []


def content(snapshot: Snapshot) -> dict[str, Any]:
    """All of it but how much of each kind is there, which a list says and documents do not."""
    fields: dict[str, Any] = bare(snapshot)[1]
    return {name: value for name, value in fields.items() if name != "coverage"}
