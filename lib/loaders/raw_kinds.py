"""What an object says it is, before anything else of it is believed."""

from __future__ import annotations

from typing import Any, Final

from lib.model.patterns import pattern

_KIND_NAME: Final = pattern(r"[A-Za-z][A-Za-z0-9]{0,62}")
_API_VERSION: Final = pattern(r"(?:[-.a-z0-9]{1,253}/)?v?[a-z0-9]{1,63}")


def is_list(value: dict[str, Any]) -> bool:
    """Whether an object is a ``kind: List`` or a typed list (``PodList``)."""
    kind = value.get("kind")
    return isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list)


def is_kubeconfig(value: dict[str, Any]) -> bool:
    """Whether a mapping is a kubeconfig, whole or in part; such a file holds credentials and nothing to show."""
    keys = value.keys()
    if value.get("kind") == "Config" and ({"users", "clusters", "contexts", "current-context"} & keys):
        return True
    return {"users", "clusters", "contexts"} <= keys


def object_kind(value: dict[str, Any], list_kind: str, list_version: str) -> tuple[str, str]:
    """apiVersion and kind of an object; an item of a typed list has its list's. "" for what is absent or no name."""
    kind, version = value.get("kind"), value.get("apiVersion")
    if kind is None and list_kind not in ("", "List"):
        kind = list_kind.removesuffix("List")
    if version is None and list_kind not in ("", "List"):
        version = list_version
    good_kind = kind if isinstance(kind, str) and _KIND_NAME.fullmatch(kind) else ""
    good_version = version if isinstance(version, str) and _API_VERSION.fullmatch(version) else ""
    return good_version, good_kind
