"""ConfigMaps of kube-system: what was kept of them at the door."""

from __future__ import annotations

from lib.loaders.config_values import fact_of, kept_data
from lib.loaders.documents import RawObject
from lib.loaders.mask import MASK
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.session import Session
from lib.model.config_maps import ConfigMap


def parse_config_map(session: Session, raw: RawObject) -> ConfigMap | None:
    """A ConfigMap by the names that are read; a value that is not of its form is told and left out."""
    reading = open_object(session, raw)
    reading.entry.secretive = True
    fact, section = fact_of(raw.obj), reading.root.child("data")
    if reading.entry.failed or fact is None:
        return None
    found = kept_data(fact, section.data) if section is not None else {}
    unread = tuple(key for key, value in found.items() if value == MASK)
    for key in unread:
        known = fact.key(key)
        message = f"it can't be read, so it does not tell {known.tells if known else 'what it says'}"
        remedy = f"See to its form, or leave it as {fact.of} has it; the rest of the ConfigMap counts."
        reading.entry.warn(("data", key), "config-map-value", message, remedy)
    return ConfigMap(reading.ref, raw.source, {k: v for k, v in found.items() if v != MASK}, unread)
