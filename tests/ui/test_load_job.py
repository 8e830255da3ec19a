"""Loading in a thread: progress, cancelling, failure."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from lib.loaders.manifests import InputFile, LoadCancelled, Progress
from lib.ui.load_job import LoadJob
from lib.ui.loaded import LoadedInput, LoadProgress, load
from lib.ui.loading import progress_text
from lib.ui.text import plain
from tests.ui.kit import HOSTILE, namespaces

Report = Callable[[LoadProgress], None]


def test_a_job_ends_with_the_loaded_input() -> None:
    def work(*, progress: Report, cancelled: Callable[[], bool]) -> LoadedInput:
        files = (InputFile("a.yaml", namespaces("one", "two")),)
        return load("upload:", "a", files, progress=progress, cancelled=cancelled)

    job = LoadJob.start("a", work)
    assert job.wait(20)
    assert job.result is not None
    assert {n.name for n in job.result.snapshot.namespaces} >= {"one", "two"}
    assert job.result.id == "upload:" + job.result.snapshot.content_hash[:12]
    assert job.progress != LoadProgress()
    assert (job.failure, job.was_cancelled) == ("", False)


def test_a_cancelled_job_stops_and_has_no_result() -> None:
    begun = threading.Event()

    def work(*, progress: Report, cancelled: Callable[[], bool]) -> LoadedInput:
        begun.set()
        while not cancelled():
            begun.wait(0.01)
        raise LoadCancelled

    job = LoadJob.start("a", work)
    assert begun.wait(5)
    assert not job.wait(0.05)
    job.cancel()
    assert job.wait(5)
    assert (job.result, job.was_cancelled, job.failure) == (None, True, "")


@pytest.mark.parametrize(
    ("error", "words"),
    [(MemoryError(), "not enough memory"), (RuntimeError("password=hunter2"), "fault in NetAtlas (RuntimeError)")],
)
def test_a_failed_job_says_so_without_content_of_the_input(error: BaseException, words: str) -> None:
    def work(*, progress: Report, cancelled: Callable[[], bool]) -> LoadedInput:
        raise error

    job = LoadJob.start("a", work)
    assert job.wait(5)
    assert words in job.failure
    assert "hunter2" not in job.failure


def test_progress_names_file_share_and_kinds() -> None:
    reading = Progress(file="shop.yaml", files_done=2, files_total=12, objects=1234, kinds={"Pod": 800, "Service": 300})
    assert progress_text(LoadProgress(reading)) == (r"file 3 of 12 (shop\.yaml) · 1,234 objects: 800 Pod, 300 Service")
    assert progress_text(LoadProgress(None, 10, 4000, "Pod")) == "building 10 of 4,000 objects Pod"


@pytest.mark.parametrize("name", HOSTILE)
def test_file_names_in_the_progress_are_plain_text(name: str) -> None:
    reading = Progress(file=name, files_done=0, files_total=1, objects=0, kinds={})
    assert f"({plain(name)})" in progress_text(LoadProgress(reading))


def test_the_share_never_runs_backwards() -> None:
    reading = [LoadProgress(Progress("a.yaml", i, 4, 0, {}, i / 4)) for i in range(5)]
    building = [LoadProgress(None, i, 10, "Pod") for i in range(11)]
    shares = [p.share for p in (LoadProgress(), *reading, *building)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_the_share_grows_within_a_file_and_counts_files_by_their_size() -> None:
    seen: list[LoadProgress] = []
    large = namespaces(*(f"n-{i}" for i in range(3000)))
    load("upload:", "a", (InputFile("small.yaml", namespaces("x")), InputFile("b.yaml", large)), progress=seen.append)
    shares = [p.share for p in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    inside = [p.reading.share for p in seen if p.reading is not None and p.reading.files_done == 1]
    assert inside[0] < 0.01
    assert any(0.2 < share < 0.8 for share in inside)
