"""One kind, listed page by page: what comes is kept, what goes wrong is tried again or told."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NoReturn

from lib.loaders.cluster.connection import Answer, Connection, TooLarge, Unreachable
from lib.loaders.cluster.keep import Keeper
from lib.loaders.cluster.resources import Resource
from lib.loaders.documents import RawObject
from lib.loaders.kinds import CUSTOM_KINDS
from lib.loaders.limits import DEFAULT, MIB
from lib.loaders.manifests import LoadCancelled
from lib.model.refs import Source

PAGE: Final = 500
"""Objects that are asked for at once, as kubectl does."""
OBJECTS_MAX: Final = 1_000_000
"""Objects of one kind."""
KEPT_CHARS_MAX: Final = 512 * MIB
"""Characters of JSON of all that is kept of one cluster."""
KEPT_PARTS_MAX: Final = 40_000_000
"""Values of all that is kept of one cluster."""
PAGE_PARTS_MAX: Final = 4_000_000
"""Values in one page, before anything of it is dropped."""
_RESTARTS: Final = 2
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class Outcome(Enum):
    """How the list of one kind ended."""

    WAITING = "waiting"
    READING = "reading"
    COMPLETE = "complete"
    REFUSED = "refused"
    NOT_INSTALLED = "not installed"
    UNFINISHED = "broke off"
    NOT_LOGGED_IN = "login refused"


@dataclass(slots=True)
class Listing:
    """One resource's list: what was kept so far, how it stands, and why it ended as it did.

    ``expected`` is what the server says there is in all (0: it does not say). Written by one thread.
    """

    resource: Resource
    version: str = ""
    outcome: Outcome = Outcome.WAITING
    objects: list[RawObject] = field(default_factory=list)
    expected: int = 0
    reason: str = ""
    digest: Any = field(default_factory=hashlib.sha256)
    chars: int = 0
    parts: int = 0

    def end(self, outcome: Outcome, reason: str = "") -> None:
        """Write down how it ended."""
        self.outcome, self.reason = outcome, reason


class Room:
    """How much more may be kept of a cluster, for all its lists together."""

    def __init__(self, chars: int = KEPT_CHARS_MAX, parts: int = KEPT_PARTS_MAX) -> None:
        self._left = [chars, parts]
        self._lock = threading.Lock()

    def take(self, chars: int, parts: int) -> bool:
        """Take some of it, or give it back where the numbers are negative; False once there is no more."""
        with self._lock:
            self._left = [self._left[0] - chars, self._left[1] - parts]
            return min(self._left) >= 0


@dataclass(slots=True)
class Gone:
    """Why nothing more is to be asked of the server; "" while it answers."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all lists of one load share; ``wait`` raises LoadCancelled when the person gives up."""

    connection: Connection
    cancelled: Callable[[], bool]
    in_time: Callable[[], bool]
    gone: Gone
    wait: Callable[[float], None]
    room: Room = field(default_factory=Room)


class _Ended(Exception):
    """The list ended, for the reason that was written down."""


def list_resource(listing: Listing, version: str, shared: Circumstances) -> None:
    """List one resource in one version, from its first page to its last. Raises LoadCancelled and ClusterError only."""
    listing.version, listing.outcome = version, Outcome.READING
    try:
        for _ in range(_RESTARTS + 1):
            if _pages(listing, version, shared):
                return
        listing.end(Outcome.UNFINISHED, "the list grew too old again and again while it was read")
    except _Ended:
        return


def _pages(listing: Listing, version: str, shared: Circumstances) -> bool:
    """Read every page; False where the server says that the list has to begin anew."""
    keeper = Keeper()
    shared.room.take(-listing.chars, -listing.parts)
    listing.objects, listing.digest, listing.chars, listing.parts = [], hashlib.sha256(), 0, 0
    api_version = listing.resource.api_version(version)
    token, seen, limit = "", set[str](), PAGE
    while True:
        page, limit = _page(listing, version, token, limit, shared)
        if page is None:
            return False
        items, token = page
        listing.expected = max(len(listing.objects) + len(items), listing.expected)
        try:
            has_room = _take(listing, keeper, items, api_version, shared.room)
        except RecursionError:
            _end(listing, Outcome.UNFINISHED, "an object nests too deep")
        if not has_room:
            _end(listing, Outcome.UNFINISHED, "the cluster is larger than what may be kept of one")
        if not token:
            listing.end(Outcome.COMPLETE)
            return True
        if token in seen:
            _end(listing, Outcome.UNFINISHED, "the server gives the same page again and again")
        seen.add(token)
        if len(listing.objects) > OBJECTS_MAX:
            _end(listing, Outcome.UNFINISHED, f"there are more than {OBJECTS_MAX:,} objects")


