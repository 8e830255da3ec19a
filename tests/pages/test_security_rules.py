"""The page about security rules: what it answers from the link, what is pasted, and what is wrong with it."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from lib.azure.security_group import allow_name
from lib.model.sets import Family
from tests.azure.own_group import RULE
from tests.pages.app import markdown, open_page, table, tables, words
from tests.pages.test_hostile import ACTIVE, EVIL_TEXT

GRAFANA = {"packet_from": "internet", "packet_to": "monitoring/grafana", "packet_port": "80"}
SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {{service.beta.kubernetes.io/azure-allowed-ip-ranges: "{ranges}"}}
spec: {{type: LoadBalancer, selector: {{app: web}}, ports: [{{port: 80}}]}}
status: {{loadBalancer: {{ingress: [{{ip: 20.0.0.1}}]}}}}
"""


def paste(app: AppTest, label: str, value: object) -> AppTest:
    (area,) = [a for a in app.text_area if label in a.label]
    area.set_value(value if isinstance(value, str) else json.dumps(value)).run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def test_the_rules_stand_in_evaluation_order_with_who_wrote_them() -> None:
    rows = table(open_page("security_rules"), "priority", "rule_sources", "written_for")
    assert list(rows["priority"]) == ["500", "501", "502", "503", "65000", "65001", "65500"]
    assert list(rows["written_for"][:4]) == [
        "app-routing-system/nginx",
        "monitoring/grafana",
        "shop-api/partner-feed",
        "shop-payments/payments-partner",
    ]
    assert rows["access"].iloc[-1] == "✖ Deny"


def test_the_link_filters_the_rules() -> None:
    chosen = table(open_page("security_rules", written_for="monitoring/grafana"), "priority", "rule_sources")
    assert list(chosen["priority"]) == ["501"]
    found = table(open_page("security_rules", rule="198.51"), "priority", "rule_sources")
    assert list(found["priority"]) == ["502"]
    out = table(open_page("security_rules", way="Outbound"), "priority", "rule_sources")
    assert list(out["rule_name"]) == ["AllowVnetOutBound", "AllowInternetOutBound", "DenyAllOutBound"]


def test_a_namespace_filter_hides_rules_of_others_and_keeps_the_default_ones() -> None:
    app = open_page("security_rules", ns="monitoring")
    assert list(table(app, "priority", "rule_sources")["priority"]) == ["501", "65000", "65001", "65500"]
    assert "The filter hides 3 of 7 rules" in words(app)


@pytest.mark.parametrize(
    ("query", "kind", "said"),
    [
        (GRAFANA, "success", "(501) of AKS's group"),
        ({**GRAFANA, "packet_port": "81"}, "error", "DenyAllInbound (65500)"),
        ({**GRAFANA, "packet_protocol": "UDP"}, "error", "DenyAllInbound (65500)"),
        ({**GRAFANA, "packet_from": "10.60.0.1"}, "warning", "10.60.0.1 is in the virtual network"),
        ({**GRAFANA, "packet_from": "10.60.0.1", "vnet": "10.0.0.0/8"}, "error", "DenyAllInbound"),
        ({**GRAFANA, "packet_from": "nowhere"}, "error", "no address"),
        ({**GRAFANA, "packet_to": "shop/none"}, "error", "no Service"),
        ({**GRAFANA, "vnet": "10.0.0.0/99"}, "error", "no prefix"),
    ],
)
def test_a_packet_is_answered_from_the_link(query: dict[str, str], kind: str, said: str) -> None:
    app = open_page("security_rules", **query)
    texts = [re.sub(r"\\(.)", r"\1", e.value) for e in getattr(app, kind)]
    assert any(said in text for text in texts), texts


def test_the_answer_lists_the_groups_and_the_rules_that_were_asked() -> None:
    app = open_page("security_rules", **GRAFANA)
    (groups,) = [t for t in tables(app) if "attached_to" in t.columns]
    assert list(groups["verdict"]) == ["✔ allowed"]
    assert list(groups["origin"]) == ["fresh reconcile"]
    asked = table(app, "answer", "rule_name")
    assert list(asked["answer"]) == ["· does not match", "► decides"]


def test_a_pasted_group_on_the_subnet_is_asked_first_and_shows_what_it_blocks() -> None:
    app = paste(open_page("security_rules", **GRAFANA), "subnet", {"name": "corp", "securityRules": [RULE]})
    assert any("corp on the subnet denies it" in re.sub(r"\\(.)", r"\1", e.value) for e in app.error)
    rows = table(app, "verdict", "senders")
    assert {"✖ denied"} <= set(rows["verdict"])
    assert "1 rule read of corp." in words(app)


EMPTY = {
    "parameters": {"name": {"type": "string", "defaultValue": "corp"}},
    "resources": [
        {
            "type": "Microsoft.Network/networkSecurityGroups",
            "name": "[parameters('name')]",
            "properties": {"securityRules": []},
        }
    ],
}


