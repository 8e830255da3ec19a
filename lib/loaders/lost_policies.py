"""The NetworkPolicies that stand in text which could not be read: leaving them out silently would fail open.

Only what a policy is called is looked for, in lines that can be nothing else; every doubt widens what the policy may
have governed. No other value of the text is taken over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lib.loaders.kinds import CALICO_GROUPS, CILIUM_POLICY_KINDS, CLUSTER_POLICY_KINDS
from lib.loaders.lines import BREAK, line_count
from lib.model.calico_names import CALICO_NETWORK_POLICY
from lib.model.labels import EVERYTHING
from lib.model.patterns import pattern
from lib.model.policies import Direction, RejectedPolicy
from lib.model.refs import ObjectRef, Source

POLICY: Final = "NetworkPolicy"
_CLUSTER_WIDE: Final = {
    kind.removesuffix(POLICY).lower(): kind
    for kind in ("GlobalNetworkPolicy", *CLUSTER_POLICY_KINDS, *CILIUM_POLICY_KINDS)
}
_NAMESPACED: Final = "cilium"
_POLICY_WORDS: Final = tuple(f"{prefix}networkpolic" for prefix in ("", *_CLUSTER_WIDE))
_MOST_TOLD_ALONE: Final = 200
_LINES_AROUND: Final = 2_000
_CHARS_AROUND: Final = 100_000

_MENTION: Final = pattern(
    r"\bkind[\"']?[ \t]*:[ \t]*[\"']?[ \t]*"
    r"(Global|(?:Baseline)?Admin|Cluster|Cilium(?:Clusterwide)?)?NetworkPolic(?:y|ies|yList)\b",
    re.IGNORECASE,
)
_KIND_AT_MARGIN: Final = pattern(r"(?m)^[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z]*)")
_JSON_AT_MARGIN: Final = pattern(r"(?m)^\{")
_KEY: Final = pattern(
    r"((?:[ \t]*-[ \t])*[ \t]*)[\"']?([A-Za-z]+)[\"']?[ \t]*:(?:[ \t]+|(?=[\r\n\"'{]|\Z))(.*)", re.DOTALL
)
_VALUE: Final = pattern(r"([\"']?)([-.a-zA-Z0-9]{1,253})\1[ \t]*,?[ \t]*(?:#.*)?")
_VERSION: Final = pattern(r"([\"']?)([-.a-z0-9]+)/v[a-z0-9]+\1[ \t]*,?")
_BLOCK_OPENS: Final = pattern(r"\{?[ \t]*(?:#.*)?")
_FLOW: Final = pattern(r"\{([^{}]*)\}[ \t]*,?[ \t]*(?:#.*)?")


def lost_policies(
    text: str, source: Source, line: int, check: Callable[[], None] = lambda: None
) -> tuple[RejectedPolicy, ...]:
    """What NetworkPolicies the unread ``text`` shows, which begins at ``line`` of the file of ``source``.

    A policy without a name that can be relied on is called by its place; one without such a namespace may govern the
    whole cluster, and so may all of those that are too many to be told one by one. A document that says at its left
    margin that it is of another kind holds none, whatever its values contain.
    """
    if _MENTION.search(text) is None or _is_another_kind(text):
        return ()
    found: list[RejectedPolicy] = []
    position = 0
    for mention in _MENTION.finditer(text):
        check()
        line += line_count(text[position : mention.start()])
        position = mention.start()
        place = f"{source.file}:{line}"
        if len(found) == _MOST_TOLD_ALONE:
            return (*found, rejected("", f"those from {place} on", source))
        names = _names(text, position)
        if names is not None:
            prefix = mention.group(1)
            kind = names.get("kind", POLICY) if prefix is None else _CLUSTER_WIDE[prefix.lower()]
            namespaced = prefix is None or prefix.lower() == _NAMESPACED
            namespace = names.get("namespace", "") if namespaced else ""
            found.append(rejected(namespace, names.get("name") or place, source, kind))
    return tuple(found)


def rejected(namespace: str, name: str, source: Source, kind: str = POLICY) -> RejectedPolicy:
    """A policy of which no more is known than what it is called; a ``namespace`` of "" may be any."""
    return RejectedPolicy(ObjectRef(namespace, name, kind), source, namespace, EVERYTHING, frozenset(Direction))


def _is_another_kind(text: str) -> bool:
    if _JSON_AT_MARGIN.search(text):
        return False
    kinds = [m.group(1).lower() for m in _KIND_AT_MARGIN.finditer(text)]
    return bool(kinds) and not any(not k or k.endswith("list") or k.startswith(_POLICY_WORDS) for k in kinds)


def _names(text: str, mention: int) -> Mapping[str, str] | None:
    """What the object whose ``kind`` is at ``mention`` is called, as far as it can be told; None: of another API."""
    lines = list(_siblings(text, mention))
    versions = [value for key, value, _ in lines if key == "apiVersion"]
    stated = _VERSION.match(versions[0]) if len(versions) == 1 else None
    calico = stated is not None and stated.group(2) in CALICO_GROUPS
    known = calico or (stated is not None and stated.group(2).endswith((".k8s.io", "cilium.io")))
    if stated is not None and "." in stated.group(2) and not known:
        return None
    kind = {"kind": CALICO_NETWORK_POLICY} if calico else {}
    metadata = [(value, below) for key, value, below in lines if key == "metadata"]
    if len(metadata) != 1:
        return kind
    value, below = metadata[0]
    if flow := _FLOW.fullmatch(value):
        below = [part.strip() for part in flow.group(1).split(",")]
    elif not _BLOCK_OPENS.fullmatch(value):
        return kind
    return {**_own_names(below), **kind}


def _own_names(lines: list[str]) -> dict[str, str]:
    """``name`` and ``namespace`` among the keys of one mapping's lines; one that stands twice is not to be trusted."""
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    column = -1
    for line in lines:
        key = _KEY.match(line)
        if key is None:
            continue
        if column < 0:
            column = len(key.group(1))
        if len(key.group(1)) == column and key.group(2) in ("name", "namespace"):
            value = _VALUE.fullmatch(key.group(3).strip())
            if value is None or key.group(2) in found:
                doubtful.add(key.group(2))
            else:
                found[key.group(2)] = value.group(2)
    return {key: value for key, value in found.items() if key not in doubtful}


