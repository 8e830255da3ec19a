"""The argument for the day that answers are about."""

from __future__ import annotations

import argparse
from datetime import date

from lib.facts import today


def add_day_argument(sub: argparse.ArgumentParser) -> None:
    """Add ``--today``, by default the day it is."""
    text = "tell how controllers are supported on this day, e.g. 2026-12-31 (default: today)"
    sub.add_argument("--today", type=_day, default=today.today(), metavar="DATE", help=text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date, e.g. 2026-12-31") from None
