"""What a login may and may not list, and the RBAC rules that it lacks.

Asked by listing one object of each kind: that is a read, and the very one that matters. A SelfSubjectAccessReview
would be a ``create``, which a login that may only get and list need not have, and which NetAtlas never sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from lib.facts.config_maps import NAMESPACE, config_maps
from lib.loaders.cluster.connection import Answer, Connection, TooLarge, Unreachable
from lib.loaders.cluster.discovery import Served, discover
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.named import path_of
from lib.loaders.cluster.read import LOG_IN
from lib.loaders.cluster.resources import CONFIG_MAPS, RESOURCES, Resource


class Permission(Enum):
    """Whether a resource may be read."""

    GRANTED = "may be read"
    REFUSED = "refused"
    NOT_INSTALLED = "not installed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Examined:
    """One resource, whether it may be read, and a word on it where that is not plain.

    ``named``: the one object of it that is asked for, in kube-system; "" where it is listed.
    """

    resource: Resource
    permission: Permission
    note: str = ""
    named: str = ""

    @property
    def name(self) -> str:
        """The resource, with the object's name where it is asked for by that."""
        return f"{self.resource.name}/{self.named}" if self.named else self.resource.name


def examine_login(connection: Connection) -> tuple[Examined, ...]:
    """Ask for one object of every resource, and for the ConfigMaps that are read.

    Raises ClusterError where the server or the login is no good at all.
    """

    def ask(path: str, accept: str) -> Answer | None:
        try:
            answer = connection.get(path, accept=accept)
        except TooLarge:
            return None
        except Unreachable as error:
            remedy = "Check the address, the network and the VPN; `kubectl version` would fail too"
            raise ClusterError("unreachable", f"{connection.server}: {error.reason}", remedy) from None
        if answer.status == 401:
            raise ClusterError("login-refused", f"{connection.server} does not know the login (401)", LOG_IN)
        return answer

    served = discover(ask)
    listed = (_examine(connection, resource, served) for resource in RESOURCES)
    return (*listed, *(_examine_named(connection, name) for name in config_maps()))


def _examine_named(connection: Connection, name: str) -> Examined:
    note = f"in {NAMESPACE}"
    try:
        status = connection.get(path_of(name)).status
    except Unreachable as error:
        return Examined(CONFIG_MAPS, Permission.UNKNOWN, error.reason, name)
    except TooLarge:
        status = 200
    if status == 404:
        return Examined(CONFIG_MAPS, Permission.GRANTED, f"{note}; the cluster has none", name)
    known = {200: Permission.GRANTED, 403: Permission.REFUSED}.get(status)
    if known is None:
        return Examined(CONFIG_MAPS, Permission.UNKNOWN, f"the server answers {status}", name)
    return Examined(CONFIG_MAPS, known, note, name)


def _examine(connection: Connection, resource: Resource, served: Served) -> Examined:
    if unread := served.unread_versions(resource):
        return Examined(resource, Permission.UNKNOWN, f"served as {', '.join(unread)[:60]}, which is not read")
    for version in served.versions_of(resource):
        try:
            status = connection.get(resource.path(version), {"limit": 1}).status
        except Unreachable as error:
            return Examined(resource, Permission.UNKNOWN, error.reason)
        except TooLarge:
            status = 200
        if status == 200:
            return Examined(resource, Permission.GRANTED)
        if status == 403:
            # Where discovery is refused too, a 403 does not show that the kind exists.
            note = "" if served.complete or not resource.group else "it may not be installed at all"
            return Examined(resource, Permission.REFUSED, note)
        if status != 404:
            return Examined(resource, Permission.UNKNOWN, f"the server answers {status}")
    return Examined(resource, Permission.NOT_INSTALLED)


def missing_rules(examined: Iterable[Examined]) -> tuple[dict[str, list[str]], ...]:
    """The rules of a ClusterRole that would let the refused resources be listed, one for each API group."""
    refused = (e for e in examined if e.permission is Permission.REFUSED and not e.named)
    return tuple(_rules(each.resource for each in refused))


def missing_named(examined: Iterable[Examined]) -> tuple[dict[str, list[str]], ...]:
    """The rule of a Role in kube-system that would let the refused ConfigMaps be read; none where none is refused."""
    names = [each.named for each in examined if each.permission is Permission.REFUSED and each.named]
    rule = {"apiGroups": [""], "resources": [CONFIG_MAPS.plural], "resourceNames": names, "verbs": ["get"]}
    return (rule,) if names else ()


def _rules(resources: Iterable[Resource]) -> Iterator[dict[str, list[str]]]:
    by_group: dict[str, list[str]] = {}
    for resource in resources:
        by_group.setdefault(resource.group, []).append(resource.plural)
    for group, plurals in by_group.items():
        yield {"apiGroups": [group], "resources": plurals, "verbs": ["get", "list"]}
