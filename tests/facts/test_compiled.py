"""The compiled data files say what the YAML files say, and a compiled one of another text is not used."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
import yaml

from lib.facts import compile as compiling
from lib.facts import files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data files of the test's own."""
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    monkeypatch.setattr(files, "COMPILED", tmp_path / "compiled")
    monkeypatch.setattr(compiling, "FOLDER", tmp_path)
    monkeypatch.setattr(compiling, "COMPILED", tmp_path / "compiled")
    monkeypatch.setattr(compiling, "NAMES", ("some.yaml",))
    files._read.cache_clear()
    return tmp_path


@pytest.mark.parametrize("name", compiling.NAMES)
def test_each_compiled_file_is_of_the_present_data(name: str) -> None:
    written = (files.COMPILED / f"{name}.json").read_text(encoding="ascii")
    assert written == compiling.compiled((files.FOLDER / name).read_bytes()), "run: python -m lib.facts.compile"
    found = json.loads(written, object_hook=files._dated)["data"]
    assert found == yaml.safe_load((files.FOLDER / name).read_text(encoding="utf-8"))


def test_no_other_compiled_files_lie_about() -> None:
    assert {p.name for p in files.COMPILED.iterdir()} == {f"{name}.json" for name in compiling.NAMES}


def test_a_compiled_file_is_read_without_the_yaml(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "- {a: 1, b: yes, checked: 2026-11-26, of: [x, 'ü']}\n"
    (folder / "some.yaml").write_text(text, encoding="utf-8")
    compiling.main()
    monkeypatch.setattr(files, "read_yaml", lambda data: pytest.fail("the YAML was read"))
    assert files.read_list("some.yaml") == [
        {"a": 1, "b": True, "checked": datetime.date(2026, 11, 26), "of": ["x", "ü"]}
    ]


def test_after_a_change_the_yaml_is_read_again(folder: Path) -> None:
    (folder / "some.yaml").write_text("- {a: 1}\n", encoding="utf-8")
    compiling.main()
    (folder / "some.yaml").write_text("- {a: 2}\n", encoding="utf-8")
    assert files.read_list("some.yaml") == [{"a": 2}]


def test_what_json_can_not_hold_is_not_compiled() -> None:
    with pytest.raises(TypeError, match="compiled"):
        compiling.compiled(b"- 2026-11-26 10:00:00\n")
