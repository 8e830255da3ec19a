"""The statement of a snapshot may be anybody's work: what is amiss in it is told, and the rest counts."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from typing import Any

import jsonschema
import pytest

from lib.loaders.bundle.write import NotWritten, write_bundle
from lib.loaders.limits import DEFAULT
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.problem import Problem, Severity
from lib.model.snapshot import Coverage
from tests.conftest import ROOT
from tests.loaders.bundle.again import load, text, twice

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: a}\nspec: {containers: [{name: c}]}\n"
SCHEMA = json.loads((ROOT / "docs" / "snapshot.schema.json").read_text("utf-8"))


def stated(**parts: Any) -> list[InputFile]:
    """A snapshot with a pod and a statement of these parts."""
    statement = json.dumps({"schema": "netatlas.snapshot/1", **parts})
    return [InputFile("netatlas-snapshot.json", statement.encode()), *text(POD)]


def statement_of(data: bytes) -> Any:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return json.loads(archive.read("netatlas-snapshot.json"))


@pytest.mark.parametrize("anonymise", [False, True])
@pytest.mark.parametrize("name", ["shop", "gateway-ipv6"])
def test_what_is_written_is_of_the_documented_form(name: str, anonymise: bool) -> None:
    files = [InputFile(str(p), p.read_bytes()) for p in sorted((ROOT / "sample_data" / name).glob("*.yaml"))]
    broken = InputFile("b.yaml", b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p\n")
    statement = statement_of(twice([*files, broken], anonymise=anonymise).data)
    assert statement["problems"] and statement["rejected_policies"] and statement["secrets"]
    jsonschema.validate(statement, SCHEMA)


HOSTILE = {
    "coverage that is a list": {"coverage": ["Pod"]},
    "a word that is none": {"coverage": {"Pod": "all of it"}},
    "a kind that is none": {"coverage": {"Pods": "complete"}},
    "a coverage that is a mapping": {"coverage": {"Pod": {}}},
    "problems that are a text": {"problems": "many"},
    "a problem that is a number": {"problems": [3]},
    "a problem of no severity": {"problems": [{"severity": "fatal", "code": "c", "message": "m", "remedy": "r"}]},
    "a problem in line 0": {
        "problems": [
            {"severity": "error", "code": "c", "message": "m", "remedy": "r", "file": "f", "document": 1, "line": 0}
        ]
    },
    "a problem without a message": {"problems": [{"severity": "error", "code": "c", "remedy": "r"}]},
    "too many problems": {"problems": [{"severity": "info", "code": "c", "message": "m", "remedy": "r"}] * 10_001},
    "a rejected policy of another kind": {
        "rejected_policies": [{"kind": "Pod", "name": "n", "namespace": "", "file": "f", "document": 1, "line": 1}]
    },
    "a rejected policy without a place": {
        "rejected_policies": [{"kind": "NetworkPolicy", "name": "n", "namespace": ""}]
    },
    "keys that are a mapping": {"secrets": [{"name": "s", "keys": {"a": "b"}}]},
    "a Secret that is a text": {"secrets": ["s"]},
}


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_amiss_is_told_and_the_pod_counts(parts: dict[str, Any]) -> None:
    _, loaded = load(stated(**parts))
    faults = [p for p in loaded.problems if p.code == "snapshot-statement"]
    assert len(faults) == 1
    assert faults[0].severity is Severity.ERROR
    assert faults[0].source is not None and faults[0].source.file == "netatlas-snapshot.json" and faults[0].remedy
    assert len(loaded.snapshot.pods) == 1


def test_a_statement_of_another_version_is_told_and_claims_nothing() -> None:
    _, loaded = load(stated(schema="netatlas.snapshot/2", coverage={"Service": "complete"}))
    (problem,) = loaded.problems
    assert problem.code == "snapshot-version" and "netatlas.snapshot/2" in problem.message
    assert loaded.snapshot.coverage_of("Service") is Coverage.NOT_SUPPLIED


def test_texts_of_a_statement_are_bounded_and_hold_no_control_characters() -> None:
    problem = {"severity": "error", "code": "c", "message": "a\x1b[31m\u202e" + "b" * 100_000, "remedy": "r"}
    _, loaded = load(stated(problems=[problem]))
    (found,) = loaded.problems
    assert len(found.message) <= 1_000
    assert found.message.isprintable()


def test_a_secret_of_a_statement_has_no_value_whatever_it_brings() -> None:
    read, _ = load(stated(secrets=[{"name": "s", "namespace": "a", "keys": ["k"], "data": {"k": "hunter2"}}]))
    assert "hunter2" not in repr(read.objects)


@pytest.mark.parametrize(
    "limits",
    [replace(DEFAULT, nodes=20), replace(DEFAULT, decompressed_bytes=1_500), replace(DEFAULT, documents_per_file=1)],
    ids=["nodes", "bytes", "documents"],
)
def test_what_could_not_be_read_again_is_not_written(limits: Any) -> None:
    read = read_inputs(text("---\n".join(POD.replace("name: x", f"name: x{n}") for n in range(9))))
    with pytest.raises(NotWritten, match="could not be read again"):
        write_bundle(read, {}, limits=limits)


def test_very_many_alike_objects_are_not_taken_for_a_bomb() -> None:
    read = read_inputs(text("---\n".join(POD.replace("name: x", f"name: x{n}") for n in range(4_000))))
    again = read_inputs([InputFile("s.zip", write_bundle(read, {}))])
    assert len(again.objects) == 4_000
    assert not again.problems


def test_a_bomb_with_a_statement_is_refused_like_any_other() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("netatlas-snapshot.json", json.dumps({"schema": "netatlas.snapshot/1"}))
        archive.writestr("objects/0001-a.json", " " * 50_000_000)
    read = read_inputs([InputFile("s.zip", stream.getvalue())])
    assert [p.code for p in read.problems] == ["compression-ratio"]


@pytest.mark.parametrize(
    "entries",
    [["p"], [{"kind": "NetworkPolicy", "name": "p", "namespace": "a", "file": "f", "document": 1, "line": 1}] * 10_001],
    ids=["one that is none", "too many"],
)
def test_policies_that_a_statement_does_not_tell_may_govern_everything(entries: list[Any]) -> None:
    _, loaded = load(stated(rejected_policies=entries))
    assert [p for p in loaded.snapshot.rejected_policies if not p.namespace]


def test_more_snapshots_than_are_read_together_are_told_and_may_hide_policies() -> None:
    statement = b'{"schema": "netatlas.snapshot/1"}'
    files = [InputFile(f"{number}/netatlas-snapshot.json", statement) for number in range(21)]
    _, loaded = load([*files, *text(POD)])
    assert [p.code for p in loaded.problems] == ["too-many-snapshots"]
    assert loaded.snapshot.rejected_policies


def test_more_problems_than_are_read_again_become_one() -> None:
    read, _ = load(text(POD))
    many = [Problem(Severity.WARNING, "unreadable-file", f"no file {number}", "Check.") for number in range(10_050)]
    worst = Problem(Severity.ERROR, "unreadable-file", "no last file", "Check.")
    data = write_bundle(read, {}, more_problems=[*many, worst])
    problems = statement_of(data)["problems"]
    assert len(problems) == 10_000
    assert problems[-1]["code"] == "more-problems" and problems[-1]["severity"] == "error"
    _, after = load([InputFile("s.zip", data)])
    assert not [p for p in after.problems if p.code == "snapshot-statement"]
    assert len(after.problems) == 10_000
