"""The public cases: everything loads, and what their suites reject is rejected here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lib.loaders.assemble import Loaded, assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.model.problem import Severity

pytestmark = pytest.mark.corpus
CORPUS = os.environ.get("NETATLAS_CORPUS", "")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="NETATLAS_CORPUS does not name the public cases")


def loaded_case(folder: Path) -> Loaded:
    files, _ = inputs_from_paths([folder])
    return assemble(read_inputs(files), title=folder.name)


@needs_corpus
def test_every_input_of_the_corpus_is_read_without_an_exception() -> None:
    folders = sorted(Path(CORPUS).glob("*/*/input"))
    assert len(folders) > 500
    for folder in folders:
        loaded = loaded_case(folder)
        assert loaded.snapshot.object_counts or loaded.snapshot.other_kinds, folder


@needs_corpus
@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("bad_netpols_subdir1", "invalid-cidr"),
        ("bad_netpols_subdir2", "invalid-label-key"),
        ("bad_netpols_subdir3", "peer-ipblock-with-selector"),
        ("bad_netpols_subdir7", "invalid-label-value"),
        ("np_bad_path_test_2", "end-port-with-name"),
        ("np_test_with_empty_port_range", "end-port-below-port"),
    ],
)
def test_a_policy_that_its_suite_calls_bad_is_rejected(case: str, code: str) -> None:
    loaded = loaded_case(Path(CORPUS) / "netpol-analyzer-badpath" / case / "input")
    assert code in {p.code for p in loaded.problems if p.severity is Severity.ERROR}
    assert len(loaded.snapshot.rejected_policies) == 1
