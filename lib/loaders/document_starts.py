"""Where the documents of a YAML text begin: at a ``---`` in the first column, whatever stands around it."""

from __future__ import annotations

from typing import Final

from lib.model.patterns import pattern

DOCUMENT_START: Final = pattern(r"---(?:(?<=[\n\r\x85\u2028\u2029]---)|(?<=\A---))(?=\s|\Z)")


def passed_over(text: str, begun: int, resume_after: int) -> str:
    """What is passed over from ``begun`` on when reading is resumed at the first ``---`` from ``resume_after``."""
    following = DOCUMENT_START.search(text, resume_after)
    return text[begun : following.start() if following else len(text)]


def resumed_from(text: str, begun: int) -> int:
    """From where on the next document's ``---`` is to be looked for; directives stand before their own."""
    if text[begun : begun + 1] == "%" and (own := DOCUMENT_START.search(text, begun)):
        begun = own.start()
    return begun + 1
