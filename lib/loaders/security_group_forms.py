"""Where the rules stand in each form in which Azure's tools write a network security group.

az writes groups and rules flat, REST and ARM put their fields under ``properties``; a list may stand by itself or under
``value``; a template has ``resources``, as a list or by symbolic names, and rules also as resources of their own. An
interface's effective rules stand in groups that say what they are attached to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final

from lib.loaders import effective_rules
from lib.loaders.effective_rules import group_of, name_of, plain_rule
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import quote
from lib.loaders.security_group_spelling import POWERSHELL_KEYS
from lib.loaders.template_resources import TemplateResources, is_deployed, looped
from lib.model.security_rules import Attachment

_AZ: Final = ("name", "value", "resources", "properties", "priority", effective_rules.KEY, "defaultSecurityRules")
KEYS: Final = (*POWERSHELL_KEYS, *_AZ, "securityRules")
"""Keys of which a text about security rules has at least one."""
FORMS: Final = (
    "Paste what az network nsg show, az network nsg rule list or az network nic list-effective-nsg prints, "
    "Get-AzNetworkSecurityGroup … | ConvertTo-Json -Depth 10, or the group's ARM template."
)
_GROUP: Final = "microsoft.network/networksecuritygroups"
_RULE: Final = f"{_GROUP}/securityrules"
_CHILD: Final = "securityrules"


@dataclass(frozen=True, slots=True)
class Found:
    """The rules of the one group that counts; ``lost`` says that it has others, which can't be read.

    ``effective`` are those of an interface, as Azure has worked them out. ``is_group`` is False for a text that holds
    neither a group nor a rule of one, which is not the same as a group without rules.
    """

    name: str
    rules: tuple[Fields, ...] = ()
    lost: bool = False
    effective: bool = False
    is_group: bool = True


def find_rules(root: Fields, attachment: Attachment | None = None) -> Found:
    """The rules of a document's group, in whichever form; what is no group is a Problem.

    Of effective rules those count whose group is attached as ``attachment`` says; None: of the only group.
    """
    if root.has("resources"):
        return _template(root)
    if root.has(effective_rules.KEY):
        return _effective((root,), attachment)
    if root.has("value"):
        return _listed(root, "value", attachment)
    if _is_rule(root):
        return Found("", (root,))
    if not _is_group(root):
        root.error(None, "no-security-group", "the text is no security group", FORMS)
        return Found(_name(root), is_group=False)
    return _listed(root, "securityRules", attachment) if "securityRules" in root.data else _group(root)


def _listed(root: Fields, key: str, attachment: Attachment | None) -> Found:
    """The items of a list that may be rules, or groups of which the first counts."""
    items, lost = _children(root, key)
    effective = tuple(item for item in items if item.has(effective_rules.KEY))
    if effective:
        return _effective(effective, attachment)
    groups = [item for item in items if _is_group(item)]
    if groups:
        if len(groups) > 1:
            groups[1].error(None, "several-groups", "the text holds several groups; the first counts", FORMS)
        return _group(groups[0])
    if key == "value" and any(not _is_rule(item) for item in items):
        root.error(key, "no-security-group", "the list holds what is neither a security group nor a rule of one", FORMS)
        return Found("", is_group=False)
    return Found(_name(root), items, lost)


def _effective(groups: tuple[Fields, ...], attachment: Attachment | None) -> Found:
    group, before = group_of(groups, attachment)
    if group is None:
        return Found("", is_group=False)
    rules, lost = _children(group, effective_rules.KEY)
    return Found(name_of(group), tuple(map(plain_rule, rules)), lost or before, effective=True)


def _template(root: Fields) -> Found:
    read = TemplateResources((_GROUP, _RULE))
    read.add(root)
    groups = [item for item in read.found if item.text("type").lower() == _GROUP]
    rules = tuple(item for item in read.found if item.text("type").lower() == _RULE)
    if not groups and not rules:
        root.error("resources", "no-security-group", "the template holds no security group", FORMS)
    name = _name(groups[0]) if groups else next(filter(None, map(_parent, rules)), "")
    whose = [_is_of(rule, name) for rule in rules]
    if len(groups) > 1 or False in whose:
        message = f"the template holds rules of several groups; those of {quote(name)} count"
        root.error("resources", "several-groups", message, FORMS)
    for rule, is_own in zip(rules, whose, strict=True):
        if is_own is None:
            message = "leaves open whose rule it is; one of this group may be any"
            rule.error("name", "template-name", message, "Paste what is deployed: az network nsg show.")
    rules = tuple(rule for rule, is_own in zip(rules, whose, strict=True) if is_own)
    lost_rules = read.lost or None in whose or _any_looped(rules)
    if not groups:
        return Found(_name(root), rules, lost_rules, is_group=bool(rules) or lost_rules)
    first = _group(groups[0])
    children, lost_children = _children(groups[0], "resources")
    inside = [child for child in children if child.text("type").lower() in (_CHILD, _RULE)]
    standing = [(child, is_deployed(child, child.data.get("condition", True))) for child in inside]
    own = tuple(child for child, stands in standing if stands)
    lost = lost_rules or lost_children or first.lost or any(stands is None for _, stands in standing)
    lost = _any_looped((*first.rules, *own)) or lost
    return Found(_name(root) or first.name, (*first.rules, *own, *rules), lost)


def _any_looped(rules: Iterable[Fields]) -> bool:
    """Whether a loop makes a list of one of the rules; tells of each."""
    return any([looped(body) for rule in rules for body in (rule.section("properties"),) if body.data])


def _parent(rule: Fields) -> str:
    """The group that a rule's own name begins with, "" where it has none."""
    return _name(rule).rpartition("/")[0].lower()


def _is_of(rule: Fields, group: str) -> bool | None:
    """Whether a resource is a rule of the group; None where the text doesn't settle the name of either."""
    parent, own = _parent(rule), group.lower()
    if parent == own or not own or (not parent and "[" not in _name(rule)):
        return True
    return None if "[" in parent + own + _name(rule) else False


def _group(group: Fields) -> Found:
    """The rules of a group in the form of az or, under ``properties``, of ARM."""
    holder = group if "securityRules" in group.data else group.section("properties")
    rules, lost = _children(holder, "securityRules")
    hidden = not isinstance(group.data.get("properties"), dict | NoneType)
    return Found(_name(group), rules, looped(holder) or lost or hidden)


def _children(holder: Fields, key: str) -> tuple[tuple[Fields, ...], bool]:
    """The mappings of a list, or of resources by their names; and whether something else stands there too."""
    written: Any = [] if holder.data.get(key) is None else holder.data[key]
    by_name = isinstance(written, dict) and key == "resources"
    if by_name:
        inside = holder.section(key)
        found = tuple(inside.section(name) for name, value in written.items() if isinstance(value, dict))
    else:
        found = tuple(holder.children(key))
    return found, not (by_name or isinstance(written, list)) or len(written) > len(found)


def _is_rule(item: Fields) -> bool:
    """Whether it has what only a rule has, at its place in either form."""
    inside = item.data.get("properties")
    return "priority" in item.data or (isinstance(inside, dict) and "priority" in inside)


def _is_group(item: Fields) -> bool:
    inside = item.data.get("properties")
    known = {"securityRules", "defaultSecurityRules"}
    return bool(known & item.data.keys()) or (isinstance(inside, dict) and bool(known & inside.keys()))


def _name(item: Fields) -> str:
    return item.text("name") if isinstance(item.data.get("name"), str) else ""
