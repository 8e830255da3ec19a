"""What the README says is so: its bounds are the code's, its commands run, its kinds are those that are read."""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import asdict

import pytest

from lib.cli import main
from lib.cli.arguments import build_parser
from lib.loaders.kinds import READ
from lib.loaders.limits import DEFAULT, MIB
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^    python -m lib (.+)$", README, re.M)


def test_every_bound_is_told_with_its_value() -> None:
    told = {}
    for name, value in re.findall(r"^\| `(\w+)` \| ([\d,]+(?: MiB)?) \|", README, re.M):
        number = int(value.removesuffix(" MiB").replace(",", ""))
        told[name] = number * MIB if value.endswith("MiB") else number
    assert told == asdict(DEFAULT)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_answers(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    status = main(shlex.split(command))
    # `check` fails on purpose: the sample has faults planted in it.
    assert status == (1 if command.startswith("check") else 0)
    assert capsys.readouterr().out


def test_the_readme_shows_every_command() -> None:
    shown = {command.split()[0] for command in COMMANDS} | set(re.findall(r"`python -m lib ([\w-]+)`", README))
    (commands,) = (a.choices for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert shown == set(commands)


def test_every_kind_that_is_read_is_named() -> None:
    missing = {kind for _, kind in READ if not re.search(rf"\b{kind}s?\b", README)}
    assert not missing
