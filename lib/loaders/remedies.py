"""What to do about each fault of a text or an archive, by the fault's code."""

from __future__ import annotations

from typing import Final

from lib.loaders.recognise import Advice
from lib.model.problem import Severity


def advise(code: str, message: str, remedy: str = "Load less at once.") -> Advice:
    """An error with what to do about it."""
    return Advice(Severity.ERROR, code, message, remedy)


NESTED_LIST: Final = advise("nested-list", "a list inside a list is not read", "Put its items into the outer list.")
REMEDIES: Final = {
    "yaml-syntax": "Correct the YAML at this line: indentation, quotes, brackets and colons.",
    "json-syntax": "Correct the JSON at this line: commas, quotes and brackets.",
    "control-character": "Remove the character; a file that holds many of them is no text.",
    "duplicate-key": "Keep one of the two; the API server refuses an object that has both.",
    "unknown-tag": "Remove the tag.",
    "wrong-tag": "Remove the tag or correct the value.",
    "invalid-key": "Write the key as a plain word or in quotes.",
    "invalid-merge": "Let << stand before a mapping, an alias of one, or a list of these.",
    "not-a-number": "Write a number, or put the value in quotes.",
    "unknown-anchor": "Define the anchor (&name) before the alias (*name), in the same document.",
    "recursive-alias": "Write the value out.",
    "excessive-aliases": "Write the values out, or use fewer aliases.",
    "nested-too-deep": "No Kubernetes object nests that deep; load manifests only.",
    "scalar-too-long": "The API server keeps no such object; load manifests only.",
    "too-many-nodes": "Load less at once, for instance one namespace.",
    "too-many-documents": "Split the file.",
    "too-many-items": "Split the list, for instance by namespace.",
    "too-many-faults": "Correct the values above, or dump the objects anew as one list.",
}
ARCHIVE_REMEDIES: Final = {
    "unsafe-path": "Make the archive anew, from within the folder of the manifests.",
    "special-file": "Put the file itself into the archive instead of a link.",
    "encrypted-archive": "Make the archive without a password.",
    "nested-archive": "Unpack the inner archive and load it by itself.",
}
