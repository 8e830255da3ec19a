"""Takes pictures of the pages: ``python -m tests.browser.shoot FOLDER [--page input] [--theme dark]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser

from lib.ui.navigation import PAGES, spec
from tests.browser.chromium import Watch, running_browser, settle
from tests.browser.server import find_chromium, running_server

HEIGHTS = {1280: 800, 1440: 900, 1920: 1080}


def shoot(browser: Browser, url: str, file: Path, theme: str, width: int, *, full: bool = False) -> Watch:
    """One picture, of the whole page or of what a window shows; returns what the page did."""
    watch = Watch()
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, width * 10 // 16)},
        color_scheme="dark" if theme == "dark" else "light",
    )
    try:
        watch.attach(context)
        tab = context.new_page()
        tab.goto(url)
        settle(tab)
        tab.wait_for_timeout(1200)
        if full:
            height = tab.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            tab.set_viewport_size({"width": width, "height": max(int(height), HEIGHTS.get(width, 900))})
            tab.wait_for_timeout(800)
        tab.screenshot(path=file)
        return watch
    finally:
        context.close()


def main() -> int:
    """Shoot what the arguments ask for; every page in light at 1440 pixels without any."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.shoot", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", action="append", choices=[p.file for p in PAGES])
    parser.add_argument("--theme", action="append", choices=["light", "dark"])
    parser.add_argument("--width", action="append", type=int)
    parser.add_argument("--source", default="sample:shop", help="sample:NAME, or none")
    parser.add_argument("--query", default="", help="more of the URL, e.g. 'ns=shop-web'")
    parser.add_argument("--full", action="store_true", help="the whole page, not only what is seen without scrolling")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium found: name one in NETATLAS_CHROMIUM.", file=sys.stderr)
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    query = "&".join(filter(None, [urlencode({"src": options.source}, safe=":/"), options.query]))
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(running_server(Path(scratch)))
        browser = stack.enter_context(running_browser(chromium))
        wanted = product(options.page or [p.file for p in PAGES], options.theme or ["light"], options.width or [1440])
        for page, theme, width in wanted:
            file = options.folder / f"{page}-{theme}-{width}.png"
            watch = shoot(browser, f"{server.url}{spec(page).address}?{query}", file, theme, width, full=options.full)
            print(file, *watch.complaints(), sep="\n    ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
