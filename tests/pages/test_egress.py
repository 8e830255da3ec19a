"""The page Egress: with the sample, with nothing, from a link, and with hostile input."""

from __future__ import annotations

import pytest

from lib.facts.outbound import OutboundType, migrations, outbound_types
from lib.facts.snat import snat_examples, snat_facts
from tests.azure.test_required import CLUSTER, DENY
from tests.pages.app import figures, open_page, table, words
from tests.ui.kit import HOSTILE, app


def test_the_profile_says_what_is_known_and_from_where() -> None:
    page = open_page("egress")
    assert "Azure CNI Overlay powered by Cilium" in words(page)
    rows = table(page, "aspect", "known_from")
    assert set(rows["known_from"]) == {"shown by the input", "unknown"}
    assert rows.set_index("aspect").loc["Network model", "source"].startswith("sample_data/shop/nodes.yaml:")


def test_what_is_chosen_in_the_link_counts() -> None:
    page = open_page("egress", outbound_type="managedNATGateway", network_model="node_subnet")
    assert "(chosen)" in words(page)
    changes = table(page, "from", "to", "change").set_index("to")["change"]
    assert changes["loadBalancer"] == "? the page contradicts itself"
    assert "Connections to one destination" in words(page)
    assert not figures(page), "a NAT gateway has no steps"


def test_an_engine_that_is_chosen_judges_also_where_the_input_shows_the_same_one() -> None:
    by_default, chosen = open_page("egress"), open_page("egress", policy_engine="cilium")
    assert "Shown by the API's own words" in words(by_default)
    assert "Shown by the API's own words" not in words(chosen)


@pytest.mark.parametrize("name", [t.id for t in outbound_types()])
@pytest.mark.parametrize("network", ["made by AKS", "brought along"])
def test_every_outbound_type_has_its_page(name: str, network: str) -> None:
    page = open_page("egress", outbound_type=name, virtual_network=network)
    assert not page.error
    assert f"Changing from {name}" in words(page)


@pytest.mark.parametrize("kind", outbound_types(), ids=lambda kind: kind.id)
def test_a_type_shows_the_changes_of_a_network_that_it_is_documented_for(kind: OutboundType) -> None:
    """The tables of egress-outboundtype.md."""
    other = "brought along" if kind.networks == ("managed",) else "made by AKS"
    changes = table(open_page("egress", outbound_type=kind.id, virtual_network=other), "from", "to", "change")
    stated = {row["to"] for _, row in changes.iterrows() if "not stated" not in row["change"]}
    assert stated == set(migrations().tables[kind.networks[0]][kind.id])


def test_the_documented_example_is_counted_from_the_link() -> None:
    (example,) = (e for e in snat_examples() if "excess_ports" in e.expected)
    given = {key: str(value) for key, value in example.given.items()}
    page = open_page(
        "egress",
        snat_nodes=given["nodes"],
        snat_surge=given["surge"],
        outbound_ips=given["ips"],
        ports_per_node=given["ports"],
    )
    numbers = table(page, "quantity", "number").set_index("quantity")["number"]
    assert numbers["ports that the nodes leave"] == example.expected["excess_ports"]
    (figure,) = figures(page)
    assert any(t["name"] == "allocated" for t in figure["data"])
    examples = table(page, "documented", "computed")
    assert list(examples["documented"]) == list(examples["computed"])


def test_a_system_pod_that_policies_close_in_is_told_before_anything_else() -> None:
    page = open_page("egress", files={"cluster.yaml": (CLUSTER + DENY).encode()})
    assert "are denied to pods that need them" in "\n".join(e.value for e in page.error)
    rows = table(page, "verdict", "workload", "destination")
    assert rows["verdict"].iloc[0] == "✖ denied"
    assert {"azure-policy", "ama-logs"} <= set(rows["workload"])
    assert "Azure Policy" in str(page.multiselect), "features that the input shows are chosen at first"


def test_rules_and_policies_are_offered() -> None:
    page = open_page("egress", files={"cluster.yaml": CLUSTER.encode()})
    code = "\n".join(c.value for c in page.code)
    assert "az network firewall application-rule create" in code
    assert "kind: CiliumNetworkPolicy" in code
    assert "Advanced Container Networking Services" in words(page)


def test_who_may_reach_the_internet_is_listed_and_filtered() -> None:
    rows = table(open_page("egress"), "reach", "workload")
    assert {"anywhere", "nowhere"} <= set(rows["reach"])
    only = table(open_page("egress", ns="shop-web"), "reach", "workload")
    assert set(only["namespace"]) == {"shop-web"}


def test_without_an_input_the_types_and_the_ports_are_there_all_the_same() -> None:
    page = app({"src": "none"}, "egress")
    assert not page.exception
    shown = "\n".join(str(e.value) for kind in (page.subheader, page.caption) for e in kind)
    assert "Outbound type" in shown and "Load manifests or a dump" in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_in_the_fields_are_shown_letter_by_letter_and_left_out(text: str) -> None:
    page = open_page("egress", region=text, rule_sources=text, egress_conditions="custom DNS servers", dns_servers=text)
    assert not page.exception
    assert page.error
    assert text not in "\n".join(c.value for c in page.code)


def test_every_documented_number_is_shown_with_its_unit_and_source() -> None:
    rows = table(open_page("egress"), "of", "quantity", "value", "unit", "stated_in")
    assert len(rows) == len(snat_facts())
    assert rows["unit"].ne("").all() and rows["stated_in"].ne("").all()


def test_ranges_of_the_link_count_and_others_are_refused_in_a_sentence() -> None:
    assert "10.0.0.0/16 (chosen)" in words(open_page("egress", service_addresses="10.0.0.0/16")).replace("**", "")
    page = open_page("egress", pod_addresses="<script>")
    assert any("write prefixes" in e.value for e in page.error)
