"""A snapshot of a live cluster says what the cluster said, refusals and lists that broke off included."""

from __future__ import annotations

import pytest

from lib.loaders.bundle.write import write_bundle
from lib.loaders.manifests import InputFile
from lib.model.snapshot import Coverage
from tests.cluster.reading import loaded, read
from tests.cluster.replay import Fault, ReplayServer, always, recording, status_body
from tests.loaders.bundle.again import Twice, bare, differences, load, told

POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"
REFUSED = always(403, recording("403-networkpolicies")["body"])
BROKEN = always(500, status_body(500, "InternalError"))


def snapshot_of(server: ReplayServer) -> Twice:
    found = read(server)
    before = loaded(found)
    data = write_bundle(found.read, before.snapshot.coverage)
    return Twice(found.read, before, data, load([InputFile("s.zip", data)])[1])


def test_a_recorded_cluster_is_the_same() -> None:
    found = snapshot_of(ReplayServer.recorded())
    assert found.before.snapshot.pods and found.before.snapshot.network_policies
    assert not differences(bare(found.before.snapshot), bare(found.after.snapshot))
    assert told(found.before) == told(found.after)


@pytest.mark.parametrize(
    ("fault", "coverage"), [(REFUSED, Coverage.REFUSED), (BROKEN, Coverage.UNFINISHED)], ids=["refused", "unfinished"]
)
def test_what_a_server_did_not_give_stays_unknown(fault: Fault, coverage: Coverage) -> None:
    server = ReplayServer.recorded()
    server.faults[POLICIES] = fault
    found = snapshot_of(server)
    assert found.before.snapshot.coverage_of("NetworkPolicy") is coverage
    assert found.after.snapshot.coverage_of("NetworkPolicy") is coverage
    assert not differences(bare(found.before.snapshot), bare(found.after.snapshot))
    assert told(found.before) == told(found.after)
