"""A security group as Azure prints it is read in every form, and what is wrong with it is told with its line."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.facts.nsg import custom_priorities
from lib.loaders.security_rule_fields import VALUES_MAX
from lib.loaders.security_rules import CHARS_MAX, RULES_MAX, read_security_rules
from lib.model.problem import Severity
from lib.model.security_rules import Access, RuleDirection


def rule(**more: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "priority": 200,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "Internet",
        "sourceAddressPrefixes": [],
        "sourcePortRange": "*",
        "destinationAddressPrefix": "",
        "destinationAddressPrefixes": ["10.0.0.0/24", "20.0.0.1"],
        "destinationPortRange": None,
        "destinationPortRanges": ["443", "8000-8080"],
        **more,
    }


def arm(found: dict[str, Any]) -> dict[str, Any]:
    return {"name": found["name"], "properties": {k: v for k, v in found.items() if k != "name"}}


def read(value: Any):
    return read_security_rules(value if isinstance(value, str) else json.dumps(value, indent=1), "pasted")


GROUP = "Microsoft.Network/networkSecurityGroups"
FORMS = {
    "az network nsg show": {"name": "mine", "securityRules": [rule()], "defaultSecurityRules": []},
    "az network nsg rule list": [rule()],
    "az network nsg list": [{"name": "mine", "securityRules": [rule()]}],
    "az rest": {"name": "mine", "properties": {"securityRules": [arm(rule())], "defaultSecurityRules": []}},
    "ARM template": {
        "resources": [
            {"type": "Microsoft.Network/virtualNetworks", "name": "v"},
            {"type": "Microsoft.Network/networkSecurityGroups", "properties": {"securityRules": [arm(rule())]}},
        ]
    },
    "ARM template, rules by themselves": {
        "resources": [{"type": "Microsoft.Network/networkSecurityGroups/securityRules", **arm(rule())}]
    },
    "az network nsg rule show": rule(),
    "az rest, one rule": arm(rule()),
    "az rest, a list of groups": {"value": [{"name": "mine", "properties": {"securityRules": [arm(rule())]}}]},
    "az rest, a list of rules": {"value": [arm(rule())]},
    "az rest, groups of a list": [{"name": "mine", "properties": {"securityRules": [arm(rule())]}}],
    "ARM template, rules inside the group": {
        "resources": [
            {
                "type": GROUP,
                "properties": {},
                "resources": [{"type": "securityRules", **arm(rule())}],
            },
        ]
    },
    "ARM template, symbolic names": {
        "languageVersion": "2.0",
        "resources": {
            "nsg": {"type": GROUP, "name": "mine"},
            "web": {"type": f"{GROUP}/securityRules", **arm(rule(name="mine/web"))},
        },
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_azure_prints_is_read(form):
    found = read(FORMS[form])
    assert not found.problems
    (only,) = found.rules
    assert (only.name, only.priority, only.direction, only.access) == (
        "web", 200, RuleDirection.INBOUND, Access.ALLOW,
    )  # fmt: skip
    assert (only.protocol, only.sources, only.source_ports) == ("Tcp", ("Internet",), ("*",))
    assert (only.destinations, only.ports) == (("10.0.0.0/24", "20.0.0.1"), ("443", "8000-8080"))
    assert not only.open_parts
    assert only.line


def test_yaml_is_read_as_well():
    text = "name: mine\nsecurityRules:\n- name: a\n  priority: 100\n  direction: inbound\n  access: DENY\n"
    text += "  protocol: '*'\n  sourceAddressPrefix: internet\n  sourcePortRange: '*'\n"
    found = read(text + "  destinationAddressPrefix: '*'\n  destinationPortRange: '22'\n")
    assert not found.problems
    assert (found.name, found.rules[0].access, found.rules[0].sources) == ("mine", Access.DENY, ("Internet",))
    assert found.rules[0].line == 3


@pytest.mark.parametrize(
    ("change", "code", "open_part"),
    [
        ({"sourceAddressPrefix": "10.0.0.1-10.0.0.9"}, "invalid-address", "10.0.0.1-10.0.0.9"),
        ({"sourceAddressPrefix": "[parameters('from')]"}, "invalid-address", "parameters"),
        ({"sourceAddressPrefix": "300.0.0.0/8"}, "invalid-address", "300"),
        ({"sourceAddressPrefix": None}, "missing-source", "the source"),
        ({"destinationAddressPrefixes": []}, "missing-destination", "the destination"),
        ({"destinationPortRanges": ["99999"]}, "invalid-port", "99999"),
        ({"destinationPortRanges": ["90-80"]}, "invalid-port", "90-80"),
        ({"destinationPortRanges": []}, "missing-ports", "the ports"),
        ({"sourcePortRange": "http"}, "invalid-port", "http"),
        ({"protocol": "HTTP"}, "unsupported-value", "protocol"),
        ({"protocol": None}, "unsupported-value", "protocol"),
    ],
)
def test_a_bad_field_is_a_problem_with_its_line_and_leaves_the_rule_open(change, code, open_part):
    found = read({"securityRules": [rule(name="ok"), rule(name="bad", priority=201, **change)]})
    (problem,) = found.problems
    assert problem.code == code
    assert problem.severity is Severity.ERROR
    assert problem.line is not None and problem.line > 15
    assert problem.message and problem.remedy
    bad = next(r for r in found.rules if r.name == "bad")
    assert open_part in " ".join(bad.open_parts)


@pytest.mark.parametrize(
    ("change", "code", "meanings"),
    [
        ({"priority": None}, "missing-priority", 1),
        ({"priority": 5000}, "out-of-range", 1),
        ({"priority": "high"}, "wrong-type", 1),
        ({"access": "Perhaps"}, "unsupported-value", 2),
        ({"direction": "Sideways"}, "unsupported-value", 2),
        ({"direction": None, "access": None}, "unsupported-value", 4),
    ],
)
def test_a_rule_without_a_sure_place_is_kept_once_for_each_meaning(change, code, meanings):
    found = read({"securityRules": [rule(**change)]})
    assert code in {p.code for p in found.problems}
    assert not found.rules
    assert len(found.unplaced) == meanings


def test_application_security_groups_are_named_as_not_known():
    group = {"id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/web"}
    found = read([rule(sourceAddressPrefix=None, sourceApplicationSecurityGroups=[group])])
    assert not found.problems
    assert "web" in found.rules[0].open_sources[0]


def test_rules_of_one_name_or_priority_are_told_and_all_count():
    found = read([rule(), rule(access="Deny")])
    assert {p.code for p in found.problems} == {"duplicate-name", "duplicate-priority"}
    assert len(found.rules) == 2
    assert not read([rule(), rule(name="out", direction="Outbound")]).problems


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "{", "[1, 2]", "{}", '{"a": 1}', "[" * 300, '{"securityRules": {}}', '{"resources": []}', "[]x"],
)
def test_a_text_that_is_no_group_says_so(text):
    found = read(text)
    assert not found.rules
    assert not found.is_group or found.unplaced
    if text:
        assert found.problems
        assert all(p.line for p in found.problems)


def test_of_several_groups_the_first_counts():
    found = read([{"name": "a", "securityRules": [rule()]}, {"name": "b", "securityRules": [rule(priority=300)]}])
    assert [p.code for p in found.problems] == ["several-groups"]
    assert (found.name, [r.priority for r in found.rules]) == ("a", [200])


def test_rules_of_other_groups_of_a_template_are_not_the_firsts_and_may_be_where_that_is_open():
    resources = [{"type": GROUP, "name": n, "properties": {"securityRules": []}} for n in ("first", "second")]
    resources += [{"type": f"{GROUP}/securityRules", **arm(rule(name=n, priority=p))} for n, p in OWNED]
    found = read({"resources": resources})
    assert [r.name for r in found.rules] == ["web"]
    assert [p.code for p in found.problems] == ["several-groups", "template-name"]
    assert len(found.unplaced) == len(RuleDirection) * len(Access)


OWNED = (("first/web", 200), ("Second/api", 210), ("[concat('x')]/of-nobody-known", 220))


@pytest.mark.parametrize(
    "text",
    [
        {"name": "my-network", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}},
    ],
    ids=["a virtual network"],
)
def test_another_resource_is_not_taken_for_a_group_without_rules(text):
    found = read(text)
    assert (found.rules, [p.code for p in found.problems]) == ((), ["no-security-group"])


def test_a_group_without_rules_is_a_group():
    found = read({"name": "empty", "securityRules": []})
    assert not found.problems and not found.rules
    assert not read("[]").problems


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ([rule(), "no rule"], 1),
        ({"securityRules": "none"}, 0),
        ({"properties": {"securityRules": [rule(), 7]}}, 1),
    ],
)
def test_rules_that_are_lost_may_be_anything(text, sure):
    found = read(text)
    assert found.problems
    assert len(found.rules) == sure
    assert {(r.direction, r.access) for r in found.unplaced} == {(d, a) for d in RuleDirection for a in Access}


@pytest.mark.parametrize("values", [["443", 8080], "443", {"a": 1}])
def test_values_that_are_lost_leave_the_rule_open(values):
    found = read([rule(destinationPortRanges=values)])
    assert found.problems
    assert found.rules[0].open_ports


def test_every_bound_is_a_problem():
    assert [p.code for p in read("x" * (CHARS_MAX + 1)).problems] == ["too-large"]
    many = [rule(name=f"r{i}", priority=100 + i % 3000) for i in range(RULES_MAX + 1)]
    found = read_security_rules(json.dumps({"securityRules": many}), "pasted")
    assert "too-many-rules" in {p.code for p in found.problems}
    assert len(found.rules) == RULES_MAX
    assert len(found.unplaced) == 4
    long = rule(destinationAddressPrefixes=[f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(VALUES_MAX + 1)])
    assert "too-many-values" in {p.code for p in read_security_rules(json.dumps([long]), "pasted").problems}


def test_hostile_text_is_quoted_short_and_in_no_time():
    started = time.process_time()
    found = read([rule(name="<script>" * 1000, sourceAddressPrefix="![x](http://e)" * 1000, protocol="a" * 100_000)])
    assert time.process_time() - started < 5
    assert all(len(p.message) < 1_000 for p in found.problems)
    assert all(len(r.name) <= 80 for r in found.rules)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-5, 70000)
        | st.sampled_from(["*", "Tcp", "Allow", "1-2", "10.0.0.0/8"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["securityRules", "properties", "name", "resources", "type", *rule()]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_gives_rules_or_problems_and_never_an_error(value):
    found = read(json.dumps(value))
    first, last = custom_priorities()
    assert all(first <= r.priority <= last for r in found.rules)
    assert found.rules or found.unplaced or found.problems or isinstance(value, dict | list)