def _siblings(text: str, mention: int) -> Iterator[tuple[str, str, list[str]]]:
    """The keys beside the one at ``mention``, each with what stands behind it and the lines below it."""
    before = BREAK.split(text[max(0, mention - _CHARS_AROUND) : mention])
    after = BREAK.split(text[mention : mention + _CHARS_AROUND])
    own = before.pop() + after[0]
    match = _KEY.match(own)
    if match is None or match.group(2).lower() != "kind":
        return
    column = len(match.group(1))
    lines = [own]
    if "-" not in match.group(1):
        for line in reversed(before[-_LINES_AROUND:]):
            at = _column(line)
            if line.startswith("---"):
                break
            if at is not None and at < column:
                if (first := _KEY.match(line)) and len(first.group(1)) == column:
                    lines.append(line)
                break
            lines.append(line)
    lines.reverse()
    for line in after[1:_LINES_AROUND]:
        at = _column(line)
        if line.startswith("---") or (at is not None and at < column):
            break
        lines.append(line)
    key, value, below = "", "", list[str]()
    for line in lines:
        match = _KEY.match(line)
        if match is not None and len(match.group(1)) == column:
            if key:
                yield key, value, below
            key, value, below = match.group(2), match.group(3).strip(), []
        elif (_column(line) or 0) > column:
            below.append(line)
    if key:
        yield key, value, below


def _column(line: str) -> int | None:
    """Where the first character stands; None for a blank line and a comment."""
    bare = line.lstrip(" \t")
    return None if not bare or bare[0] == "#" else len(line) - len(bare)
