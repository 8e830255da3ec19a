"""The rows of doors come in the order of their links to traces."""

from __future__ import annotations

from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from lib.routing.entry_points import entry_points
from lib.tables.entry_points import entry_point_rows, widest_first
from lib.ui.azure_ways import of_door
from tests.conftest import ROOT


def test_each_row_of_doors_has_the_link_of_its_own_door() -> None:
    inputs, _ = inputs_from_paths([str(ROOT / "sample_data" / "shop")], None)
    snapshot = assemble(read_inputs(inputs), title="shop").snapshot
    doors = entry_points(snapshot)
    rows = entry_point_rows(doors, lambda source: "")
    ordered = widest_first(doors)
    assert ordered != doors, "the sample has doors of several scopes"
    for row, door in zip(rows, ordered, strict=True):
        assert (row["subject"], row["port"] or 0, row["kind"]) == (
            door.subject.qualified_name,
            door.port,
            door.kind.value,
        )
        _, to = of_door(door, snapshot)
        assert not to or f":{door.port}" in to
