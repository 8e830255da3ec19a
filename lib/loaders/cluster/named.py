"""The ConfigMaps of kube-system that are read: each by its name, some at a time, and none is ever listed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from lib.facts.config_maps import NAMESPACE, ConfigMapFact, config_maps
from lib.loaders.cluster.connection import TooLarge, Unreachable
from lib.loaders.cluster.listing import Circumstances, Listing, Outcome
from lib.loaders.cluster.resources import CONFIG_MAPS
from lib.loaders.config_values import kept_data
from lib.loaders.documents import RawObject
from lib.loaders.limits import MIB
from lib.model.refs import Source

_AT_ONCE: Final = 3
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_BYTES_MAX: Final = 4 * MIB
"""etcd keeps no object over 1.5 MiB."""
_WORST: Final = (Outcome.NOT_LOGGED_IN, Outcome.UNFINISHED, Outcome.REFUSED)
Found = tuple[Outcome, str, dict[str, Any] | None]
"""How asking for one ended, why, and what was kept of it (None: it is not there, or was not given)."""


def path_of(name: str) -> str:
    """The API's path of one ConfigMap."""
    return f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}"


def read_config_maps(listing: Listing, shared: Circumstances) -> None:
    """Ask for every ConfigMap that is read; one that is not there is none. Raises LoadCancelled only."""
    listing.version, listing.outcome, listing.expected = "v1", Outcome.READING, 0
    facts = tuple(config_maps().values())
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="netatlas-get") as pool:
        found = tuple(pool.map(lambda fact: _read(fact, shared), facts))
    for _, _, kept in found:
        if kept is not None:
            listing.digest.update(json.dumps(kept, sort_keys=True).encode())
            source = Source(CONFIG_MAPS.name, 1, (), len(listing.objects))
            listing.objects.append(RawObject(kept, source, "v1", CONFIG_MAPS.kind))
    for outcome in _WORST:
        named = [fact.name for fact, (ended, _, _) in zip(facts, found, strict=True) if ended is outcome]
        if named:
            why = next(reason for ended, reason, _ in found if ended is outcome)
            listing.end(outcome, f"{why}: {', '.join(named)} in {NAMESPACE}")
            return
    listing.end(Outcome.COMPLETE)


def _read(fact: ConfigMapFact, shared: Circumstances) -> Found:
    patience = shared.connection.patience
    wait_s, reason = patience.wait_s, ""
    for attempt in range(patience.tries):
        if shared.cancelled() or shared.gone.reason or not shared.in_time():
            return Outcome.UNFINISHED, shared.gone.reason or reason or "it takes too long", None
        if attempt:
            shared.wait(wait_s)
            wait_s = min(2 * wait_s, patience.longest_wait_s)
        try:
            answer = shared.connection.get(path_of(fact.name), cancelled=shared.cancelled)
        except TooLarge:
            return Outcome.UNFINISHED, "the answer is larger than a ConfigMap may be", None
        except Unreachable as error:
            reason = error.reason
            if attempt:
                break
            continue
        if answer.status == 200:
            kept = _decoded(answer.body, fact)
            if kept is not None:
                return Outcome.COMPLETE, "", kept
            reason = "the answer is no ConfigMap of this name"
        elif answer.status in _AGAIN:
            reason = f"the server answers {answer.status}"
            wait_s = max(wait_s, min(answer.retry_after_s, patience.longest_wait_s))
        else:
            if answer.status == 401:
                shared.gone.reason = "the login was refused on the way"
            return _settled(answer.status)
    return Outcome.UNFINISHED, reason, None


def _settled(status: int) -> Found:
    if status == 404:
        return Outcome.NOT_INSTALLED, "", None
    if status == 403:
        return Outcome.REFUSED, "the login may not get it (403)", None
    if status == 401:
        return Outcome.NOT_LOGGED_IN, "the server does not know the login (401)", None
    return Outcome.UNFINISHED, f"the server answers {status}", None


def _decoded(body: bytes, fact: ConfigMapFact) -> dict[str, Any] | None:
    """What is kept of an answer; None where it is not the ConfigMap that was asked for."""
    if len(body) > _BYTES_MAX:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("kind") != CONFIG_MAPS.written:
        return None
    metadata = found.get("metadata")
    if not isinstance(metadata, dict) or (metadata.get("namespace"), metadata.get("name")) != (NAMESPACE, fact.name):
        return None
    data = found.get("data")
    kept: dict[str, Any] = {"metadata": {"name": fact.name, "namespace": NAMESPACE}}
    if isinstance(data, dict):
        kept["data"] = kept_data(fact, data)
    return kept
