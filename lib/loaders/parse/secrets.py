"""Secrets: name, type and the names of the keys. No value is ever looked at, nor quoted in a Problem."""

from __future__ import annotations

from lib.loaders.documents import RawObject
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.session import Session
from lib.model.snapshot import SecretInfo


def parse_secret(session: Session, raw: RawObject) -> SecretInfo | None:
    """A Secret without its values."""
    reading = open_object(session, raw)
    reading.entry.secretive = True
    root = reading.root
    keys: set[str] = set()
    for field in ("data", "stringData"):
        section = root.child(field)
        if section is not None:
            keys.update(str(key)[:253] for key in section.data)
    kind = root.text("type") or "Opaque"
    if reading.entry.failed:
        return None
    return SecretInfo(reading.ref, raw.source, kind[:253], tuple(sorted(keys)))
