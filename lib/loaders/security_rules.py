"""Reads a network security group as Azure prints it: az's, PowerShell's and REST's words, or an ARM template.

Read are JSON and YAML. Every field that can't be read is a Problem with its line, and what hangs on it stays open: a
rule that is only half understood may match, so that no verdict is surer than the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Final

from lib.facts.nsg import custom_priorities, default_rules, group_limits
from lib.loaders.effective_rules import EVERY_IPV4
from lib.loaders.limits import DEFAULT, MIB, Limits
from lib.loaders.own_file import Form, Part, read_documents
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Session, quote
from lib.loaders.security_group_forms import KEYS, Found, find_rules
from lib.loaders.security_group_spelling import is_powershell, respelled, twice, written_path
from lib.loaders.security_rule_fields import addresses, port_ranges, protocol_of, words
from lib.model.problem import Problem, Severity
from lib.model.refs import ObjectRef, Source
from lib.model.security_rules import Access, Attachment, RuleDirection, SecurityRule, in_evaluation_order

CHARS_MAX: Final = 4 * MIB
RULES_MAX: Final = 2 * max(limit.value for limit in group_limits())
_SUBJECT: Final = ObjectRef("", "security group", "File")
_NAME_CHARS: Final = 80
_LOST: Final = "that could not be read"
_ONE_TOOL: Final = "Paste what one tool prints."
_EXPECTED: Final = Form(
    "a network security group",
    "",
    KEYS,
    "az network nsg show",
    written_path,
)


@dataclass(frozen=True, slots=True)
class SecurityRulesReading:
    """The rules of one group's own, in evaluation order, without Azure's default ones.

    ``unplaced`` are rules whose priority, access or direction can't be read, once for each way in which they may be
    meant; those without a source stand for whatever could not be read. ``name`` is the group's, "" where the text has
    none. ``is_group`` is False where the text holds no group at all: that is no group without rules.
    """

    name: str
    rules: tuple[SecurityRule, ...]
    unplaced: tuple[SecurityRule, ...]
    problems: tuple[Problem, ...]
    is_group: bool = True

    @property
    def count(self) -> int:
        """How many rules of the text were read, each once."""
        return len(self.rules) + len({rule.source for rule in self.unplaced if rule.source is not None})


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    is_group: bool
    found: tuple[tuple[SecurityRule, bool], ...]


def read_security_rules(
    text: str, file: str, limits: Limits = DEFAULT, attachment: Attachment | None = None
) -> SecurityRulesReading:
    """The security group of a text; ``file`` is what it is called in Problems.

    Of a network interface's effective rules those count whose group is attached as ``attachment`` says.
    """
    if len(text) > CHARS_MAX:
        message = f"the text is longer than {CHARS_MAX:,} characters"
        problem = Problem(Severity.ERROR, "too-large", message, "Paste one security group.", Source(file, 1), 1)
        return SecurityRulesReading("", (), (), (problem,), is_group=False)
    session = Session(limits.problems_per_file)
    problems: list[Problem] = []
    parts: list[Part[_Read]] = []
    # A list of rules is read as the rules of a group; on one line, so that the text's lines stay what they are.
    wrapped = f'{{"securityRules":{text}}}' if text.lstrip("\ufeff \t\r\n").startswith("[") else text
    for each in read_documents(session, wrapped, file, limits, _SUBJECT, _EXPECTED, partial(_document, attachment)):
        if isinstance(each, Problem):
            problems.append(each)
        else:
            parts.append(each)
    if len(parts) > 1:
        message = f"the text has {len(parts)} documents; the first counts"
        place = Source(file, parts[1].number)
        problems.append(
            Problem(Severity.ERROR, "several-groups", message, "Paste one group.", place, parts[1].line_of(()))
        )
    if not parts:
        return SecurityRulesReading("", (), (), tuple(problems), is_group=False)
    return _group(parts[0], problems)


def _group(part: Part[_Read], problems: list[Problem]) -> SecurityRulesReading:
    placed: list[SecurityRule] = []
    unplaced: list[SecurityRule] = []
    for rule, sure in part.value.found:
        lined = replace(rule, line=part.line_of(rule.source.path) if rule.source else None)
        (placed if sure else unplaced).append(lined)
    problems += _twice(placed)
    rules = in_evaluation_order(placed)
    return SecurityRulesReading(part.value.name, rules, tuple(unplaced), tuple(problems), part.value.is_group)


def _twice(rules: list[SecurityRule]) -> Iterator[Problem]:
    """Azure takes no two rules of one name, nor of one priority in one direction."""
    kinds: tuple[tuple[str, Callable[[SecurityRule], object]], ...] = (
        ("name", lambda rule: rule.name.lower()),
        ("priority", lambda rule: (rule.direction, rule.priority)),
    )
    for word, key in kinds:
        counts = Counter(map(key, rules))
        seen = set()
        for rule in rules:
            if counts[key(rule)] > 1 and key(rule) not in seen:
                seen.add(key(rule))
                said = quote(rule.name) if word == "name" else f"{rule.priority} {rule.direction.value}"
                message = f"{counts[key(rule)]} rules have the {word} {said}; Azure takes no such group"
                remedy = f"Give each rule its own {word}."
                yield Problem(Severity.WARNING, f"duplicate-{word}", message, remedy, rule.source, rule.line)


def _document(attachment: Attachment | None, root: Fields) -> _Read:
    mixed = False
    if is_powershell(root.data):
        if mixed := twice(root.data):
            root.error(None, "two-spellings", "a key stands there in two spellings; one of them counts", _ONE_TOOL)
        root = Fields(root.entry, respelled(root.data), root.path)
    found = find_rules(root, attachment)
    found = replace(found, lost=found.lost or mixed)
    return _Read(found.name[:_NAME_CHARS], found.is_group, _read_all(root, found))


def _read_all(root: Fields, group: Found) -> tuple[tuple[SecurityRule, bool], ...]:
    items, lost = tuple(item for item in group.rules if not _is_default(item)), group.lost
    if len(items) > RULES_MAX:
        lost = True
        message = f"{len(items):,} rules are more than the {RULES_MAX:,} that are read; the rest is left out"
        root.error(None, "too-many-rules", message, "Paste one security group.")
    # What could not be read may be anything, anywhere in the group.
    anything = [SecurityRule(_LOST, 0, way, access) for way in RuleDirection for access in Access] if lost else []
    read = (found for item in items[:RULES_MAX] for found in _rule(item))
    if group.effective:
        read = ((_as_effective(rule), sure) for rule, sure in read)
    return (*read, *((rule, False) for rule in anything))


def _is_default(item: Fields) -> bool:
    """Whether a rule is one that every group has, by its priority, which no other may have."""
    body = item.section("properties") if isinstance(item.data.get("properties"), dict) else item
    priority = body.data.get("priority")
    if not isinstance(priority, int):
        return False
    return any(priority == rule.priority for way in RuleDirection for rule in default_rules(way.value.lower()))


def _as_effective(rule: SecurityRule) -> SecurityRule:
    """Of any address Azure prints the IPv4 range alone, whether or not the rule means IPv6 too."""
    why = (f"whether {EVERY_IPV4} of the effective rule {rule.name} means IPv6 too",)
    sources, destinations = (why if EVERY_IPV4 in ends else () for ends in (rule.sources, rule.destinations))
    return replace(
        rule,
        open_sources=(*rule.open_sources, *sources),
        open_destinations=(*rule.open_destinations, *destinations),
    )


def _rule(item: Fields) -> Iterator[tuple[SecurityRule, bool]]:
    """A rule and whether its place in the order is sure; otherwise once for each way in which it may be meant."""
    body = item.section("properties") if item.has("properties") else item
    name = (item.text("name").rpartition("/")[2] or f"rule {len(item.path) and item.path[-1]}")[:_NAME_CHARS]
    first, last = custom_priorities()
    priority = body.integer("priority")
    if priority is None and not body.has("priority"):
        body.error("priority", "missing-priority", "has no priority", f"Add a number from {first} to {last}.")
    elif priority is not None and not first <= priority <= last:
        message = f"{quote(priority)} is not within {first}-{last}"
        body.error("priority", "out-of-range", message, f"Write a number from {first} to {last}.")
        priority = None
    accesses = words(body, "access", {a.value.lower(): a for a in Access})
    directions = words(body, "direction", {d.value.lower(): d for d in RuleDirection})
    protocol, open_protocol = protocol_of(body)
    sources, open_sources = addresses(body, "source", name)
    destinations, open_destinations = addresses(body, "destination", name)
    source_ports, open_source_ports = port_ranges(body, "sourcePortRange", name)
    ports, open_ports = port_ranges(body, "destinationPortRange", name)
    sure = priority is not None and len(accesses) == 1 and len(directions) == 1
    for access, direction in product(accesses, directions):
        rule = SecurityRule(
            name,
            priority or 0,
            direction,
            access,
            protocol,
            sources,
            source_ports,
            destinations,
            ports,
            open_protocol,
            open_sources,
            open_source_ports,
            open_destinations,
            open_ports=open_ports,
            source=item.source,
        )
        yield rule, sure
