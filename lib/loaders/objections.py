"""Why a document is no object that may be taken over."""

from __future__ import annotations

from typing import Any

from lib.loaders.raw_kinds import is_kubeconfig, object_kind
from lib.loaders.recognise import EMPTY_ARRAY, HELM_TEMPLATE, KUBECONFIG, NO_KIND, NOT_A_MAPPING, Advice, by_content


def objection(value: Any, file: str, *, is_template: bool) -> Advice | None:
    """What is said of a document's value instead of reading it; None where it may be an object, or is empty.

    ``is_template``: the text around it is a template that was not rendered.
    """
    if value is None:
        return None
    if value == []:
        return EMPTY_ARRAY
    if not isinstance(value, dict):
        return NOT_A_MAPPING
    if is_kubeconfig(value):
        return KUBECONFIG
    if advice := by_content(value, file):
        return advice
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if is_template and isinstance(name, str) and "{{" in name:
        return HELM_TEMPLATE
    return None if object_kind(value, "", "")[1] else NO_KIND
