"""The questions of the command ``azure`` about security groups: a packet, and a group of one's own on the subnet."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from lib.azure.probe_access import probe_accesses
from lib.azure.profile import cluster_profile
from lib.azure.provider_settings import ProviderSettings
from lib.azure.security_group import ProviderGroup, provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_match import KnownAddresses
from lib.azure.security_group_question import Answer, Question, ask, read_question
from lib.azure.security_group_subnet import group_of_ones_own, through_subnet
from lib.cli.cluster import inputs_of
from lib.cli.errors import UsageError
from lib.cli.load import Input, load, problem_json
from lib.cli.output import write, write_json, write_rows
from lib.cli.text_file import read_text
from lib.loaders.security_rules import read_security_rules
from lib.model.errors import ModelError
from lib.model.problem import Problem, Severity
from lib.model.security_rules import Attachment, SecurityGroup
from lib.model.sets import AddressSet
from lib.reports.tabular import to_text
from lib.tables.security_rules import group_answer_rows, probe_access_rows, through_rows

_REFUSED = 2


def given_group(path: str, attachment: Attachment) -> tuple[SecurityGroup | None, tuple[Problem, ...]]:
    """The security group of a file, and what is wrong with it; nothing for "". Raises UsageError where it can't be
    read at all."""
    if not path:
        return None, ()
    found = read_security_rules(
        read_text(path, "a network security group (az network nsg show)"), path, attachment=attachment
    )
    if not found.is_group:
        said = (problem.message for problem in found.problems if problem.severity is Severity.ERROR)
        raise UsageError(f"{path}: {next(said, 'the text holds no security group')}")
    return group_of_ones_own(found.name, found.rules, found.unplaced, attachment), found.problems


def security_command(arguments: argparse.Namespace, settings: ProviderSettings) -> int:
    """Say which rule answers ``--packet``, or what ``--subnet-nsg`` lets through of the Services' ports."""
    question = _question(arguments)
    live, live_problems = given_group(arguments.nsg or "", Attachment.NIC)
    subnet, problems = given_group(arguments.subnet_nsg or "", Attachment.SUBNET)
    given = load(inputs_of(arguments), complete=arguments.complete)
    provider = provider_group(given.snapshot, live, settings)
    known = known_addresses(given.snapshot, provider, _network(arguments.vnet))
    wrong = (*live_problems, *problems)
    if question is not None:
        groups = (provider.group,) if subnet is None else (subnet, provider.group)
        try:
            plane = cluster_profile(given.snapshot, chosen_profile(arguments)).services_plane
            answer = ask(question, given.snapshot, provider, groups, known, plane)
        except ModelError as error:
            raise UsageError(str(error)) from None
        _print_answer(arguments.format, answer, given, wrong)
    elif subnet is not None:
        _print_subnet(arguments.format, given, provider, subnet, known, wrong)
    given.report(wrong)
    failed = any(problem.severity is Severity.ERROR for problem in wrong)
    return max(given.exit_status, _REFUSED if failed else 0)


def chosen_profile(arguments: argparse.Namespace) -> dict[str, str]:
    """What the arguments say of the cluster."""
    return {"data_plane": arguments.data_plane} if arguments.data_plane else {}


def _question(arguments: argparse.Namespace) -> Question | None:
    try:
        return read_question(arguments.packet) if arguments.packet else None
    except ModelError as error:
        raise UsageError(str(error)) from None


def _network(texts: list[str]) -> AddressSet | None:
    try:
        found = [ip_network(text, strict=False) for text in texts]
    except ValueError as error:
        raise UsageError(f"--vnet: {error}") from None
    return AddressSet.from_networks(found) if found else None


def _print_answer(format_: str, answer: Answer, given: Input, wrong: tuple[Problem, ...]) -> None:
    if format_ == "json":
        write([json.dumps(_answer_json(answer, given, wrong), ensure_ascii=False, indent=1) + "\n"])
        return
    rows = [
        {"to": str(judgement.packet.destination), **row}
        for judged in answer.judgements
        for judgement in judged.judgements
        for row in group_answer_rows(judgement)
    ]
    if format_ != "text":
        write_rows(format_, rows)
        return
    write(_answer_text(answer, rows))


def _answer_text(answer: Answer, rows: list[dict[str, object]]) -> Iterator[str]:
    yield f"{answer}\n"
    for note in dict.fromkeys(note for judged in answer.judgements for note in judged.notes):
        yield f"{note}\n"
    if rows:
        cases = ("in_case",) if any(row["in_case"] for row in rows) else ()
        shown = ("to", *cases, "verdict", "group", "attached_to", "origin", "priority", "rule", "written_for")
        yield "\n"
        yield from to_text([{key: row[key] for key in shown} for row in rows])


def _answer_json(answer: Answer, given: Input, wrong: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "schema": "netatlas.azure-packet/1",
        "verdict": answer.verdict.value,
        "reason": str(answer),
        "missing": list(answer.missing),
        "packets": [
            {
                "destination": str(judged.sent.destination),
                "verdict": judged.verdict.value,
                "service": str(judged.service) if judged.service is not None else None,
                "arrives_as": [
                    {
                        "packet": str(judgement.packet),
                        "verdict": judgement.verdict.value,
                        "groups": group_answer_rows(judgement),
                    }
                    for judgement in judged.judgements
                ],
                "notes": list(judged.notes),
            }
            for judged in answer.judgements
        ],
        "problems": [problem_json(problem, given.documents) for problem in (*given.problems, *wrong)],
    }


def _print_subnet(
    format_: str,
    given: Input,
    provider: ProviderGroup,
    subnet: SecurityGroup,
    known: KnownAddresses,
    wrong: tuple[Problem, ...],
) -> None:
    rows = through_rows(tuple(through_subnet(given.snapshot, provider, subnet, known)), given.locate)
    asked = probe_accesses(given.snapshot, provider, (subnet, provider.group), known)
    probes = probe_access_rows(tuple(asked), given.locate)
    if format_ == "json":
        problems = [problem_json(problem, given.documents) for problem in (*given.problems, *wrong)]
        write_json({"schema": "netatlas.azure-subnet/1"}, "ports", rows, {"probes": probes, "problems": problems})
    else:
        write_rows(format_, rows + probes)
