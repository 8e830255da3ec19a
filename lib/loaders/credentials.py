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
_WORDS: Final = field_names("auth xauth authentication key keys sig hmac pwd pass psk otp sid session jwt bearer")
_INSIDE: Final = pattern(
    "token|secret|passw|passphrase|credential|authorization|signature|cookie"
    "|(?:api|access|account|app|auth|client|function|master|private|shared|subscription)_?key",
    re.IGNORECASE,
)
_OF_PARAMETERS: Final = _WORDS | {"code"}
_PARTS: Final = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME_CHARS: Final = 256
_NAME_FIELDS: Final = field_names("name header key")
_VALUE_FIELDS: Final = field_names("value values")
_BY_NAME: Final = field_names("set add headers headerMatches queryParams")
"""Lists of names and values, which other kinds than those of the API write as mappings."""
# Cilium takes what stands before the first blank, without colons, for the name.
_HEADER: Final = pattern(r"(?s)\s*([^\s:=]*)([\s:=]*)(.*)")
# A word that begins there, so that no text is looked through more than once.
_IN_TEXT: Final = pattern(
    r"""(?<![-A-Za-z0-9_])([A-Za-z][-A-Za-z0-9_]{1,127})["']?(?:[ \t]*[:=][ \t]*|[ \t]+)["']?[^\s"',;|]"""
)
_SCHEME: Final = pattern(r"\b(?:bearer|basic)[ \t]+(?=[^\s0-9=]{0,4096}[0-9=])[-\w+/=.~]{8}", re.IGNORECASE)


def is_telling(name: str, *, is_parameter: bool = False) -> bool:
    """Whether a header, or a parameter of a URL, is called like what carries credentials."""
    if len(name) > _NAME_CHARS:
        return True  # more than the API lets a name have, so that nobody's word is lost by it
    words = _OF_PARAMETERS if is_parameter else _WORDS
    return _INSIDE.search(name) is not None or not words.isdisjoint(p.lower() for p in _PARTS.findall(name))


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
    _, is_of_headers, name = what.partition("header")
    # Kong has the name in the key: konghq.com/headers.authorization.
    named = is_telling(name) or any(is_telling(found[1]) for found in _IN_TEXT.finditer(value))
    return bool(is_of_headers) and named


def may_have_headers(group: str, kind: str) -> bool:
    """Whether objects of a kind, called as manifests write it, may have headers with values in them."""
    return kind in _KINDS and group not in _OF_PORTS_ALONE


def mask_headers(target: dict[str, Any], *, shared: bool = False) -> set[tuple[int, str]]:
    """Mask what goes with telling names in an object, in place; returns which key of which mapping changed (by id).

    Fields that only stand for those of the API count as well: a manifest may be meant for another kind. With ``shared``
    a value may stand in several places, of which each goes.
    """
    changed: set[tuple[int, str]] = set()
    gone: set[str] = set()
    found = {key: value for key, value in target.items() if key != "metadata"}
    for parent, node in _mappings(found):
        listed = node.get(HEADERS)
        kept = [_without_value(item) for item in listed] if isinstance(listed, list) else _without_value(listed)
        masked = {HEADERS: kept} if HEADERS in node and kept != listed else {}
        masked |= _masked(parent, node)
        gone.update(value for key in masked if isinstance(value := node[key], str))
        node |= masked
        changed.update((id(node), key) for key in masked)
    for _, node in _mappings(found) if shared else ():
        if isinstance(value := node.get("value"), str) and value in gone - {MASK}:
            node["value"] = MASK
            changed.add((id(node), "value"))
    return changed


def _masked(parent: str, node: Mapping[str, Any]) -> dict[str, Any]:
    """What of a mapping must not be kept, masked: values beside a name, or those that stand under one."""
    names = [
        name
        for key, value in node.items()
        if key.lower() in _NAME_FIELDS and not (key == "key" and "operator" in node)
        for name in (value if isinstance(value, list) else [value])
        if isinstance(name, str)
    ]
    is_parameter = parent == "queryParams"
    if names:
        telling = any(is_telling(name, is_parameter=is_parameter) for name in names)
        under = [key for key, value in node.items() if key.lower() in _VALUE_FIELDS and (telling or _is_login(value))]
    elif parent in _BY_NAME:
        under = [key for key, value in node.items() if is_telling(key, is_parameter=is_parameter) or _is_login(value)]
    else:
        under = []
    values = {key: [MASK] if key != "value" and isinstance(node[key], list) else MASK for key in under}
    return {key: value for key, value in values.items() if node[key] != value and not _is_reference(node[key])}


def _is_login(value: Any) -> bool:
    """Whether a header's value says itself that it is one: ``Bearer …``."""
    texts = value if isinstance(value, list) else [value]
    return any(isinstance(text, str) and _SCHEME.search(text) is not None for text in texts)


def _is_reference(value: Any) -> bool:
    """Whether a value is an object beside others rather than anybody's text, such as a reference to a Secret."""
    return isinstance(value, dict) and "name" in value


def _without_value(item: Any) -> Any:
    """An element of ``headers`` without the value of a telling name, where it is a text or of Calico's form."""
    if isinstance(item, str):
        name, sign, value = _HEADER.findall(item)[0]
        return f"{name}{sign.strip()} {MASK}" if value.strip() and (is_telling(name) or _is_login(value)) else item
    if isinstance(item, dict):
        # What stands under "value" has a place of its own in the text.
        return {**item, **{key: value for key, value in _masked(HEADERS, item).items() if key != "value"}}
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
