"""Measure the pages in a real browser and print two tables.

    python -m benchmarks.pages [--rounds 3] [--source sample:shop]

Cold start: from starting the server until the heading and the first table or tile stand. Clicks: from the click until
the page is still again. Seconds are elapsed time; CPU seconds are the server process's own, which a busy
machine lengthens less. The first visit of a page computes what later visits find in the cache. The load average
before and after tells how busy the machine was.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, expect

from lib.ui.navigation import PAGES, PageSpec
from tests.browser.chromium import running_browser, settle
from tests.browser.server import Server, find_chromium, running_server

FIRST_CONTENT = '[data-testid="stMetric"], [data-testid="stDataFrame"]'
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Elapsed and CPU seconds of one thing."""

    elapsed_s: float
    cpu_s: float


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used so far; 0 where the system doesn't tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def cost(server: Server, work: Callable[[], object]) -> Cost:
    """What ``work`` takes, and what the server spends on it."""
    begun, cpu = time.perf_counter(), cpu_of(server.pid)
    work()
    return Cost(time.perf_counter() - begun, cpu_of(server.pid) - cpu)


def cold_start(browser: Browser, source: str, folder: Path) -> tuple[Cost, Cost]:
    """A new server and its first visitor: until the heading stands, and until the first content does."""
    folder.mkdir()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    begun = time.perf_counter()
    with running_server(folder, guarded=False) as server:
        page = context.new_page()
        page.goto(f"{server.url}/?src={source}")
        page.wait_for_selector('[data-testid="stAppViewContainer"] h1')
        heading = Cost(time.perf_counter() - begun, cpu_of(server.pid))
        page.wait_for_selector(FIRST_CONTENT)
        content = Cost(time.perf_counter() - begun, cpu_of(server.pid))
        settle(page)
        context.close()
    return heading, content


def go(page: Page, spec: PageSpec) -> None:
    """Click a page in the navigation and wait until it stands."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=spec.title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(spec.title)
    settle(page)


def filter_labels(page: Page, text: str) -> None:
    """Write a label filter and wait until the page has followed."""
    box = page.get_by_role("textbox", name="Labels")
    box.fill(text)
    box.press("Enter")
    page.wait_for_timeout(50)
    settle(page)


def visits(browser: Browser, server: Server, source: str) -> dict[str, list[Cost]]:
    """One visitor's way through all pages, twice, with a filter set and taken away on each."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{server.url}/input?src={source}")
    settle(page)
    found: dict[str, list[Cost]] = {}
    for _ in range(2):
        for spec in PAGES:
            costs = found.setdefault(spec.title, [])
            costs.append(cost(server, lambda spec=spec: go(page, spec)))  # type: ignore[misc]
            costs.append(cost(server, lambda: filter_labels(page, "app")))
            costs.append(cost(server, lambda: filter_labels(page, "")))
    context.close()
    return found


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description="Measure the pages in a browser.")
    parser.add_argument("--rounds", type=int, default=3, help="cold starts to take the median of")
    parser.add_argument("--source", default="sample:shop")
    given = parser.parse_args(argv)
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium found: name one in NETATLAS_CHROMIUM.", file=sys.stderr)
        return 2
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(running_browser(chromium))
        starts = [cold_start(browser, given.source, scratch / str(i)) for i in range(given.rounds)]
        print("\n| Cold start until | s | server CPU s |\n| --- | ---: | ---: |")
        for what, costs in (("heading", [s[0] for s in starts]), ("first content", [s[1] for s in starts])):
            print(f"| {what} | {median(c.elapsed_s for c in costs):.2f} | {median(c.cpu_s for c in costs):.2f} |")
        server = stack.enter_context(running_server(scratch, guarded=False))
        found = visits(browser, server, given.source)
    print("\n| Page | first visit s | CPU s | later visit s | CPU s | filter set s | CPU s | filter off s | CPU s |")
    print("| --- |" + " ---: |" * 8)
    for title, costs in found.items():
        cells = [f"{c.elapsed_s:.2f} | {c.cpu_s:.2f}" for c in (costs[0], costs[3], costs[4], costs[5])]
        print(f"| {title} | " + " | ".join(cells) + " |")
    print(f"\nload average {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
