"""One control plane for each sample; without the programs every test is skipped, and the run says how many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.render import file
from tests.envtest.control_plane import ControlPlane, Raw, running_control_plane, why_not
from tests.envtest.put import as_the_server_has_them, custom_kinds, put_all, sample, token_of, wait_for_kinds

SERVICE_RANGES = {"shop": "10.0.0.0/16", "gateway-ipv6": "10.0.0.0/16,fd12:3456:789a:1::/108"}
_HERE = Path(__file__).parent
_collected = 0


@dataclass(frozen=True)
class Prepared:
    """A server with a sample in it; ``token`` is of an account that has deploy/rbac.yaml and nothing else."""

    plane: ControlPlane
    name: str
    objects: list[Raw]
    refusals: list[str]
    token: str
    user: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark and count what is here."""
    global _collected
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker("envtest")
            _collected += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many there are, whether they ran or not."""
    reason = why_not()
    state = f"skipped: {reason}" if reason else "run against a real API server"
    terminalreporter.write_line(f"envtest: {_collected} tests collected, {state}")


@pytest.fixture(scope="session", params=sorted(SERVICE_RANGES))
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The server with one of the samples."""
    if reason := why_not():
        pytest.skip(reason)
    name = request.param
    with running_control_plane(tmp_path_factory.mktemp(name), SERVICE_RANGES[name]) as plane:
        definitions, role, objects = custom_kinds(), file("rbac.yaml"), sample(name)
        refusals = put_all(plane, definitions)
        wait_for_kinds(plane, definitions)
        refusals += put_all(plane, [*role, *objects])
        token = token_of(plane, "netatlas", "netatlas")
        objects = as_the_server_has_them(plane, objects)
        yield Prepared(plane, name, objects, refusals, token, "system:serviceaccount:netatlas:netatlas")
