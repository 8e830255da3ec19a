"""What holds for every file in sample_data."""

import json
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.samples.raw import SAMPLES, objects, of_kind, unfold

FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file())
MANIFESTS = [path for path in FILES if path.suffix == ".yaml"]
DOCUMENTATION = [ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
SUSPICIOUS = re.compile(
    r"-----BEGIN|AccountKey=|SharedAccess|eyJ[A-Za-z0-9_-]{10}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20}"
    r"|(?:password|passwd|secret|token|api[_-]?key)[\"']?\s*[:=]\s*[\"']?[^\s\"'{]",
    re.IGNORECASE,
)
# Where a name says "secret" or "token" and only the name of an object or a fixed path follows.
HARMLESS = re.compile(r"kind: Secret$|path: token$|secretName: [a-z0-9-]+$|automountServiceAccountToken: false$")


def identity(path: Path) -> str:
    return str(path.relative_to(SAMPLES))


def parsed(path: Path) -> list[Any]:
    return list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def values(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [inner for value in node.values() for inner in values(value)]
    if isinstance(node, list):
        return [inner for value in node for inner in values(value)]
    return [node]


@pytest.mark.parametrize("path", MANIFESTS, ids=identity)
def test_file_parses_and_every_document_is_an_object(path: Path) -> None:
    documents = parsed(path)
    assert documents
    for document in documents:
        for item in unfold(document):
            assert item["apiVersion"] and item["kind"] and item["metadata"]["name"]


@pytest.mark.parametrize("path", MANIFESTS, ids=identity)
def test_every_value_is_one_that_json_has(path: Path) -> None:
    """No dates, no sets: what PyYAML reads is then what kubectl would read."""
    for document in parsed(path):
        json.dumps(document)
        assert all(value is None or isinstance(value, str | int | bool) for value in values(document))


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_nothing_looks_like_a_credential(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert HARMLESS.search(line) or not SUSPICIOUS.search(line), f"{path.name}:{number}: {line}"


def test_secrets_have_names_and_types_only() -> None:
    secrets = of_kind(objects(SAMPLES), "Secret")
    assert secrets
    for secret in secrets:
        assert set(secret) == {"apiVersion", "kind", "metadata", "type"}
        assert "annotations" not in secret["metadata"]


def test_every_address_is_private_or_kept_for_documentation() -> None:
    found = 0
    for document in objects(SAMPLES):
        for value in values(document):
            if (
                not isinstance(value, str)
                or not re.fullmatch(r"[0-9a-f.:]+(/\d+)?", value)
                or not {".", ":"} & set(value)
            ):
                continue
            try:
                address = ip_address(value.split("/")[0])
            except ValueError:
                continue  # a time or a version
            found += 1
            known = any(address in block for block in DOCUMENTATION if block.version == address.version)
            assert known or address.is_private or address.is_link_local or address.is_unspecified, value
    assert found > 100


def test_every_folder_is_told_in_a_readme() -> None:
    index = (SAMPLES / "README.md").read_text(encoding="utf-8")
    told = {(SAMPLES / target).resolve() for target in re.findall(r"\]\(([^)]+README\.md)\)", index)}
    readmes = {path.resolve() for path in FILES if path.name == "README.md"} - {(SAMPLES / "README.md").resolve()}
    assert readmes <= told and all(path.is_file() for path in told)
    for path in MANIFESTS:
        assert any((folder / "README.md") in FILES for folder in path.parents if folder != SAMPLES), path
