"""From files to objects: lists, what is no manifest, encodings, bounds, progress."""

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.loaders.kinds import written
from lib.loaders.limits import MIB, Limits
from lib.loaders.manifests import InputFile, LoadCancelled, Progress, ReadResult, inputs_from_paths, read_inputs
from lib.loaders.parse import KIND_READERS, api_group
from lib.model.problem import Severity

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"


def read(data: str | bytes, name: str = "a.yaml", limits: Limits | None = None) -> ReadResult:
    raw = data.encode() if isinstance(data, str) else data
    return read_inputs([InputFile(name, raw)], limits or Limits())


def codes(result: ReadResult) -> list[str]:
    return [p.code for p in result.problems]


def test_list_is_unfolded_with_the_place_of_each_item() -> None:
    pods = [{"metadata": {"name": f"p{n}"}} for n in range(3)]
    text = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "42"}, "items": pods})
    result = read(text)
    assert [(o.kind, o.api_version, o.source.item) for o in result.objects] == [("Pod", "v1", n) for n in range(3)]
    (info,) = result.lists
    assert (info.kind, info.api_version, info.resource_version, info.item_count) == ("PodList", "v1", "42", 3)
    assert info.is_typed


def test_empty_list_is_told_of_too() -> None:
    result = read("apiVersion: v1\nkind: List\nitems: []\nmetadata: {resourceVersion: ''}\n")
    assert not result.objects
    assert [(i.kind, i.resource_version, i.item_count, i.is_typed) for i in result.lists] == [("List", "", 0, False)]


def test_items_of_a_plain_list_must_say_what_they_are() -> None:
    result = read("apiVersion: v1\nkind: List\nitems: [{metadata: {}}, {kind: Pod}, {apiVersion: v1, kind: Pod}]\n")
    assert codes(result) == ["missing-kind", "missing-api-version"]
    assert len(result.objects) == 1


HELM = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.yaml", HELM, "helm-template"),
        ("a.yaml", "{{- if .Values.x }}\napiVersion: v1\nkind: Service\n{{- end }}\n", "helm-template"),
        ("a.yaml", 'apiVersion: v1\nkind: Service\nmetadata:\n  name: "{{ .Release.Name }}-x"\n', "helm-template"),
        ("a.yaml", '{{ include "x" . }}\n', "helm-template"),
        ("Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n", "helm-chart"),
        ("values.yaml", "image: x\n", "helm-values"),
        ("values-prod.yaml", "image: x\n", "helm-values"),
        ("kustomization.yaml", "resources: [a.yaml]\n", "kustomization"),
        (
            "a.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n",
            "kustomization",
        ),
        ("config", "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n", "kubeconfig"),
        ("a.yaml", 'Error from server (NotFound): pods "x" not found\n', "kubectl-error"),
        ("a.yaml", 'error: the server doesn\'t have a resource type "x"\n', "kubectl-error"),
        ("a.yaml", "The connection to the server localhost:8080 was refused\n", "kubectl-error"),
        ("a.yaml", "No resources found in default namespace.\n", "kubectl-error"),
        (
            "a.yaml",
            "NAME    READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          5d\n",
            "kubectl-table",
        ),
        ("a.yaml", "NAMESPACE   NAME   TYPE        CLUSTER-IP\nx   y   z   1\n", "kubectl-table"),
        ("a.yaml", "hello world\n", "not-an-object"),
        ("a.json", "[]", "empty-array"),
        ("a.json", "[1]", "not-an-object"),
        ("a.yaml", "- a\n", "not-an-object"),
        ("a.yaml", "a: 1\n", "missing-kind"),
        ("a.yaml", "kind: 5\napiVersion: v1\n", "missing-kind"),
        ("a.yaml", "kind: Pod\n", "missing-api-version"),
        ("a.yaml", "", "empty-file"),
        ("a.yaml", " \n\t\n", "empty-file"),
        ("a.yaml", "# nothing\n---\n---\n", ""),
    ],
)
def test_what_is_no_manifest_is_called_by_its_name(name: str, text: str, code: str) -> None:
    result = read(text, name)
    assert codes(result) == ([code] if code else [])
    assert all(p.remedy and p.source and p.source.file == name for p in result.problems)
    assert all((p.severity is Severity.INFO) == p.code.startswith("empty-") for p in result.problems)


def test_braces_inside_a_valid_object_are_no_helm_template() -> None:
    text = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations: {a: "{{ .Labels.x }}"}\n'
    result = read(text)
    assert not result.problems
    assert len(result.objects) == 1


@pytest.mark.parametrize(
    "data",
    [
        NAMESPACE.encode(),
        codecs.BOM_UTF8 + NAMESPACE.encode(),
        codecs.BOM_UTF16_LE + NAMESPACE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + NAMESPACE.encode("utf-16-be"),
        NAMESPACE.encode("utf-16-le"),
        NAMESPACE.encode("utf-16-be"),
        codecs.BOM_UTF16_LE + NAMESPACE.replace("\n", "\r\n").encode("utf-16-le"),
    ],
)
def test_text_is_read_in_every_encoding_that_kubectl_output_comes_in(data: bytes) -> None:
    result = read(data)
    assert [o.kind for o in result.objects] == ["Namespace"]
    assert not result.problems
    assert result.documents.line_of(result.objects[0].source.at("metadata")) == 3


