"""A policy in a version of its API that is not read is refused, named, and never passed over: it fails closed."""

from __future__ import annotations

import pytest
import yaml

from lib.flows import flow_rows
from lib.loaders.assemble import Loaded, assemble
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import compile_engine
from tests.policy.build import pod

PODS = "---".join((pod("client", app="client"), pod("server", app="server")))
WIDE = {"priority": 1, "subject": {"namespaces": {}}, "egress": [{"action": "Deny", "to": [{"namespaces": {}}]}]}
SPECS = {
    "AdminNetworkPolicy": WIDE,
    "BaselineAdminNetworkPolicy": {key: value for key, value in WIDE.items() if key != "priority"},
    "ClusterNetworkPolicy": {"tier": "Admin", **WIDE},
    "CiliumNetworkPolicy": {"endpointSelector": {}, "egress": [{}]},
    "CiliumClusterwideNetworkPolicy": {"endpointSelector": {}, "egress": [{}]},
    "NetworkPolicy": {"podSelector": {}, "policyTypes": ["Egress"]},
    "GlobalNetworkPolicy": {"selector": "all()", "types": ["Egress"]},
}
CASES = [
    ("policy.networking.k8s.io/v1alpha2", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1beta1", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "ClusterNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha3", "ClusterNetworkPolicy"),
    ("policy.networking.k8s.io/v1", "ClusterNetworkPolicy"),
    ("cilium.io/v3", "CiliumNetworkPolicy"),
    ("cilium.io/v2alpha1", "CiliumClusterwideNetworkPolicy"),
    ("networking.k8s.io/v2", "NetworkPolicy"),
    ("projectcalico.org/v4", "GlobalNetworkPolicy"),
]


def loaded(api_version: str, kind: str, form: str) -> Loaded:
    metadata = {
        "name": "default",
        **({"namespace": "shop"} if kind in ("CiliumNetworkPolicy", "NetworkPolicy") else {}),
    }
    policy = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": SPECS[kind]}
    found = {
        "one object": policy,
        "a list of any kind": {"apiVersion": "v1", "kind": "List", "items": [policy]},
        "a list of its kind": {
            "apiVersion": api_version, "kind": f"{kind}List", "items": [{"metadata": metadata, "spec": SPECS[kind]}],
        },
    }[form]  # fmt: skip
    text = f"{PODS}\n---\n{yaml.safe_dump(found)}"
    return assemble(read_inputs((InputFile("in.yaml", text.encode()),)), title="test")


@pytest.mark.parametrize("form", ["one object", "a list of any kind", "a list of its kind"])
@pytest.mark.parametrize(("api_version", "kind"), CASES)
def test_it_is_a_problem_and_every_verdict_that_it_could_change_names_it(
    api_version: str, kind: str, form: str
) -> None:
    found = loaded(api_version, kind, form)
    errors = [p for p in found.problems if p.severity.label == "error"]
    assert [p.code for p in errors] == ["unsupported-api-version"]
    assert api_version in errors[0].message
    assert errors[0].remedy.startswith("Write apiVersion: ")
    assert [r.ref.kind.removeprefix("Calico") for r in found.snapshot.rejected_policies] == [kind]
    engine = compile_engine(found.snapshot)
    src, dst = (parse_end(f"shop/{name}", found.snapshot) for name in ("client", "server"))
    leaving = engine.explain(src, dst, Protocol.TCP, 80).directions[0]
    assert "computed without the rejected policy" in leaving.reason
    assert all("computed without the rejected policy" in row.reason for row in flow_rows(engine) if row.src_ref)


def test_cluster_network_policy_v1beta1_says_what_v1alpha2_says() -> None:
    """network-policy-api, release v0.3.0: "The v1beta1 and v1alpha2 schemas are identical"."""
    answers = []
    for version in ("v1alpha2", "v1beta1"):
        found = loaded(f"policy.networking.k8s.io/{version}", "ClusterNetworkPolicy", "one object")
        assert [p for p in found.problems if p.severity.label == "error"] == []
        assert found.snapshot.rejected_policies == ()
        assert [p.ref.name for p in found.snapshot.cluster_policies] == ["default"]
        engine = compile_engine(found.snapshot)
        src, dst = (parse_end(f"shop/{name}", found.snapshot) for name in ("client", "server"))
        answers.append(engine.explain(src, dst, Protocol.TCP, 80))
    assert answers[0].verdict == "denied"
    assert [a.directions[0].reason for a in answers] == [answers[0].directions[0].reason] * 2


def test_calico_enterprises_domains_reject_a_policy_and_leave_a_set_unknown() -> None:
    """Open-source Calico has no ``domains``: "Using domain names in policy rules" is Calico Enterprise's."""
    policy = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: names}
        spec:
          selector: all()
          types: [Egress]
          egress: [{action: Allow, destination: {%s}}]
    """
    by_set = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: names, labels: {set: names}}
        spec: {allowedEgressDomains: [api.example.com]}
    """
    text = "\n---\n".join((PODS, policy % "domains: [api.example.com]"))
    found = assemble(read_inputs((InputFile("in.yaml", text.encode()),)), title="test")
    assert [(p.code, p.line is None) for p in found.problems if p.severity.label == "error"] == [
        ("unknown-field", True)
    ]
    assert [str(r.ref) for r in found.snapshot.rejected_policies] == ["names[GlobalNetworkPolicy]"]
    text = "\n---\n".join((PODS, policy % "selector: set == 'names'", by_set))
    found = assemble(read_inputs((InputFile("in.yaml", text.encode()),)), title="test")
    engine = compile_engine(found.snapshot)
    src, dst = (parse_end(end, found.snapshot) for end in ("shop/client", "203.0.113.7"))
    assert engine.explain(src, dst, Protocol.TCP, 80).verdict == "unknown"
