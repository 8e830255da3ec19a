"""The security rules of docs/azure-model.md: what the code says, and the rule by which the sources make names."""

from __future__ import annotations

import hashlib

from lib.azure.security_group import provider_group
from lib.cli import main
from lib.facts.nsg import custom_priorities, provider_rules
from lib.loaders.assemble import assemble
from lib.loaders.manifests import inputs_from_paths, read_inputs
from tests.conftest import ROOT

DOCS = (ROOT / "docs" / "azure-model.md").read_text("utf-8")
SHOP = ROOT / "sample_data" / "shop"


def documented() -> list[list[str]]:
    part = DOCS.split("## Security rules", 1)[1].split("### Which rule answers a packet", 1)[0]
    rows = [line.strip().strip("|") for line in part.splitlines() if line.startswith("| 5")]
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_the_documented_rules_are_those_of_the_shop() -> None:
    files, _ = inputs_from_paths([SHOP])
    found = provider_group(assemble(read_inputs(files), title="shop").snapshot)
    assert documented() == [
        [
            str(rule.priority),
            rule.name,
            rule.protocol,
            ", ".join(rule.sources),
            ", ".join(rule.destinations),
            ", ".join(rule.ports),
            ", ".join(ref.qualified_name for ref in rule.services),
        ]
        for rule in found.written
    ]


def test_the_documented_names_are_hashes_of_what_the_text_says() -> None:
    for _, name, protocol, sources, _, ports, _ in documented():
        text = f"{protocol}_{','.join(sorted(sources.split(', ')))}_{','.join(sorted(ports.split(', ')))}"
        assert name == f"k8s-azure-lb_allow_IPv4_{hashlib.md5(text.encode()).hexdigest()}"
    assert "`Tcp_Internet_80`" in DOCS


def test_the_documented_numbers_are_the_facts() -> None:
    found = provider_rules()
    assert f"free from {found.first_priority} upwards" in DOCS
    assert f"from {found.last_priority} downwards" in DOCS
    assert custom_priorities()[0] < found.first_priority


def test_the_documented_commands_answer(capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    part = DOCS.split("## Security rules", 1)[1].split("### How a rule", 1)[0]
    commands = [line.split()[3:] for line in part.splitlines() if line.startswith("    python -m lib")]
    # The last one is about a file of the reader's own.
    assert len(commands) == 3
    for command in commands[:2]:
        assert main(command) == 0
        assert capsys.readouterr().out
