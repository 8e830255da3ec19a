"""Security groups: their rules, who wrote what into them, and what a packet met on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from lib.azure.probe_access import ProbeAccess
from lib.azure.security_group import ProviderGroup, is_managed
from lib.azure.security_group_judge import GroupAnswer, Judgement, possible_words
from lib.azure.security_group_match import Fit, KnownAddresses, Packet, Place, match
from lib.azure.security_group_subnet import PortThrough, Through
from lib.facts.nsg import first_asked
from lib.model.refs import ObjectRef
from lib.model.security_rules import Attachment, RuleDirection, SecurityGroup, SecurityRule
from lib.model.sets import Protocol
from lib.tables.row import Locate, Row, listed

_ORDER = (Through.NONE, Through.SOME, Through.UNKNOWN, Through.ALL)
_EVERYBODY = "Azure's default"


def rule_rows(rules: Iterable[SecurityRule]) -> list[Row]:
    """One row a rule, in the order given, with all that it lists."""
    return [
        {
            "priority": rule.priority,
            "direction": rule.direction.value,
            "access": rule.access.value,
            "protocol": rule.protocol,
            "rule_sources": ", ".join(rule.sources),
            "destinations": ", ".join(rule.destinations),
            "rule_ports": ", ".join(rule.ports),
            "written_for": _written_for(rule),
            "not_in_input": ", ".join(rule.open_parts),
            "rule_name": rule.name,
        }
        for rule in rules
    ]


def in_order(groups: Sequence[SecurityGroup]) -> Iterator[tuple[SecurityGroup, SecurityRule]]:
    """Every rule of all groups in the order in which a packet meets them, inbound first, Azure's default rules too."""
    for direction in RuleDirection:
        first = Attachment(first_asked()[direction.value])
        for group in sorted(groups, key=lambda group: group.attachment is not first):
            yield from ((group, rule) for rule in group.of(direction))


def evaluation_rows(groups: Sequence[SecurityGroup], shows: Callable[[ObjectRef], bool]) -> list[Row]:
    """The rules of all groups in evaluation order, without those that are only for Services that are not shown.

    ``written_by`` says whose a rule is: the cloud provider's, one that every group has, or somebody else's.
    """
    return [
        {"group": group.name, "attached_to": group.attachment.value, "origin": group.origin}
        | {"written_by": _author(rule, group)}
        | row
        | {"written_for": "" if rule.is_default else row["written_for"]}
        for group, rule in in_order(groups)
        if not rule.services or any(map(shows, rule.services))
        for row in rule_rows((rule,))
    ]


def evaluation_json(groups: Sequence[SecurityGroup]) -> list[dict[str, object]]:
    """The same for netatlas.azure/1, every rule with its lists."""
    return [
        {
            "group": group.name,
            "attached_to": group.attachment.value,
            "origin": group.origin,
            "written_by": _author(rule, group),
            "direction": rule.direction.value,
            "name": rule.name,
            "priority": rule.priority,
            "protocol": rule.protocol,
            "sources": list(rule.sources),
            "source_ports": list(rule.source_ports),
            "destinations": list(rule.destinations),
            "ports": list(rule.ports),
            "access": rule.access.value,
            "services": [str(ref) for ref in rule.services],
            "not_in_input": list(rule.open_parts),
        }
        for group, rule in in_order(groups)
    ]


def _author(rule: SecurityRule, group: SecurityGroup) -> str:
    if rule.is_default:
        return "Azure"
    return "cloud provider" if group.attachment is Attachment.NIC and is_managed(rule) else "others"


def _written_for(rule: SecurityRule) -> str:
    return _EVERYBODY if rule.is_default else ", ".join(ref.qualified_name for ref in rule.services)


def contribution_rows(provider: ProviderGroup, rule: SecurityRule, locate: Locate) -> list[Row]:
    """Which destinations each Service put into one rule."""
    services = {access.service.ref: access.service for access in provider.accesses}
    return [
        {
            "namespace": found.service.namespace,
            "service": found.service.name,
            "destinations": listed(found.destinations),
            "source": locate(services[found.service].source),
        }
        for found in provider.contributions
        if found.rule == rule.name
    ]


def asked_rows(answer: GroupAnswer, packet: Packet, known: KnownAddresses, direction: RuleDirection) -> list[Row]:
    """Every rule of a group that was asked, up to the one that decides, and whether it matches."""
    rows: list[Row] = []
    words = {Fit.YES: "matches", Fit.NO: "does not match", Fit.OPEN: "may match"}
    for rule in answer.group.of(direction):
        found = match(rule, packet, known)
        decides = rule is answer.rule
        rows.append(
            {
                "answer": "decides" if decides else words[found.fit],
                "priority": rule.priority,
                "rule_name": rule.name,
                "access": rule.access.value,
                "because": found.why,
            }
        )
        if decides:
            break
    return rows


def through_order(found: Sequence[PortThrough]) -> list[PortThrough]:
    """What a group blocks first."""
    return sorted(found, key=lambda at: (_ORDER.index(at.through), at.service, at.port.port, at.senders))


def through_rows(found: Sequence[PortThrough], locate: Locate) -> list[Row]:
    """What a group on the subnet does with each Service port, what it blocks first."""
    return [
        {
            "verdict": at.through.value,
            "namespace": at.service.namespace,
            "service": at.service.name,
            "address": at.frontend,
            "port": at.port.port,
            "protocol": at.port.protocol.value,
            "senders": at.senders,
            "because": at.why or _example(at),
            "source": locate(at.source),
        }
        for at in through_order(found)
    ]


def probe_order(found: Sequence[ProbeAccess]) -> list[ProbeAccess]:
    """What groups block first."""
    return sorted(
        found, key=lambda at: (_ORDER.index(at.through), at.balancer.ref, at.probe.port or 0, at.family.label)
    )


def probe_access_rows(found: Sequence[ProbeAccess], locate: Locate) -> list[Row]:
    """What groups do with each health probe, in the form of ``through_rows``, what they block first."""
    return [
        {
            "verdict": at.through.value,
            "namespace": at.balancer.service.namespace,
            "service": at.balancer.service.name,
            "address": f"the nodes ({at.family.label})",
            "port": at.probe.port,
            "protocol": Protocol.TCP.value,
            "senders": "health probe",
            "because": str(at),
            "source": locate(at.source),
        }
        for at in probe_order(found)
    ]


def _example(at: PortThrough) -> str:
    if at.example is None:
        return ""
    sender = at.example.sent.source
    whose = f"For example from {sender}: " if at.through is Through.SOME and not isinstance(sender, Place) else ""
    return f"{whose}{at.example}"


def group_answer_rows(judgement: Judgement) -> list[Row]:
    """What each group answers; once for each case where it comes to the same either way."""
    return [{"in_case": said, **_group_answer_row(answer)} for said, answer in judgement.by_case]


def _group_answer_row(answer: GroupAnswer) -> Row:
    """One group's answer to a packet, in words and in its rule."""
    rule = answer.rule
    return {
        "verdict": answer.verdict.value,
        "group": answer.group.name,
        "attached_to": answer.group.attachment.value,
        "origin": answer.group.origin,
        "may_match": listed(possible_words(found.rule, answer.group) for found in answer.possible),
        "rule": rule.name if rule is not None else "",
        "priority": rule.priority if rule is not None else None,
        "written_for": _written_for(rule) if rule is not None else "",
        "reason": str(answer),
    }
