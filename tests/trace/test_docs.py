"""docs/trace.md: its commands answer, and it names every sort of hop and every key of a profile."""

from __future__ import annotations

import re
import shlex

import pytest

from lib.cli import main
from lib.trace.compare import KEYS
from lib.trace.hop import HopKind
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "trace.md").read_text("utf-8")
COMMANDS = re.findall(r"^    python -m lib (.+)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers(command, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command)) in (0, 1)
    assert "hop" not in capsys.readouterr().err


def test_there_are_commands():
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("kind", HopKind, ids=lambda k: k.name)
def test_every_sort_of_hop_is_named(kind):
    hops = TEXT.partition("## Hops")[2].partition("## Side by side")[0]
    for word in kind.value.split(" of the "):
        assert word in hops


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_profile_is_named(key):
    assert f"`{key}`" in TEXT
