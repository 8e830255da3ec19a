"""Credentials in routes and policies: values of headers and of URLs' parameters that are called like one.

A filter may set a header for every request, and a match may want one that only friends know. The fields are those of
Gateway API's HTTPRoute and GRPCRoute ({name, value}), of Cilium's PortRuleHTTP (``headers``, which are texts, and
``headerMatches``, {name, value}) and of Calico's HTTPMatch ({header, values}).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lib.loaders.built import HEADERS, LABEL_MAPS
from lib.loaders.mask import MASK
from lib.loaders.parse.session import field_names
from lib.model.patterns import pattern

_KINDS: Final = field_names(
    "HTTPRoute GRPCRoute CiliumNetworkPolicy CiliumClusterwideNetworkPolicy NetworkPolicy GlobalNetworkPolicy "
    "StagedNetworkPolicy StagedGlobalNetworkPolicy Profile"
)
_OF_PORTS_ALONE: Final = ("networking.k8s.io", "extensions")

# Whole words of a name, and what is telling inside a longer word, too: X-Api-Key, but not X-Keyboard.
_WORDS: Final = field_names("auth authentication key keys sig pwd pass otp sid session jwt bearer")
_INSIDE: Final = pattern(
    "token|secret|passw|passphrase|credential|authorization|signature|cookie|api_?key|access_?key", re.IGNORECASE
)
_OF_PARAMETERS: Final = _WORDS | {"code"}
_PARTS: Final = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME_CHARS: Final = 256
# A word that begins there, so that no text is looked through more than once.
_IN_TEXT: Final = pattern(
    r"""(?<![-A-Za-z0-9_])([A-Za-z][-A-Za-z0-9_]{1,127})["']?(?:[ \t]*[:=][ \t]*|[ \t]+)["']?[^\s"',;|]"""
)
_SCHEME: Final = pattern(r"\b(?:bearer|basic)[ \t]+(?=[^\s0-9=]{0,4096}[0-9=])[-\w+/=.~]{8}", re.IGNORECASE)


def is_telling(name: str, *, is_parameter: bool = False) -> bool:
    """Whether a header, or a parameter of a URL, is called like what carries credentials."""
    short = name[:_NAME_CHARS]
    words = _OF_PARAMETERS if is_parameter else _WORDS
    return _INSIDE.search(short) is not None or not words.isdisjoint(p.lower() for p in _PARTS.findall(short))


def is_header_note(notes: Mapping[str, Any], key: str) -> bool:
    """Whether an annotation sets a header that carries credentials, or says what such a header must hold.

    One that only names headers, such as those that CORS permits, is none.
    """
    value, what = notes[key], key.rpartition("/")[2]
    if not isinstance(value, str):
        return False
    if _SCHEME.search(value):
        return True
    if what in ("canary-by-header-value", "canary-by-header-pattern"):
        header = notes.get(f"{key.removesuffix(what)}canary-by-header")
        return isinstance(header, str) and is_telling(header)
    return "header" in what and any(is_telling(found[1]) for found in _IN_TEXT.finditer(value))


def may_have_headers(group: str, kind: str) -> bool:
    """Whether objects of a kind, called as manifests write it, may have headers with values in them."""
    return kind in _KINDS and group not in _OF_PORTS_ALONE


def mask_headers(target: dict[str, Any]) -> set[tuple[int, str]]:
    """Mask what goes with telling names in an object, in place; returns which key of which mapping changed (by id)."""
    changed: set[tuple[int, str]] = set()
    for parent, node in _mappings({key: value for key, value in target.items() if key != "metadata"}):
        name = node.get("name")
        if "value" in node and isinstance(name, str) and is_telling(name, is_parameter=parent == "queryParams"):
            node["value"] = MASK
            changed.add((id(node), "value"))
        listed = node.get(HEADERS)
        if isinstance(listed, list):
            kept = [_without_value(item) for item in listed]
            if kept != listed:
                node[HEADERS] = kept
                changed.add((id(node), HEADERS))
    return changed


def _without_value(item: Any) -> Any:
    """An element of ``headers`` without the value of a telling name, where it is a text or of Calico's form."""
    if isinstance(item, str):
        sign = ":" if ":" in item else " "
        name, _, value = item.partition(sign)
        return f"{name}{sign.strip()} {MASK}" if value.strip() and is_telling(name) else item
    if isinstance(item, dict) and "values" in item:
        header = item.get("header")
        return {**item, "values": [MASK]} if isinstance(header, str) and is_telling(header) else item
    return item


def _mappings(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping in ``value``, each once, with the key that it or its list stands under; no labels."""
    stack: list[tuple[str, Any]] = [("", value)]
    seen: set[int] = set()
    while stack:
        parent, node = stack.pop()
        if not isinstance(node, dict | list) or id(node) in seen or parent in LABEL_MAPS:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            yield parent, node
            stack += node.items()
        else:
            stack += ((parent, item) for item in node)
