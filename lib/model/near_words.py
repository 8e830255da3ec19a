"""Which known word a misspelt one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar of ``known``, at least ``cutoff`` alike on difflib's scale of 0 to 1; None where none is."""
    # Imported here: it is asked for where something is wrong, and importing it takes longer than many an input.
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1, cutoff)), None)
