"""Snapshots from YAML text and from the samples."""

from __future__ import annotations

import io
from functools import cache

from lib.loaders.assemble import assemble
from lib.loaders.manifests import InputFile, inputs_from_paths, read_inputs
from lib.model.snapshot import Snapshot
from tests.conftest import ROOT


def snapshot_of(text: str) -> Snapshot:
    """The snapshot of one YAML text; fails where something in it could not be read."""
    loaded = assemble(read_inputs((InputFile("input.yaml", text.encode()),)), title="test")
    assert not [p for p in loaded.problems if p.severity.label == "error"], loaded.problems
    return loaded.snapshot


@cache
def sample(name: str) -> Snapshot:
    """A bundled sample."""
    inputs, _ = inputs_from_paths([str(ROOT / "sample_data" / name)], io.BytesIO())
    return assemble(read_inputs(inputs), title=name).snapshot
