"""A NetworkPolicy that could not be read must be told of: every verdict that it could change names it."""

import json
from pathlib import Path

import pytest

from lib.cli import main
from lib.loaders.assemble import Loaded, assemble
from lib.loaders.limits import Limits
from lib.loaders.lost_policies import lost_policies
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.policies import RejectedPolicy
from lib.model.refs import Source
from lib.model.snapshot import Coverage

SOURCE = Source("a.yaml", 1)
HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
NAMED = "metadata:\n  name: closed\n  namespace: shop\n"
SPEC = "spec:\n  podSelector: {}\n"
JSON = json.dumps({"kind": "NetworkPolicy", "metadata": {"name": "closed", "namespace": "shop"}}, indent=2)


def load(data: str | bytes, name: str = "a.yaml", limits: Limits | None = None) -> Loaded:
    raw = data.encode() if isinstance(data, str) else data
    return assemble(read_inputs([InputFile(name, raw)], limits or Limits()), title="t")


def called(policies: tuple[RejectedPolicy, ...]) -> list[tuple[str, str]]:
    return [(p.namespace, p.ref.name) for p in policies]


REJECTED = {
    "a duplicate key": (HEAD + NAMED + SPEC + "  podSelector: {}\n", ("shop", "closed")),
    "a duplicate namespace": (HEAD + NAMED + "  namespace: other\n" + SPEC, ("", "closed")),
    "a duplicate kind": (HEAD + "kind: Service\n" + NAMED + SPEC, ("shop", "closed")),
    "a duplicate kind, first": ("kind: Service\n" + HEAD + NAMED + SPEC, ("shop", "closed")),
    "duplicate metadata": (HEAD + NAMED + "metadata: {name: x}\n" + SPEC, ("", "a.yaml:2")),
    "no namespace": (HEAD + "metadata:\n  name: closed\n" + SPEC + "  podSelector: {}\n", ("", "closed")),
    "a broken name": (HEAD + "metadata:\n  name: [\n  namespace: shop\n" + SPEC, ("shop", "a.yaml:2")),
    "names in flow style": (HEAD + "metadata: {name: closed, namespace: shop}\nspec: [\n", ("shop", "closed")),
    "quoted names": (HEAD + "metadata:\n  namespace: 'shop'\n  name: \"closed\" # c\nspec: [\n", ("shop", "closed")),
    "labels between the names": (
        HEAD + "metadata:\n  labels:\n    name: o\n    namespace: o\n  name: closed\n  namespace: shop\nspec: }\n",
        ("shop", "closed"),
    ),
    "keys in alphabetical order": (HEAD + SPEC.replace("{}", "}") + NAMED, ("shop", "closed")),
    "metadata before kind": (NAMED + HEAD + "spec: [\n", ("shop", "closed")),
    "a comment with names": (HEAD + "# metadata: {name: x}\n" + NAMED + "spec: [\n", ("shop", "closed")),
    "a tab": (HEAD + NAMED + "spec:\n\tpodSelector: {}\n", ("shop", "closed")),
    "an unclosed quote": (HEAD + NAMED + "spec: 'x\n", ("shop", "closed")),
    "a control character": (HEAD + NAMED + SPEC + "# \x01\n", ("shop", "closed")),
    "an unknown anchor": (HEAD + NAMED + "spec: *x\n", ("shop", "closed")),
    "CRLF": ((HEAD + NAMED + "spec: [\n").replace("\n", "\r\n"), ("shop", "closed")),
    "flow style": ("{apiVersion: networking.k8s.io/v1,\n kind: NetworkPolicy, spec: {a: 1, a: 2}}\n", ("", "a.yaml:2")),
    "JSON on one line": ('\n{"kind": "NetworkPolicy", "metadata": {"name": "x"},}}\n', ("", "a.yaml:2")),
    "JSON": (JSON + "}", ("shop", "closed")),
    "a duplicate key in JSON": ('{\n"kind": "NetworkPolicy",\n"spec": {"a": 1, "a": 2}}\n', ("", "a.yaml:2")),
    "a kind that is no word": ("\nkind: 'NetworkPolicy '\n" + NAMED, ("shop", "closed")),
    "a template": (HEAD + "metadata:\n  name: {{ .Values.name }}\n  namespace: shop\n" + SPEC, ("shop", "a.yaml:2")),
    "a template that parses": (HEAD + "metadata: {name: '{{ .Values.x }}'}\n" + SPEC, ("", "a.yaml:2")),
    "a message before it": ("Warning: x\n" + HEAD + NAMED + SPEC, ("shop", "closed")),
    "an error before it": ("error: x\n" + HEAD + NAMED + SPEC, ("shop", "closed")),
    "a list of its kind": ("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: [\n", ("", "a.yaml:2")),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REJECTED.values(), ids=REJECTED.keys())
