"""What every test shares: hypothesis profiles, the public cases, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 11, 22)
IN_CI = os.environ.get("CI") == "true"
# What the page Input lists must not hang on whose machine the tests run on.
os.environ["KUBECONFIG"] = str(ROOT / "tests" / "no-kubeconfig")

# The same examples each time, more of them in the longer tier: a red test is a change's fault, not the dice's.
# `make fuzz` draws anew.
settings.register_profile(
    "default", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("full", settings.get_profile("default"), max_examples=200)
settings.register_profile(
    "fuzz",
    # "default" is hypothesis's own name for what other profiles start from: what it settles is to be undone here.
    derandomize=False,
    database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis" / "examples"),
    print_blob=True,
    deadline=None,
    max_examples=500,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every hypothesis test, so that the longer tier can pick them out, and every test that runs pages."""
    for item in items:
        if (ROOT / "tests" / "pages") in item.path.parents:
            item.add_marker("app")
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("property")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI: there, everything a test needs has to be installed.

    The programs of a real control plane can't be asked of every machine; that tier says itself why it is skipped.
    """
    report = yield
    if item.get_closest_marker("envtest"):
        return report
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _the_day_on_which_facts_were_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that hang on the day are those of one day, whenever the tests run."""
    monkeypatch.setattr("lib.facts.today.today", lambda: TODAY)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of public cases that NETATLAS_CORPUS names."""
    folder = os.environ.get("NETATLAS_CORPUS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("NETATLAS_CORPUS names no folder of public cases")
    return Path(folder)
