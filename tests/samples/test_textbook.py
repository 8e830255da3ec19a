"""Each variant of the two textbook rules permits what its README's table says, row by row."""

import re
from pathlib import Path

import pytest

from tests.samples.raw import SAMPLES, objects, of_kind
from tests.samples.reach import ends, may_connect, serves

TEXTBOOK = SAMPLES / "textbook"
RULES = {
    "backend-from-frontend": {"bookshop/catalog": 8081, "bookshop/billing": 8082},
    "database-from-apptier": {"data/db-primary": 5432, "data/db-replica": 5432},
}
VARIANTS = ("open", "half-done", "correct")


def table(rule: str) -> list[dict[str, str]]:
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (TEXTBOOK / rule / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and "---" not in line
    ]
    head, *rows = lines
    return [dict(zip(head, row, strict=True)) for row in rows]


CASES = [(rule, variant, row) for rule in RULES for variant in VARIANTS for row in table(rule)]


@pytest.mark.parametrize(
    ("rule", "variant", "row"), CASES, ids=[f"{r}-{v}-{row['from']}-{row['to']}" for r, v, row in CASES]
)
def test_variant_permits_what_its_row_says(rule: str, variant: str, row: dict[str, str]) -> None:
    items = objects(TEXTBOOK / rule / variant)
    workloads = ends(items)
    allowed = may_connect(items, workloads[row["from"]], workloads[row["to"]], RULES[rule][row["to"]])
    assert ("yes" if allowed else "no") == row[variant]


@pytest.mark.parametrize("rule", RULES)
def test_correct_variant_is_what_is_wanted_and_half_done_is_not(rule: str) -> None:
    rows = table(rule)
    assert all(row["correct"] == row["wanted"] for row in rows)
    assert any(row["half-done"] != row["wanted"] for row in rows)
    assert all(row["open"] == "yes" for row in rows)


@pytest.mark.parametrize("rule", RULES)
def test_table_asks_every_workload_about_every_back_end(rule: str) -> None:
    workloads = ends(objects(TEXTBOOK / rule / "open"))
    asked = {(row["from"], row["to"]) for row in table(rule)}
    assert asked == {(source, target) for source in workloads for target in RULES[rule] if source != target}


@pytest.mark.parametrize("rule", RULES)
def test_variants_differ_in_their_policies_only(rule: str) -> None:
    files = {variant: sorted(p.name for p in (TEXTBOOK / rule / variant).iterdir()) for variant in VARIANTS}
    assert files == {
        "open": ["app.yaml"],
        "half-done": ["app.yaml", "policies.yaml"],
        "correct": ["app.yaml", "policies.yaml"],
    }
    texts = {(TEXTBOOK / rule / variant / "app.yaml").read_bytes() for variant in VARIANTS}
    assert len(texts) == 1


@pytest.mark.parametrize("rule", RULES)
def test_every_service_has_a_workload_that_declares_its_port(rule: str) -> None:
    items = objects(TEXTBOOK / rule / "open")
    for service in of_kind(items, "Service"):
        (workload,) = serves(items, service)
        for port in service["spec"]["ports"]:
            assert (port["targetPort"], "TCP") in workload.ports


@pytest.mark.parametrize("rule", RULES)
def test_readme_names_every_policy_of_the_half_done_variant(rule: str) -> None:
    text = (TEXTBOOK / rule / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^- `([a-z-]+)`|^- `([a-z-]+)` ", text, re.M))
    for policy in of_kind(objects(Path(TEXTBOOK / rule / "half-done")), "NetworkPolicy"):
        assert any(policy["metadata"]["name"] in pair for pair in named), policy["metadata"]["name"]