def test_policy_that_is_rejected_with(text: str, expected: tuple[str, str]) -> None:
    for after in ("", "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"):
        if text.lstrip().startswith("{") and after:
            continue
        loaded = load(text + after)
        assert called(loaded.snapshot.rejected_policies) == [expected]
        assert any(p.severity.label == "error" for p in loaded.problems)
        assert loaded.snapshot.coverage_of("NetworkPolicy") is Coverage.PARTIAL


def test_policy_without_an_api_version_keeps_its_selector() -> None:
    text = "kind: NetworkPolicy\n" + NAMED + "spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}\n"
    loaded = load(text)
    (policy,) = loaded.snapshot.rejected_policies
    assert (str(policy.ref), str(policy.pod_selector)) == ("shop/closed[NetworkPolicy]", "app=web")
    assert [p.code for p in loaded.problems] == ["missing-api-version"]


def test_policy_in_the_wrong_case_is_rejected() -> None:
    loaded = load(HEAD.replace("NetworkPolicy", "networkpolicy") + NAMED + SPEC)
    assert called(loaded.snapshot.rejected_policies) == [("shop", "closed")]
    assert [p.code for p in loaded.problems] == ["unknown-kind"]


def test_every_policy_of_a_broken_list_is_told() -> None:
    item = (
        "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n    name: p{0}\n    namespace: n{0}\n"
    )
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(item.format(n) for n in range(3)) + "- kind: [\n"
    assert called(load(text).snapshot.rejected_policies) == [("n0", "p0"), ("n1", "p1"), ("n2", "p2")]
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(item.format(n) for n in range(300)) + "- kind: [\n"
    rejected = called(load(text).snapshot.rejected_policies)
    assert len(rejected) == 201
    assert ("", "those from a.yaml:1005 on") in rejected


@pytest.mark.parametrize(
    ("kind", "group", "namespace"),
    [
        ("CiliumNetworkPolicy", "cilium.io/v2", "shop"),
        ("CiliumClusterwideNetworkPolicy", "cilium.io/v2", ""),
        ("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", ""),
        ("BaselineAdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", ""),
        ("ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", ""),
    ],
)
def test_policies_of_other_kinds_are_told_too(kind: str, group: str, namespace: str) -> None:
    text = f"apiVersion: {group}\nkind: {kind}\n" + NAMED + "spec: [\n"
    (found,) = load(text).snapshot.rejected_policies
    assert (found.ref.kind, found.ref.name, found.namespace) == (kind, "closed", namespace)


def test_policies_in_what_is_not_read_are_told() -> None:
    assert called(load((HEAD + NAMED + SPEC).encode() + b"# \xff\n").snapshot.rejected_policies) == [("shop", "closed")]
    text = "a: 1\n---\nb: 1\n---\n" + HEAD + NAMED + SPEC
    assert called(load(text, limits=Limits(documents_per_file=1)).snapshot.rejected_policies) == [("shop", "closed")]
    assert called(load(text, limits=Limits(nodes=10)).snapshot.rejected_policies) == [("shop", "closed")]
    limits = Limits(upload_bytes=10)
    assert called(load(HEAD + NAMED, limits=limits).snapshot.rejected_policies) == [("shop", "closed")]


NONE = {
    "another kind whose text names one": "kind: ConfigMap\ndata:\n  x: |\n    kind: NetworkPolicy\n  y: [\n",
    "one that does not govern traffic": "kind: CiliumLocalRedirectPolicy\nspec: [\n",
    "another vendor's": "apiVersion: example.com/v1\nkind: NetworkPolicy\nmetadata:\n  name: x\nspec: [\n",
    "a field of a longer name": "xkind: NetworkPolicy\nspec: [\n",
    "nothing": "a: [\n",
}


