"""Outbound types and the changes between them, compared with the tables as the data file states them."""

from __future__ import annotations

import pytest

from lib.azure.egress import Change, migrations_from, outbound_answer
from lib.facts.files import FactsError
from lib.facts.networks import network, network_facts
from lib.facts.outbound import migrations, outbound_type, outbound_types, requirements

DOCUMENTED = {
    "loadBalancer",
    "managedNATGateway",
    "managedNATGatewayV2",
    "userAssignedNATGateway",
    "userDefinedRouting",
    "none",
    "block",
}
PAIRS = [
    (network, old, new, allowed)
    for network, table in migrations().tables.items()
    for old, row in table.items()
    for new, allowed in row.items()
]


def test_all_seven_outbound_types_are_known_and_one_is_the_default() -> None:
    assert {t.id for t in outbound_types()} == DOCUMENTED
    assert [t.id for t in outbound_types() if t.is_default] == ["loadBalancer"]
    assert requirements()


@pytest.mark.parametrize("found", outbound_types(), ids=lambda t: t.id)
def test_every_type_says_what_is_seen_who_translates_and_where_that_is_stated(found) -> None:
    assert found.seen.endswith(".") and found.translated_by and found.sources
    assert set(found.networks) <= {"managed", "own"} and found.networks
    assert found.creates or found.needs


@pytest.mark.parametrize(("network", "old", "new", "allowed"), PAIRS)
def test_every_pair_of_the_tables_is_answered_as_the_table_says_or_told_as_a_conflict(
    network: str, old: str, new: str, allowed: bool
) -> None:
    (found,) = (m for m in migrations_from(old, network) if m.new == new)
    conflicting = {(c.network, c.old, c.new) for c in migrations().conflicts}
    if (network, old, new) in conflicting:
        assert found.change is Change.CONFLICT and found.why
    else:
        assert found.change is (Change.ALLOWED if allowed else Change.REFUSED)
    assert found.sources


def test_the_contradiction_of_the_page_is_shown_as_one() -> None:
    changes = {m.new: m for m in migrations_from("managedNATGateway", "managed")}
    assert changes["loadBalancer"].change is Change.CONFLICT


def test_a_pair_that_no_table_has_is_not_guessed() -> None:
    assert {m.change for m in migrations_from("userDefinedRouting", "managed")} == {Change.NOT_STATED}
    assert all(m.why for m in migrations_from("userDefinedRouting", "managed"))


@pytest.mark.parametrize("model", [n.id for n in network_facts()])
def test_the_way_out_names_what_the_network_model_does_at_the_node(model: str) -> None:
    pod, node, last = outbound_answer("loadBalancer", "managed", model).way
    assert pod.at == "pod"
    assert node.source_after == network(model).snat and node.sources
    assert last.source_after == outbound_type("loadBalancer").seen


def test_an_unknown_network_model_is_said_to_be_unknown() -> None:
    node = outbound_answer("none", "own").way[1]
    assert "isn't known" in node.source_after and node.sources == ()


def test_a_type_that_is_not_offered_for_the_network_says_so() -> None:
    assert not outbound_answer("userDefinedRouting", "managed").fits
    assert outbound_answer("userDefinedRouting", "own").fits


def test_a_name_that_is_no_type_is_a_defect() -> None:
    with pytest.raises(FactsError):
        outbound_answer("loadbalancer", "managed")
