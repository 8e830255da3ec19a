"""The resources of an ARM template, those of deployments nested in it too, with their expressions worked out.

What only a deployment settles (linked templates, loops, conditions on values that are not there) is a Problem at its
place; it may hold rules of the group that is read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lib.loaders.parse.fields import Fields
from lib.loaders.template_values import Scope, Unsettled, settled, small_keys, strictly

_DEPLOYMENT: Final = "microsoft.resources/deployments"
_NESTED_MAX: Final = 10
_DEPLOYED: Final = "Paste what is deployed: az network nsg show."


@dataclass(slots=True)
class TemplateResources:
    """The resources of the ``wanted`` types; ``lost`` says that there may be others, which can't be read."""

    wanted: Collection[str]
    found: list[Fields] = field(default_factory=list)
    lost: bool = False

    def add(self, root: Fields) -> None:
        """Take over the resources of a template."""
        self._template(
            root, root, Scope(small_keys(root.data.get("parameters")), small_keys(root.data.get("variables")))
        )

    def _template(self, template: Fields, named: Fields, scope: Scope, depth: int = 0) -> None:
        """``named`` is the template whose parameters expressions mean."""
        for resource in self._children(template):
            kind = resource.text("type").lower() if isinstance(resource.data.get("type"), str) else ""
            if kind.startswith("["):
                self._tell(resource, "type", "template-type", "hangs on an expression; the resource may be any")
            if kind == _DEPLOYMENT:
                if self._stands(resource, scope):
                    self._deployment(resource, named, scope, depth)
            elif kind in self.wanted and self._stands(resource, scope):
                self.found.append(Fields(resource.entry, _worked_out(resource.data, scope), resource.path))
        if template is named:
            self._defaults(named, scope)

    def _defaults(self, named: Fields, scope: Scope) -> None:
        """Name the parameters of a template that count with their default value."""
        message = "counts with its default value; a deployment may give another"
        for written in named.section("parameters").data if scope.defaults else ():
            if str(written).lower() in scope.defaults:
                named.entry.warn((*named.path, "parameters", written), "template-default", message, _DEPLOYED)

    def _children(self, holder: Fields) -> list[Fields]:
        written: Any = holder.data.get("resources") or []
        if isinstance(written, dict):
            inside = holder.section("resources")
            found = [inside.section(name) for name, value in written.items() if isinstance(value, dict)]
        else:
            found = holder.children("resources")
        self.lost |= not isinstance(written, dict | list) or len(written) > len(found)
        return found

    def _stands(self, resource: Fields, scope: Scope) -> bool:
        try:
            condition = strictly(resource.data.get("condition", True), scope)
        except Unsettled:
            condition = None
        stands = is_deployed(resource, condition)
        self.lost |= stands is None
        return bool(stands)

    def _deployment(self, resource: Fields, named: Fields, scope: Scope, depth: int) -> None:
        properties = resource.section("properties")
        if properties.has("templateLink"):
            said = "leads to a template that is not in the text; its rules do not count"
            self._tell(properties, "templateLink", "template-link", said)
        template = properties.child("template")
        if template is None:
            if not properties.has("templateLink"):
                self._tell(properties, "template", "template-missing", "is not in the text; its rules do not count")
            return
        if depth >= _NESTED_MAX:
            self._tell(properties, "template", "nesting", f"is nested more than {_NESTED_MAX} times; it is not read")
        elif properties.section("expressionEvaluationOptions").text("scope").lower() == "inner":
            given = {}
            for name, value in small_keys(properties.data.get("parameters")).items():
                if isinstance(value, dict) and "value" in value:
                    try:
                        given[name] = strictly(value["value"], scope)
                    except Unsettled:
                        given[name] = value["value"]
            own = template.data
            inner = Scope(small_keys(own.get("parameters")), small_keys(own.get("variables")), given, work=scope.work)
            self._template(template, template, inner, depth + 1)
        else:
            self._template(template, named, scope, depth + 1)

    def _tell(self, holder: Fields, key: str, code: str, message: str) -> None:
        self.lost = True
        holder.error(key, code, message, _DEPLOYED)


def is_deployed(resource: Fields, condition: object) -> bool | None:
    """Whether a resource is deployed once, as it stands; None, and a Problem, where that isn't known."""
    if resource.has("copy"):
        resource.error("copy", "template-loop", "is a loop, which is not carried out", _DEPLOYED)
    elif resource.data.get("existing") is True:
        resource.error("existing", "template-existing", "stands for what is deployed already", _DEPLOYED)
    elif isinstance(condition, bool):
        return condition
    else:
        resource.error("condition", "template-condition", "hangs on a value that the text does not hold", _DEPLOYED)
    return None


def _worked_out(resource: Any, scope: Scope) -> dict[str, Any]:
    read = ("properties", "resources")
    found = {key: settled(value, scope) if key in read else value for key, value in resource.items()}
    # Whose rule a resource is hangs on its name.
    names = replace(scope, known={}, busy=set(), placeholders=True)
    return found | ({"name": settled(resource["name"], names)} if "name" in resource else {})


def looped(holder: Fields) -> bool:
    """Whether a list of the mapping is made by a loop; tells of it."""
    loops = holder.data.get("copy")
    if not loops:
        return False
    holder.error("copy", "template-loop", "is a loop, which is not carried out", _DEPLOYED)
    return True