@pytest.mark.parametrize(
    ("kind", "called", "namespace"),
    [("NetworkPolicy", "CalicoNetworkPolicy", "shop"), ("GlobalNetworkPolicy", "GlobalNetworkPolicy", "")],
)
def test_calicos_policies_are_told_under_their_own_names(kind: str, called: str, namespace: str) -> None:
    text = f"apiVersion: crd.projectcalico.org/v1\nkind: {kind}\n{NAMED}spec: [\n"
    (found,) = lost_policies(text, SOURCE, 1)
    assert (found.ref.kind, found.ref.name, found.namespace) == (called, "closed", namespace)


@pytest.mark.parametrize("text", NONE.values(), ids=NONE.keys())
def test_no_policy_is_made_of(text: str) -> None:
    assert lost_policies(text, SOURCE, 1) == ()


def test_nothing_but_names_is_taken_over() -> None:
    text = HEAD + "metadata:\n  name: hunter2 hunter2\n  namespace: {hunter2: 1}\nhunter2: [\n"
    assert "hunter2" not in repr(lost_policies(text, SOURCE, 1))


def test_rejected_policy_leads_to_its_line() -> None:
    read = read_inputs([InputFile("a.yaml", ("a: 1\n---\n" + HEAD + NAMED + "spec: [\n").encode())])
    (policy,) = read.rejected_policies
    assert read.documents.file_line(policy.source) == "a.yaml:2"


PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: other}
spec: {containers: [{name: c, image: i}]}
---
"""


@pytest.mark.parametrize(
    ("policy", "everywhere"),
    [
        (HEAD + NAMED + SPEC + "  podSelector: {}\n", False),
        (HEAD + NAMED + "spec: [\n", False),
        ("kind: NetworkPolicy\n" + NAMED + SPEC, False),
        (HEAD + "metadata:\n  name: closed\nspec: [\n", True),
    ],
)
def test_flows_say_what_they_were_computed_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], policy: str, everywhere: bool
) -> None:
    (tmp_path / "a.yaml").write_text(PODS + policy, encoding="utf-8")
    assert main(["flows", str(tmp_path / "a.yaml"), "--format", "json"]) == 2
    rows = json.loads(capsys.readouterr().out)["flows"]
    assert rows
    for row in rows:
        touched = everywhere or "shop/" in row["src"] + row["dst"]
        named = "closed[NetworkPolicy]" in row.get("reason", "")
        assert named == touched, row


def test_list_inside_a_list_is_told_with_its_policies() -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "NetworkPolicy"}]}
    loaded = load(json.dumps({"apiVersion": "v1", "kind": "List", "items": [inner]}))
    assert [p.code for p in loaded.problems] == ["nested-list"]
    assert called(loaded.snapshot.rejected_policies) == [("", "a.yaml:1")]


def test_many_duplicate_keys_are_one_fault() -> None:
    loaded = load("a: 1\n" * 1000 + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: after}\n")
    assert [p.code for p in loaded.problems] == ["duplicate-key"]
    assert [n.name for n in loaded.snapshot.namespaces] == ["after"]


def test_policies_after_too_many_faults_are_told() -> None:
    text = '{"a":1\n' * 10 + '{"kind": "NetworkPolicy", "metadata": {"name": "closed"}}\n'
    loaded = load(text, "a.json", Limits(problems_per_file=3))
    assert [p.code for p in loaded.problems][-1] == "too-many-faults"
    assert [namespace for namespace, _ in called(loaded.snapshot.rejected_policies)] == [""]


def test_policies_in_lists_with_too_many_items_are_told() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n" + "- {}\n" * 10 + "- kind: NetworkPolicy\n"
    loaded = load(text, limits=Limits(documents_per_file=5))
    assert [p.code for p in loaded.problems] == ["too-many-items"]
    assert len(loaded.snapshot.rejected_policies) == 1


def test_the_kind_of_a_yaml_document_says_nothing_of_json_beside_it() -> None:
    text = "kind: Service\n---\n" + '{"kind": "NetworkPolicy"}\n'
    assert called(lost_policies(text, SOURCE, 1)) == [("", "a.yaml:3")]
