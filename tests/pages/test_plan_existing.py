"""The page IP plan: what exists, pasted; places that stay; what can be taken along."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.ipplan.azure_json import az_cluster, az_pool, az_subnet, az_vnet, node_use
from tests.pages.app import markdown, open_page, words


def paste(app: AppTest, *values: Any) -> AppTest:
    (area,) = [a for a in app.text_area if a.label == "What az printed"]
    area.set_value("\n".join(v if isinstance(v, str) else json.dumps(v) for v in values))
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def vnet() -> dict[str, Any]:
    return az_vnet(az_subnet("nodes", "10.1.0.0/24", [node_use("MC_apps_shop")]))


def test_what_exists_is_shown_in_place_of_the_form() -> None:
    app = paste(open_page("ip_plan"), az_cluster(az_pool(count=8)), vnet())
    assert "Below is what exists" in words(app)
    # AKS, "Azure CNI Node Subnet": 8 nodes of 30 pods fit a /24; one more for the upgrade does not.
    assert "The subnet nodes 10.1.0.0/24 offers 251 addresses" in words(app)
    assert not [n for n in app.number_input if n.label == "Clusters"]
    next(b for b in app.button if b.label == "Back to your own plan").click().run()
    assert not app.exception
    assert "Below is what exists" not in words(app)


def test_what_is_pasted_in_turn_is_read_together() -> None:
    app = paste(open_page("ip_plan"), az_cluster())
    assert "holds no virtual network" in str([d.value.to_string() for d in app.dataframe])
    paste(app, vnet())
    assert "holds no virtual network" not in str([d.value.to_string() for d in app.dataframe])
    assert "paste 1, paste 2" in words(app)


def test_nothing_of_a_paste_stays_but_what_the_plan_reads() -> None:
    app = paste(open_page("ip_plan"), az_cluster(), vnet())
    kept = repr(app.session_state)
    assert "hunter2" not in kept and "Standard_D4s_v5" not in kept
    assert "networkPlugin" in kept


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no json", "is not JSON"),
        ("[" * 5000, "too deep"),
        ('{"x": 1}', "is none of what is read"),
        (json.dumps(az_cluster(az_pool(count="x"))), "agentPoolProfiles"),
        (json.dumps(az_cluster(name="![x](http://e.example/x)<b>")), "It must be a name"),
        (json.dumps(az_pool("a", id=az_cluster()["id"] + "/agentPools/a")), "which is not there"),
    ],
)
def test_a_bad_paste_is_told_in_a_sentence(text: str, sentence: str) -> None:
    app = paste(open_page("ip_plan"), text)
    told = words(app) + str([d.value.to_string() for d in app.dataframe])
    assert sentence in told
    assert "![x](http" not in markdown(app)


def test_the_page_offers_every_form_of_the_plan() -> None:
    app = open_page("ip_plan", vnet="10.20.0.0/16")
    labels = [b.label for b in app.get("download_button")]
    for label in ("Bicep", "Terraform", "az commands", "Markdown for a review"):
        assert label in labels
    assert any("resource vnet 'Microsoft.Network/virtualNetworks@" in block.value for block in app.code)


def test_without_a_network_the_page_says_why_there_is_no_code() -> None:
    app = open_page("ip_plan")
    assert "No code yet" in words(app) and "give its address space" in words(app)


def test_suggested_places_are_pinned_in_the_link() -> None:
    app = open_page("ip_plan", vnet="10.20.0.0/16", model="pod_subnet_dynamic")
    next(b for b in app.button if b.label == "Pin all").click().run()
    assert not app.exception
    kept = "".join(app.query_params["keep"])
    assert "cluster-nodes=10.20." in kept and "cluster-pods=10.20." in kept
    assert "2 of 2 suggested subnets are pinned" in words(app)
    next(b for b in app.button if b.label == "Let all move").click().run()
    assert "keep" not in app.query_params


def test_a_place_that_is_typed_moves_the_subnet_there_and_one_without_room_is_told() -> None:
    app = open_page("ip_plan", vnet="10.20.0.0/16")
    box = next(b for b in app.text_input if b.label == "Pinned places")
    box.set_value("cluster-nodes=10.20.64.0/27").run()
    assert any("10.20.64.0/27" in table.value.to_string() for table in app.dataframe)
    box = next(b for b in app.text_input if b.label == "Pinned places")
    box.set_value("cluster-nodes=10.99.0.0/27").run()
    assert "cluster-nodes is pinned to 10.99.0.0/27, where it has no room" in words(app)


@pytest.mark.parametrize("keep", ["nonsense", "a=b", "=", "cluster-nodes=fd00::/64", "x" * 5000])
def test_a_link_with_places_that_cannot_be_read_is_told_in_a_sentence(keep: str) -> None:
    app = open_page("ip_plan", vnet="10.20.0.0/16", keep=keep)
    assert app.error
