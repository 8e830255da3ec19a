"""The day it is, asked in one place, so that what hangs on it can be shown for another."""

from __future__ import annotations

from datetime import date


def today() -> date:
    """The day it is here."""
    return date.today()
