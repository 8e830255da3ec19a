"""Every bound on what an input may be, in one place."""

from __future__ import annotations

from typing import Final

from lib.model.records import dataclass

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much input is read; every bound is inclusive, and going over one is a Problem, never a crash."""

    upload_bytes: int = 100 * MIB
    """All files of one input together, as they were handed over."""
    decompressed_bytes: int = 200 * MIB
    """All files of one input together, after unpacking."""
    compression_ratio: int = 200
    """Unpacked over packed size of one archive; judged once more than a MiB was unpacked."""
    archive_entries: int = 20_000
    """Entries in one archive, folders included."""
    files: int = 20_000
    """Files in one input, those inside archives included."""
    documents_per_file: int = 200_000
    """YAML documents or JSON values in one file, and items in one list."""
    nesting_depth: int = 100
    """Mappings and lists inside each other; Kubernetes' deepest object types stay under 50."""
    nodes: int = 8_000_000
    """Keys, values, lists and mappings of one input."""
    alias_nodes_per_document: int = 100_000
    """Nodes that the aliases of one document stand for, each use counted."""
    scalar_chars: int = 4 * MIB
    """One key or value; the API server keeps no object over 1.5 MiB."""
    problems_per_file: int = 200
    """Problems told one by one; the rest is one Problem with their number. So many broken JSON values end a file."""
    name_chars: int = 120
    """Characters of a file's or a key's name that a message shows."""


DEFAULT: Final = Limits()
