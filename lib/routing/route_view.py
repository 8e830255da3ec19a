"""The row of the routes table: one host, one path, one backend, whichever API it was written in."""

from __future__ import annotations

from lib.model.problem import Severity
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.routes import RouteMatch
from lib.routing.backends import BackendView
from lib.routing.faults import SUPPORT, WITHOUT_BACKEND, Issue, State, reason_of, worst
from lib.routing.ingress_class import ClassAnswer
from lib.routing.tls import NO_TLS, TlsView

INGRESS_API = "Ingress"
GATEWAY_API = "Gateway API"


@dataclass(frozen=True, slots=True)
class RouteView:
    """One host × path × backend of an Ingress or a Gateway API route, at one controller or Gateway.

    ``host`` and ``path`` are "" where every host or path is meant (a default backend, a TCPRoute). ``path_type`` is
    the API's word, or Default for a default backend. ``match`` is the Gateway API's, None for an Ingress. ``accepted``
    is None where the input does not settle whether anybody serves the row. ``rule`` and ``item`` are the positions of
    rule and path (or match) in the object, ``created`` its creationTimestamp as written.
    """

    route: ObjectRef
    api: str
    source: Source
    host: str
    path: str
    path_type: str
    served_by: ClassAnswer
    backend: BackendView
    gateway: ObjectRef | None = None
    listeners: tuple[str, ...] = ()
    tls: TlsView = NO_TLS
    match: RouteMatch | None = None
    filters: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    accepted: bool | None = True
    own_issues: tuple[Issue, ...] = ()
    own_unchecked: tuple[str, ...] = ()
    rule: int = 0
    item: int = 0
    created: str = ""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything that is wrong with the row: with itself, its class, its certificate, its backend."""
        found = (*self.own_issues, *self.served_by.issues, *self.tls.issues, *self.backend.issues)
        return tuple(dict.fromkeys(found))

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What the input does not settle."""
        found = (*self.own_unchecked, *self.served_by.unchecked, *self.tls.unchecked, *self.backend.unchecked)
        return tuple(dict.fromkeys(found))

    @property
    def _faults(self) -> tuple[Issue, ...]:
        return tuple(i for i in self.issues if i.fault not in SUPPORT)

    @property
    def _open_questions(self) -> tuple[str, ...]:
        return tuple(text for text in self.unchecked if text not in self.served_by.unchecked)

    @property
    def state(self) -> State:
        """How the row itself stands; what is to be said of its class, it shares with all rows of the class."""
        return worst(self._faults, self._open_questions)

    @property
    def reason(self) -> str:
        """Why, in words, worst first; "" where it is ok."""
        return reason_of(self._faults, self._open_questions)

    @property
    def notes(self) -> str:
        """What is worth knowing though nothing is wrong with the row, its controller's support included."""
        told = (i.reason for i in self.issues if i.fault in SUPPORT or i.fault.severity is Severity.INFO)
        return "; ".join(dict.fromkeys([*told, *self.served_by.unchecked]))

    @property
    def without_backend(self) -> bool:
        """Whether it is known to lead nowhere: no Service, no such port, or nobody behind it."""
        return any(i.fault in WITHOUT_BACKEND for i in self.issues)

    @property
    def conditions(self) -> str:
        """Method, header and query conditions in words; "" for none."""
        if self.match is None:
            return ""
        parts = [self.match.method] if self.match.method else []
        parts += [f"header {h.name}{_sign(h.type)}{h.value}" for h in self.match.headers]
        parts += [f"query {q.name}{_sign(q.type)}{q.value}" for q in self.match.query_params]
        return ", ".join(parts)

    @property
    def where(self) -> str:
        """Host and path as people write them: ``shop.example.com/cart``, ``*`` for every host."""
        return f"{self.host or '*'}{self.path}"

    @property
    def weight_share(self) -> float | None:
        """The part of the rule's traffic that the backend gets, 0 to 1; None where all weights are 0."""
        total = self.backend.weight_total
        return self.backend.weight / total if total else None


def _sign(type_: str) -> str:
    return "=" if type_ == "Exact" else "~"
