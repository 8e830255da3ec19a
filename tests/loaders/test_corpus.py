"""Every file of the public cases is read without an exception, and every object of it has its line."""

import os
from pathlib import Path

import pytest

from lib.loaders.manifests import inputs_from_paths, read_inputs

CORPUS = os.environ.get("NETATLAS_CORPUS", "")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS and not os.environ.get("CI"), reason="NETATLAS_CORPUS names no folder"),
]


def test_every_file_is_read_and_every_object_has_a_line() -> None:
    # Python leaves a folder of its own beside the script that compares answers.
    folders = sorted(p for p in Path(CORPUS).iterdir() if p.is_dir() and p.name != "__pycache__")
    assert folders
    for folder in folders:
        files, problems = inputs_from_paths([folder])
        assert not problems
        result = read_inputs(files)
        assert result.objects
        for raw in result.objects:
            first, text = result.documents.excerpt(raw.source)
            assert first >= 1
            assert text
            assert result.documents.line_of(raw.source) is not None
