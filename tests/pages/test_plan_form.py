"""The boxes of the IP plan: many clusters, pools and subnets, typed into, removed, renamed, and taken from a link."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from lib.ipplan.sheet import CLUSTER_FIELDS, PLAN_FIELDS, POOL_FIELDS, SUBNET_FIELDS, Sheet, to_link
from tests.pages.app import markdown, open_page, words

HOSTILE = ("![x](http://192.0.2.1/a.png)<b>", "-1", "9" * 400, "10.0.0.0/33", "\x00;=,", "${a}", "\u0663")


def many(clusters: int, pools: int) -> dict[str, str]:
    names = [f"team{index}" for index in range(clusters)]
    rows = tuple(
        {"cluster": name, "name": f"p{index}", "nodes": "3", "mode": "user" if index else "system"}
        for name in names
        for index in range(pools)
    )
    sheet = Sheet({"vnet": "10.128.0.0/9"}, tuple({"name": name, "model": "node_subnet"} for name in names), rows)
    link = to_link(sheet)
    assert link is not None
    return link


def boxes(app: AppTest, label: str) -> list[str]:
    return [box.value or "" for box in app.text_input if box.label == label]


def button(app: AppTest, key: str) -> None:
    next(b for b in app.button if b.key and b.key.endswith(key)).click().run()
    assert not app.exception


def test_many_pools_are_typed_into_some_rows_at_a_time() -> None:
    app = open_page("ip_plan", **many(1, 25))
    assert boxes(app, "Pool") == [f"p{index}" for index in range(10)]
    app.session_state["netatlas.plan_page-pools"] = 3
    app.run()
    assert boxes(app, "Pool") == [f"p{index}" for index in range(20, 25)]
    next(box for box in app.text_input if box.key and box.key.endswith("pools-24-nodes")).set_value("47").run()
    assert not app.exception
    # 24 pools of 3 nodes, one of 47, and a surge node each.
    assert f"{24 * 3 + 47 + 25:,} nodes at the peak" in words(app)


def test_a_pool_and_a_cluster_are_removed_with_all_that_is_theirs() -> None:
    app = open_page("ip_plan", **many(3, 2))
    button(app, "pools-1-remove")
    assert len(boxes(app, "Pool")) == 5
    button(app, "clusters-0-remove")
    assert boxes(app, "Cluster") == ["team1", "team2"]
    assert len(boxes(app, "Pool")) == 4
    assert not app.error


def test_every_cluster_gets_the_pools_of_the_first_one() -> None:
    app = open_page("ip_plan", **many(3, 2))
    next(box for box in app.text_input if box.key and box.key.endswith("pools-1-nodes")).set_value("40").run()
    next(box for box in app.text_input if box.key and box.key.endswith("pools-5-nodes")).set_value("7").run()
    button(app, "same")
    assert boxes(app, "Nodes now") == ["3", "40"] * 3
    assert [s.value for s in app.selectbox if s.label == "Cluster"] == ["team0"] * 2 + ["team1"] * 2 + ["team2"] * 2
    # 3 clusters of 43 nodes with two pools that surge by one node each.
    assert f"{3 * 45} nodes at the peak" in words(app)


def test_pools_follow_the_name_of_their_cluster_which_no_other_may_have() -> None:
    app = open_page("ip_plan", **many(2, 1))
    next(box for box in app.text_input if box.value == "team1").set_value("shop").run()
    assert [s.value for s in app.selectbox if s.label == "Cluster"] == ["team0", "shop"]
    next(box for box in app.text_input if box.value == "shop").set_value("team0").run()
    assert "There is another cluster called team0" in words(app)
    assert boxes(app, "Cluster") == ["team0", "shop"]


def test_a_subnet_of_another_service_is_added_and_removed() -> None:
    app = open_page("ip_plan", vnet="10.20.0.0/16")
    button(app, "add-subnet")
    assert app.error, "a subnet of nothing has no size"
    next(s for s in app.selectbox if s.label == "For").set_value("bastion").run()
    assert not app.error
    assert any("AzureBastionSubnet" in table.value.to_string() for table in app.dataframe)
    button(app, "subnets-0-remove")
    assert not any("AzureBastionSubnet" in table.value.to_string() for table in app.dataframe)


FIELDS = {"plan": PLAN_FIELDS, "cluster": CLUSTER_FIELDS, "pool": POOL_FIELDS[1:], "subnet": SUBNET_FIELDS}


@pytest.mark.parametrize("place", FIELDS)
def test_no_field_of_the_form_makes_an_error_or_markup_of_what_stands_in_it(place: str) -> None:
    app = open_page("ip_plan")
    for number, value in enumerate(HOSTILE, 1):
        rows = {"plan": {"vnet": "10.20.0.0/16"}, "cluster": {}, "pool": {"name": "apps"}, "subnet": {"name": "x"}}
        rows[place] |= dict.fromkeys(FIELDS[place], value)
        app.session_state["netatlas.plan"] = Sheet(rows["plan"], (rows["cluster"],), (rows["pool"],), (rows["subnet"],))
        app.session_state["netatlas.plan_round"] = number
        app.run()
        assert not app.exception, value
        assert app.error, value
        assert "![x](http" not in markdown(app)