def _take(listing: Listing, keeper: Keeper, items: list[Any], api_version: str, room: Room) -> bool:
    """Keep what is needed of ``items``; False, and the rest of them is left, where there is no more room."""
    resource, objects = listing.resource, listing.objects
    for item in items:
        kept = keeper.keep(item if isinstance(item, dict) else {}, resource, api_version)
        text = json.dumps(kept)
        chars, parts = len(text), text.count(",") + text.count("[") + text.count("{")
        listing.chars, listing.parts = listing.chars + chars, listing.parts + parts
        if not room.take(chars, parts):
            return False
        listing.digest.update(text.encode())
        source = Source(resource.name, 1, (), len(objects))
        objects.append(RawObject(kept, source, api_version, resource.kind))
    return True


def _page(
    listing: Listing, version: str, token: str, limit: int, shared: Circumstances
) -> tuple[tuple[list[Any], str] | None, int]:
    """The items of one page and the token of the next (None: the list has to begin anew), and the limit to go on."""
    patience = shared.connection.patience
    wait_s, reason = patience.wait_s, ""
    for attempt in range(patience.tries):
        _look_around(listing, shared)
        if attempt:
            shared.wait(wait_s)
            wait_s = min(2 * wait_s, patience.longest_wait_s)
        query: dict[str, str | int] = {"limit": limit} | ({"continue": token} if token else {})
        try:
            answer = shared.connection.get(listing.resource.path(version), query, cancelled=shared.cancelled)
        except TooLarge:
            reason, limit = "a page is larger than an answer may be", max(1, limit // 10)
            continue
        except Unreachable as error:
            reason = error.reason
            if attempt and not _answers(shared):
                shared.gone.reason = "the server no longer answers"
            if attempt:
                break
            continue
        if answer.status == 200:
            page = _decoded(listing, answer, len(listing.objects))
            if page is not None:
                return page, limit
            reason = "the answer is no list of this kind"
        elif answer.status in _AGAIN:
            reason = f"the server answers {answer.status}"
            wait_s = max(wait_s, min(answer.retry_after_s, patience.longest_wait_s))
        elif token and answer.status in (400, 410):
            return None, limit
        else:
            _settle(listing, answer.status, shared)
    _end(listing, Outcome.UNFINISHED, reason)


def _answers(shared: Circumstances) -> bool:
    """Whether the server is there at all: a list that never ends may be the fault of its kind alone."""
    try:
        shared.connection.get("/version", cancelled=shared.cancelled)
    except (Unreachable, TooLarge):
        return False
    return True


def _look_around(listing: Listing, shared: Circumstances) -> None:
    if shared.cancelled():
        raise LoadCancelled
    if shared.gone.reason:
        _end(listing, Outcome.UNFINISHED, shared.gone.reason)
    if not shared.in_time():
        _end(listing, Outcome.UNFINISHED, "it takes too long")


def _settle(listing: Listing, status: int, shared: Circumstances) -> NoReturn:
    """The statuses that no other try would change."""
    begun = bool(listing.objects)
    if status == 401:
        shared.gone.reason = "the login was refused on the way"
        _end(listing, Outcome.NOT_LOGGED_IN, "the server does not know the login (401)")
    if status == 403 and not begun:
        _end(listing, Outcome.REFUSED, "the login may not list it (403)")
    if status == 404 and not begun and listing.resource.kind in CUSTOM_KINDS:
        _end(listing, Outcome.NOT_INSTALLED)
    if 300 <= status < 400:
        _end(listing, Outcome.UNFINISHED, f"the server redirects ({status}), which is not followed")
    _end(listing, Outcome.UNFINISHED, f"the server answers {status}")


def _end(listing: Listing, outcome: Outcome, reason: str = "") -> NoReturn:
    listing.end(outcome, reason)
    raise _Ended


def _decoded(listing: Listing, answer: Answer, before: int) -> tuple[list[Any], str] | None:
    """Items and continue token of a page; None where it is no list."""
    body = answer.body
    if body.count(b",") + body.count(b"[") + body.count(b"{") > PAGE_PARTS_MAX:
        return None
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("kind") != f"{listing.resource.written}List":
        return None
    items, metadata = value.get("items"), value.get("metadata")
    # A Go server writes a list without items as null.
    items = [] if items is None else items
    if not isinstance(items, list) or not isinstance(metadata, dict) or len(items) > DEFAULT.documents_per_file:
        return None
    token, remaining = metadata.get("continue") or "", metadata.get("remainingItemCount")
    if not isinstance(token, str):
        return None
    if type(remaining) is int and 0 <= remaining <= OBJECTS_MAX:
        listing.expected = before + len(items) + remaining
    return items, token


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)
