"""docs/azure-model.md: its commands answer, and its worked example is what they print."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex

import pytest

from lib.cli import main
from tests.azure.own_group import RULE
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "azure-model.md").read_text("utf-8")
COMMANDS = re.findall(r"^    python -m lib (.+)$", TEXT, re.MULTILINE)


def table(*heads: str) -> list[dict[str, str]]:
    """The table of the page that begins with these headings."""
    lines = TEXT.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| " + " | ".join(heads)))
    names, rows = cells(lines[start]), []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(names, cells(line), strict=True)))
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def printed() -> dict:
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["azure", "sample_data/shop", "--format", "json"]) == 0
    return json.loads(out.getvalue())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers(command, capsys, monkeypatch, tmp_path):
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps([RULE]))
    monkeypatch.chdir(ROOT)
    assert main([str(mine) if word == "mine.json" else word for word in shlex.split(command)]) == 0
    assert capsys.readouterr().out


def test_the_frontends_are_those_that_the_command_prints(printed):
    found = [
        (balancer["name"], f["name"], f["address"])
        for balancer in printed["load_balancers"]
        for f in balancer["frontends"]
    ]
    assert [(r["Load balancer"], r["Frontend"], r["Address"]) for r in table("Load balancer", "Service")] == found
    services = {s["service"]: s for b in printed["load_balancers"] for s in b["services"]}
    for row in table("Load balancer", "Service"):
        service = services[f"{row['Service']}[Service]"]
        assert [row["Public IP or subnet"]] == (service["public_ips"] or service["subnets"])


def test_the_load_balancing_rules_are_those_that_the_command_prints(printed):
    found = [
        (
            r["name"],
            r["protocol"],
            str(r["frontend_port"]),
            str(r["backend_port"]),
            "on" if r["floating_ip"] else "off",
            str(r["idle_timeout_minutes"]),
            r["distribution"],
            r["probe"],
        )
        for balancer in printed["load_balancers"]
        for r in balancer["rules"]
    ]
    assert [tuple(row.values()) for row in table("Rule", "Protocol", "Port", "To port")] == found


def test_the_probes_are_those_that_the_command_prints(printed):
    found = [
        (p["name"], p["protocol"], str(p["port"]), p["path"] or "", str(p["interval_s"]), str(p["threshold"]))
        for balancer in printed["load_balancers"]
        for p in balancer["probes"]
    ]
    assert [tuple(row.values()) for row in table("Probe", "Protocol")] == found


def test_the_security_rules_are_those_that_the_command_prints(printed):
    found = [
        (str(r["priority"]), r["name"], r["protocol"], *(", ".join(r[k]) for k in ("sources", "destinations", "ports")))
        for r in printed["security_rules"]
    ]
    shown = [tuple(row.values())[:-1] for row in table("Priority", "Rule")]
    assert shown == found