@pytest.mark.parametrize(
    "data",
    [
        NAMESPACE.encode() + "# é".encode("latin-1"),
        codecs.BOM_UTF32_LE + NAMESPACE.encode("utf-32-le"),
        codecs.BOM_UTF16_LE + b"a\x00\x00\xd8",
        bytes(range(128, 256)),
    ],
)
def test_other_encodings_are_told(data: bytes) -> None:
    assert codes(read(data)) == ["encoding"]


def test_nul_bytes_are_told_and_the_rest_is_read() -> None:
    result = read(NAMESPACE + "---\na: \x00\n---\n" + NAMESPACE)
    assert codes(result) == ["control-character"]
    assert len(result.objects) == 2


def test_a_hundred_megabytes_of_blanks_are_an_empty_file() -> None:
    assert codes(read(b" " * (100 * MIB))) == ["empty-file"]


def test_giant_scalar_is_refused() -> None:
    assert codes(read("kind: Pod\napiVersion: v1\nx: " + "y" * (5 * MIB))) == ["scalar-too-long"]


def test_bounds_on_bytes_files_and_problems_are_told() -> None:
    files = [InputFile(f"{n}.yaml", NAMESPACE.encode()) for n in range(5)]
    result = read_inputs(files, Limits(files=3))
    assert (len(result.objects), codes(result)) == (3, ["too-many-files"])
    result = read_inputs(files, Limits(upload_bytes=3 * len(NAMESPACE)))
    assert (len(result.objects), codes(result)) == (3, ["too-much-data"] * 2)
    result = read("--- 1\n" * 20, limits=Limits(problems_per_file=5))
    assert codes(result) == ["not-an-object"] * 5 + ["more-problems"]
    assert "15" in result.problems[-1].message


def test_two_files_of_one_name_are_told_apart() -> None:
    result = read_inputs([InputFile("a.yaml", NAMESPACE.encode()), InputFile("a.yaml", b"\n" + NAMESPACE.encode())])
    assert [result.documents.file_line(o.source) for o in result.objects] == ["a.yaml:1", "a.yaml (2):2"]


def test_hash_is_of_names_and_bytes_in_order() -> None:
    a, b = InputFile("a", b"x"), InputFile("b", b"y")
    hashes = [read_inputs(files).content_hash for files in ([a, b], [a, b], [b, a], [a], [InputFile("ab", b"x")])]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4
    assert len(hashes[0]) == 64


def test_progress_tells_files_objects_and_kinds() -> None:
    told: list[Progress] = []
    files = [InputFile(f"{n}.yaml", (NAMESPACE + "---\n").encode() * 300) for n in range(2)]
    read_inputs(files, progress=told.append)
    assert told[-1].files_done == told[-1].files_total == 2
    assert told[-1].objects == 600
    assert told[-1].kinds == {"Namespace": 600}
    assert {p.file for p in told} == {"0.yaml", "1.yaml"}


def test_cancelling_stops_inside_one_large_document() -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    items = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{n}"}} for n in range(30_000)]
    data = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()
    with pytest.raises(LoadCancelled):
        read_inputs([InputFile("a.json", data)], cancelled=cancelled)


def test_every_kind_that_is_parsed_is_read_in_full() -> None:
    for kind, reader in KIND_READERS.items():
        for version in (*reader.served, *reader.removed):
            if kind in ("Secret", "ConfigMap"):
                continue
            body = {"apiVersion": version, "kind": written(kind), "metadata": {"name": "x"}, "spec": {"a": "kept"}}
            (raw,) = read(json.dumps(body)).objects
            assert raw.obj["spec"] == {"a": "kept"}, (kind, api_group(version))


def test_paths_are_read_as_the_command_line_names_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.yaml").write_text(NAMESPACE)
    (tmp_path / "in" / "a.json").write_text("{}")
    (tmp_path / "in" / "c.txt").write_text("x")
    (tmp_path / "out.yaml").write_text(NAMESPACE)
    (tmp_path / "in" / "link.yaml").symlink_to(tmp_path / "out.yaml")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    files, problems = inputs_from_paths([tmp_path / "in", tmp_path / "in" / "c.txt", tmp_path / "none"])
    assert [Path(f.name).name for f in files] == ["a.json", "b.yaml", "c.txt"]
    assert [p.code for p in problems] == ["link-out-of-folder", "unreadable-file"]


def test_standard_input_is_a_dash(tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.write_text(NAMESPACE)
    with place.open("rb") as stream:
        files, problems = inputs_from_paths(["-"], stream)
    assert [f.name for f in files] == ["<stdin>"]
    assert not problems


def test_empty_folder_is_told(tmp_path: Path) -> None:
    assert [p.code for p in inputs_from_paths([tmp_path])[1]] == ["empty-folder"]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from(
            [
                NAMESPACE,
                HELM,
                "---\n",
                "\x00",
                "a: [",
                '{"a"',
                "é",
                "items:\n",
                "kind: List\n",
                "\ufeff",
                "&a *a",
                "<<: 1\n",
                "Error: x\n",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le"]),
)
def test_nothing_raises(parts: list[str], encoding: str) -> None:
    result = read("".join(parts).encode(encoding))
    for problem in result.problems:
        assert problem.source is not None
    for raw in result.objects:
        assert result.documents.line_of(raw.source) is not None


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_no_bytes_raise(data: bytes) -> None:
    read(data)