def test_a_group_without_rules_of_its_own_denies_the_internet_whatever_its_text_is_warned_of() -> None:
    app = paste(open_page("security_rules", **GRAFANA), "subnet", EMPTY)
    assert any("corp on the subnet denies it" in re.sub(r"\\(.)", r"\1", e.value) for e in app.error)
    assert "0 rules read of corp." in words(app)
    assert "counts as no group" in words(paste(open_page("security_rules", **GRAFANA), "subnet", "{}"))


def test_only_rules_that_were_read_are_counted() -> None:
    cut = {"SecurityRules": [RULE["name"], RULE["name"]], "Name": "corp"}
    app = paste(open_page("security_rules"), "subnet", cut)
    assert "0 rules read of corp. What could not be read may be any rule." in words(app)
    twice = {key: value for key, value in RULE.items() if key != "access"}
    assert "1 rule read." in words(paste(open_page("security_rules"), "subnet", [twice]))


def test_a_pasted_group_of_akss_keeps_its_priorities() -> None:
    name = allow_name(Family.IPV4, "Tcp", ["Internet"], [80])
    live = {**RULE, "name": name, "priority": 700, "access": "Allow", "protocol": "Tcp"}
    app = paste(open_page("security_rules"), "AKS's group", [{**live, "destinationAddressPrefix": "203.0.113.44"}])
    rows = table(app, "priority", "rule_sources", "written_for")
    assert "700" in set(rows["priority"])
    assert "its priorities are kept" in words(app)
    assert "fresh reconcile" not in words(app)


def test_what_is_wrong_with_a_pasted_group_is_told_with_its_line() -> None:
    app = paste(open_page("security_rules"), "subnet", json.dumps([{**RULE, "protocol": "HTTP"}], indent=1))
    assert any("Line 7" in e.value for e in app.error), [e.value for e in app.error]


def test_a_hostile_paste_is_shown_as_text() -> None:
    evil = {**RULE, "name": EVIL_TEXT, "access": "Allow", "protocol": EVIL_TEXT, "sourceAddressPrefix": EVIL_TEXT}
    app = open_page("security_rules", **GRAFANA)
    for label in ("subnet", "AKS's group"):
        paste(app, label, {"name": EVIL_TEXT, "securityRules": [evil]})
    assert "evil.example" in words(app)
    assert not ACTIVE.search(markdown(app)), ACTIVE.search(markdown(app))
    for label in (*(e.label for e in app.expander),):
        assert not ACTIVE.search(label)


def test_findings_about_the_rules_stand_on_the_page() -> None:
    app = open_page("security_rules", files={"a.yaml": SERVICE.format(ranges="10.0.0.1/8").encode()})
    assert "10.0.0.1/8" in words(app)
    assert "✖ error" in words(app)
    assert "error" not in words(open_page("security_rules")).lower().split("which rule answers")[0]


def test_the_room_in_the_group_is_shown_with_its_limits() -> None:
    texts = [p.text for p in open_page("security_rules").get("progress")]
    assert texts == ["Rules: 4 of 1,000", "Source addresses: 4 of 4,000", "Destination addresses: 4 of 4,000"]


def test_nothing_that_was_pasted_is_in_the_address() -> None:
    app = paste(open_page("security_rules"), "subnet", [RULE])
    assert not any("Inbound" in str(value) and "web" in str(value) for value in app.query_params.values())


def test_an_input_without_load_balancers_says_so() -> None:
    plain = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {containers: [{name: a, image: b}]}\n"
    assert "has no Service with a load balancer" in words(open_page("security_rules", files={"a.yaml": plain}))


def test_a_group_that_blocks_health_probes_is_told_and_its_rows_lead_to_traces() -> None:
    rule = {**RULE, "sourceAddressPrefix": "AzureLoadBalancer", "destinationPortRange": "30665"}
    app = paste(open_page("security_rules"), "subnet", [rule])
    shown = words(app)
    assert "its health probe does not reach port 30665 of the nodes" in shown
    rows = table(app, "senders", "verdict")
    (blocked,) = rows[rows["senders"] == "health probe"][["service", "verdict"]].values.tolist()[:1]
    assert blocked[0] == "grafana" and "denied" in blocked[1]
    app.session_state["table-subnet-through"] = {"selection": {"rows": [0], "columns": []}}
    app.run()
    assert not app.exception


def test_the_rules_of_a_group_on_the_subnet_stand_where_packets_meet_them() -> None:
    """Inbound the subnet's group first, outbound the interface's: network-security-group-how-it-works.md."""
    app = paste(open_page("security_rules"), "subnet", {"name": "corp", "securityRules": [RULE]})
    rows = table(app, "priority", "rule_sources", "written_for")
    assert list(rows["group"][:2]) == ["corp", "corp"] and rows["rule_name"][0] == RULE["name"]
    assert list(dict.fromkeys(rows["attached_to"])) == ["subnet", "network interface"]
    out = paste(open_page("security_rules", way="Outbound"), "subnet", {"name": "corp", "securityRules": [RULE]})
    rows = table(out, "priority", "rule_sources", "written_for")
    assert list(dict.fromkeys(rows["attached_to"])) == ["network interface", "subnet"]
