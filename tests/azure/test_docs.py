"""Every command that docs/egress.md shows answers."""

from __future__ import annotations

import re
import shlex

import pytest

from lib.cli import main
from tests.conftest import ROOT

COMMANDS = re.findall(r"^    python -m lib (.+)$", (ROOT / "docs" / "egress.md").read_text("utf-8"), re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_answers(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out
