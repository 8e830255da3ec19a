"""How much of each kind the input holds, inferred from the lists that it came in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from lib.model.records import dataclass, field
from lib.model.snapshot import UNREAD, Coverage


@dataclass(slots=True)
class ListContent:
    """What one list of the input held.

    ``kind`` is the list's own (``List``, ``PodList``). ``namespaces`` are those of its namespaced items; ``kinds`` are
    its items' kinds. ``from_server`` says that a server wrote it: a typed list has a resourceVersion, a kubectl
    ``List`` an item with a uid, resourceVersion, creationTimestamp or status.
    """

    kind: str
    from_server: bool
    kinds: set[str] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)


def infer_coverage(
    kinds: Mapping[str, bool],
    seen: Collection[str],
    lists: Iterable[ListContent],
    *,
    damaged: Collection[str] = (),
    assume_complete: bool = False,
) -> dict[str, Coverage]:
    """Coverage of every kind of ``kinds`` (kind → whether it is namespaced).

    ``seen`` are the kinds of which any object was in the input, ``damaged`` those of which one was not taken over.

    A server is asked for one namespace or for all, never for two. So a server's list with items in two or more
    namespaces was one over all of them, and every kind in it is complete: a typed list for its own kind, a kubectl
    ``List`` for each kind that it holds. A typed list of a cluster-scoped kind is always the whole, and so is an empty
    typed list, which nobody dumps for a namespace of no interest. A list whose items share a namespace may be one
    namespace's, and a ``List`` written by hand may hold anything: both are partial. A kind with an object that could
    not be taken over is never complete by inference, since "missing" might be said of just that object.

    ``assume_complete``: the person says that the input is the whole cluster, so every kind is complete, also those
    without any object.
    """
    if assume_complete:
        return dict.fromkeys(kinds, Coverage.COMPLETE)
    complete: set[str] = set()
    for content in lists:
        if not content.from_server:
            continue
        if content.kind == "List":
            if len(content.namespaces) > 1:
                complete |= content.kinds
        else:
            kind = content.kind.removesuffix("List")
            if not kinds.get(kind, True) or not content.kinds or len(content.namespaces) > 1:
                complete.add(kind)
    found: defaultdict[str, Coverage] = defaultdict(lambda: Coverage.NOT_SUPPLIED)
    for kind in kinds:
        if kind in complete and kind not in damaged:
            found[kind] = Coverage.COMPLETE
        elif kind in seen or kind in complete:
            found[kind] = Coverage.PARTIAL
        else:
            found[kind] = Coverage.NOT_SUPPLIED
    return dict(found)


_STRENGTH: Final = (
    Coverage.NOT_SUPPLIED,
    Coverage.PARTIAL,
    Coverage.UNFINISHED,
    Coverage.REFUSED,
    Coverage.COMPLETE,
)
"""Of two parts of an input the later of these counts: a refusal is told also where some objects came otherwise."""


def with_statements(
    inferred: Mapping[str, Coverage], stated: Iterable[Mapping[str, Coverage]], assume_complete: bool
) -> dict[str, Coverage]:
    """Coverage with what snapshots in the input state of their objects, which show no list to infer it from.

    ``assume_complete`` is the person's word on all of the input; only what a server did not give stays open.
    """
    found = dict(inferred)
    for statement in stated:
        for kind, coverage in statement.items():
            if assume_complete and coverage in UNREAD:
                found[kind] = coverage
            else:
                found[kind] = max(found.get(kind, coverage), coverage, key=_STRENGTH.index)
    return found
