"""Security groups of PowerShell, of an interface's effective rules, and of templates with expressions.

The forms are those of PSSecurityRule.cs (azure-powershell), of EffectiveNetworkSecurityGroup in Azure's network API,
and of "Syntax and expressions" and "Linked and nested templates" of Azure Resource Manager.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lib.facts.nsg import default_rules
from lib.loaders.security_rules import SecurityRulesReading, read_security_rules
from lib.model.problem import Severity
from lib.model.security_rules import Access, Attachment, RuleDirection

GROUP = "Microsoft.Network/networkSecurityGroups"


def read(value: Any, attachment: Attachment | None = None) -> SecurityRulesReading:
    return read_security_rules(json.dumps(value, indent=1), "pasted", attachment=attachment)


def lines_with(value: Any, text: str) -> list[int]:
    return [n for n, line in enumerate(json.dumps(value, indent=1).splitlines(), 1) if text in line]


# PowerShell

POWERSHELL_RULE = {
    "Description": None,
    "Protocol": "Tcp",
    "SourcePortRange": ["*"],
    "DestinationPortRange": ["443", "8000-8080"],
    "SourceAddressPrefix": ["Internet"],
    "DestinationAddressPrefix": ["10.0.0.0/24", "20.0.0.1"],
    "Access": "Deny",
    "Priority": 200,
    "Direction": "Inbound",
    "ProvisioningState": "Succeeded",
    "SourceApplicationSecurityGroups": [],
    "DestinationApplicationSecurityGroups": None,
    "Name": "web",
    "Etag": "x",
    "Id": "/subscriptions/0/x/securityRules/web",
}
DEFAULT = {**POWERSHELL_RULE, "Name": "AllowVnetInBound", "Priority": default_rules("inbound")[0].priority}
POWERSHELL = {
    "Get-AzNetworkSecurityGroup": {
        "SecurityRules": [POWERSHELL_RULE],
        "DefaultSecurityRules": [DEFAULT],
        "Name": "mine",
        "SecurityRulesText": "[]",
    },
    "Get-AzNetworkSecurityRuleConfig": [POWERSHELL_RULE],
    "Get-AzNetworkSecurityRuleConfig, one": POWERSHELL_RULE,
    "its default rules beside it": [POWERSHELL_RULE, DEFAULT],
    "as Windows PowerShell writes a list": {"value": [POWERSHELL_RULE], "Count": 1},
}


@pytest.mark.parametrize("form", POWERSHELL)
def test_powershells_json_is_read(form: str) -> None:
    found = read(POWERSHELL[form])
    assert not found.problems
    (only,) = found.rules
    assert (only.name, only.priority, only.access, only.direction, only.protocol) == (
        "web", 200, Access.DENY, RuleDirection.INBOUND, "Tcp",
    )  # fmt: skip
    assert (only.sources, only.source_ports) == (("Internet",), ("*",))
    assert (only.destinations, only.ports) == (("10.0.0.0/24", "20.0.0.1"), ("443", "8000-8080"))
    assert not only.open_parts


def test_a_fault_in_powershells_json_is_told_at_its_line() -> None:
    text = {"SecurityRules": [{**POWERSHELL_RULE, "DestinationPortRange": ["443", "http"]}]}
    found = read(text)
    assert [(p.code, p.line) for p in found.problems] == [("invalid-port", lines_with(text, '"http"')[0])]
    assert found.rules[0].open_ports


def test_rules_that_powershell_cut_short_are_lost_and_not_left_out() -> None:
    """ConvertTo-Json writes what lies deeper than its -Depth as a text."""
    found = read({"Name": "mine", "SecurityRules": ["Microsoft.Azure.Commands.Network.Models.PSSecurityRule"]})
    assert found.problems and not found.rules and found.unplaced
    flat = {**POWERSHELL_RULE, "DestinationPortRange": "443 8000-8080", "SourceAddressPrefix": "*"}
    found = read({"SecurityRules": [flat]})
    assert [p.code for p in found.problems] == ["invalid-port"]
    assert (found.rules[0].sources, found.rules[0].ports) == (("*",), ())
    assert found.rules[0].open_ports


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_azures_default_rules_in_a_list_are_not_ones_own(direction: str) -> None:
    """As az network nsg rule list --include-default prints them."""
    own = {"name": "web", "priority": 200, "direction": "Inbound", "access": "Deny", "protocol": "*"}
    own |= {"sourceAddressPrefix": "*", "sourcePortRange": "*"}
    own |= {"destinationAddressPrefix": "*", "destinationPortRange": "*"}
    given = [{**own, "name": r.name, "priority": r.priority} for r in default_rules(direction)]
    found = read([own, *given])
    assert (len(found.rules), found.problems) == (1, ())


# Effective rules


def effective(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "priority": 200,
        "direction": "Inbound",
        "access": "Deny",
        "protocol": "All",
        "sourceAddressPrefix": "Internet",
        "sourceAddressPrefixes": ["Internet"],
        "expandedSourceAddressPrefix": ["1.0.0.0/8"],
        "sourcePortRange": "0-65535",
        "sourcePortRanges": ["0-65535"],
        "destinationAddressPrefix": "20.0.0.1/32",
        "destinationAddressPrefixes": ["20.0.0.1/32"],
        "destinationPortRange": "80-80",
        "destinationPortRanges": ["80-80"],
        **more,
    }


def attached(place: str, *rules: dict[str, Any]) -> dict[str, Any]:
    others = {"subnet", "networkInterface"} - {place}
    return {
        "association": {place: {"id": f"/x/{place}"}, **dict.fromkeys(others)},
        "networkSecurityGroup": {"id": f"/subscriptions/0/{GROUP}/of-{place}"},
        "effectiveSecurityRules": [*rules, effective("defaultSecurityRules/DenyAllInBound", priority=65500)],
        "tagMap": None,
    }


BOTH = {
    "value": [
        attached("subnet", effective("securityRules/own")),
        attached("networkInterface", effective("securityRules/aks")),
    ]
}


@pytest.mark.parametrize(
    ("attachment", "group", "rule"),
    [(Attachment.SUBNET, "of-subnet", "own"), (Attachment.NIC, "of-networkInterface", "aks")],
)
def test_of_an_interfaces_effective_rules_those_of_the_asked_group_count(
    attachment: Attachment, group: str, rule: str
) -> None:
    found = read(BOTH, attachment)
    assert not found.problems
    assert found.name == group
    (only,) = found.rules
    assert (only.name, only.protocol, only.source_ports, only.ports) == (rule, "*", ("*",), ("80-80",))
    assert (only.sources, only.destinations) == (("Internet",), ("20.0.0.1/32",))
    assert not only.open_parts


def test_effective_rules_of_one_group_only_are_read_wherever_it_is_not_said() -> None:
    group = {k: v for k, v in attached("subnet", effective("securityRules/own")).items() if k != "association"}
    for form in (group, [group], {"value": [group]}):
        assert [r.name for r in read(form, Attachment.SUBNET).rules] == ["own"]


def test_powershells_effective_rules_are_read() -> None:
    def pascal(value: Any) -> Any:
        if isinstance(value, dict):
            return {k[:1].upper() + k[1:]: pascal(v) for k, v in value.items()}
        return [pascal(v) for v in value] if isinstance(value, list) else value

    found = read(pascal(BOTH["value"]), Attachment.NIC)
    assert ([r.name for r in found.rules], found.problems) == (["aks"], ())


@pytest.mark.parametrize(
    ("value", "attachment", "said"),
    [
        (BOTH, None, "several groups"),
        ({"value": [attached("subnet")]}, Attachment.NIC, "attached to the network interface"),
        ({"value": [attached("subnet"), attached("subnet")]}, Attachment.SUBNET, "attached to the subnet"),
    ],
)
def test_effective_rules_that_leave_the_group_open_are_refused(
    value: Any, attachment: Attachment | None, said: str
) -> None:
    found = read(value, attachment)
    (problem,) = found.problems
    assert (problem.severity, found.rules) == (Severity.ERROR, ())
    assert said in problem.message and problem.line and problem.remedy


def test_any_address_of_an_effective_rule_may_mean_ipv6_too() -> None:
    ends = {"destinationAddressPrefix": "0.0.0.0/0", "destinationAddressPrefixes": ["0.0.0.0/0", "0.0.0.0/0"]}
    (only,) = read({"value": [attached("subnet", effective("securityRules/own", **ends))]}).rules
    assert only.destinations == ("0.0.0.0/0",)
    assert "IPv6" in " ".join(only.open_destinations)


def test_rules_of_virtual_network_manager_come_before_and_are_told() -> None:
    manager = attached("subnet") | {"association": {"networkManager": {"id": "m"}, "subnet": None}}
    found = read({"value": [manager, attached("subnet", effective("securityRules/own"))]}, Attachment.SUBNET)
    assert [p.code for p in found.problems] == ["network-manager"]
    assert [r.name for r in found.rules] == ["own"] and found.unplaced


# Templates

BODY = {
    "priority": 200,
    "direction": "Inbound",
    "access": "Deny",
    "protocol": "*",
    "sourceAddressPrefix": "[parameters('from')]",
    "sourcePortRange": "*",
    "destinationAddressPrefixes": "[variables('to')]",
    "destinationPortRange": "[variables('ports')['web']]",
}


def group(**more: Any) -> dict[str, Any]:
    inside = {"securityRules": [{"name": "web", "properties": {**BODY, **more}}]}
    return {"type": GROUP, "name": "[concat(parameters('prefix'), '-nsg')]", "location": "x", "properties": inside}


def template(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {
            "from": {"type": "string", "defaultValue": "Internet"},
            "prefix": {"type": "string", "defaultValue": "Corp"},
            "unset": {"type": "string"},
            "unused": {"type": "string", "defaultValue": "x"},
        },
        "variables": {
            "first": "10.0.0.0/24",
            "to": ["[variables('first')]", "[format('{0}/{1}', '20.0.0.1', 32)]"],
            "ports": {"Web": "443"},
            "again": "[variables('again')]",
        },
        "resources": list(resources),
        **more,
    }


def nested(scope: str, *resources: dict[str, Any], **inner: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "parameters": {"from": {"value": "[concat('198.51.100.', '0/24')]"}},
            "template": template(*resources, **inner),
        },
    }


def defaults_of(found: SecurityRulesReading) -> set[str]:
    return {p.message.split(":")[0] for p in found.problems if p.code == "template-default"}


def test_parameters_and_variables_of_a_template_are_worked_out() -> None:
    found = read(template(group()))
    (only,) = found.rules
    assert (found.name, only.sources, only.ports) == ("Corp-nsg", ("Internet",), ("443",))
    assert only.destinations == ("10.0.0.0/24", "20.0.0.1/32")
    assert not only.open_parts and not found.unplaced


def test_parameters_that_count_with_their_default_are_named_with_their_line() -> None:
    text = template(group())
    told = [(p.severity, p.line) for p in read(text).problems]
    lines = sorted(lines_with(text, name)[0] for name in ('"from":', '"prefix":'))
    assert sorted(told, key=lambda at: at[1]) == [(Severity.WARNING, line) for line in lines]


@pytest.mark.parametrize(
    ("scope", "sources"), [("inner", ("198.51.100.0/24",)), ("outer", ("Internet",)), ("", ("Internet",))]
)
def test_a_nested_deployment_is_read_with_the_values_of_its_scope(scope: str, sources: tuple[str, ...]) -> None:
    """The default scope is outer: there expressions mean the parent template's parameters and variables."""
    inner = {"variables": {"first": "10.9.0.0/16", "to": ["[variables('first')]"], "ports": {"web": "80"}}}
    found = read(template(nested(scope, group(), **inner)))
    (only,) = found.rules
    assert only.sources == sources
    assert only.ports == (("80",) if scope == "inner" else ("443",))
    assert only.destinations == (("10.9.0.0/16",) if scope == "inner" else ("10.0.0.0/24", "20.0.0.1/32"))


@pytest.mark.parametrize(
    "expression",
    [
        "[parameters('unset')]",
        "[reference('nic').properties.ipAddress]",
        "[variables('again')]",
        "[concat('10.0.0.0/', copyIndex())]",
        "[concat('10.0.0.0/'",
        "['10.0.0.0/8', 1]",
        "[concat()",
        "[" * 40,
        "[parameters('a" + "a" * 5_000 + "')]",
    ],
)
def test_what_only_the_deployment_settles_is_named_with_its_place(expression: str) -> None:
    text = template(group(sourceAddressPrefix=expression))
    found = read(text)
    errors = [p for p in found.problems if p.severity is Severity.ERROR]
    assert [(p.code, p.line) for p in errors] == [("invalid-address", lines_with(text, '"sourceAddressPrefix"')[0])]
    assert found.rules[0].open_sources


def rule_resource(name: str, **more: Any) -> dict[str, Any]:
    return {"type": f"{GROUP}/securityRules", "name": name, "properties": {**BODY, **more}}


@pytest.mark.parametrize(
    ("of_group", "of_rule"),
    [
        ("corp", "Corp/late"),
        ("[parameters('unset')]", "[concat(parameters('Unset'), '/late')]"),
        ("[parameters('unset')]", "[format('{0}/{1}', parameters('unset'), 'late')]"),
        ("[variables('named')]", "[concat(variables('named'), '/', 'late')]"),
    ],
)
def test_a_rule_belongs_to_the_group_that_it_names(of_group: str, of_rule: str) -> None:
    named = {"named": "[concat('nsg-', uniqueString(resourceGroup().id))]", "to": ["*"], "ports": {"web": "443"}}
    found = read(template({**group(), "name": of_group}, rule_resource(of_rule), variables=named))
    assert {r.name for r in found.rules} == {"web", "late"}
    assert not found.unplaced and not [p for p in found.problems if p.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("rules", "code", "read_as"),
    [
        (["deployed-already/late"], "several-groups", ["web"]),
        (["[concat(parameters('unset'), '/late')]"], "template-name", ["web"]),
        (["[reference('x').name]"], "template-name", ["web"]),
    ],
)
def test_a_rule_of_another_group_is_not_the_groups(rules: list[str], code: str, read_as: list[str]) -> None:
    text = template({**group(), "name": "corp"}, *map(rule_resource, rules))
    found = read(text)
    assert [p.code for p in found.problems if p.severity is Severity.ERROR] == [code]
    assert [r.name for r in found.rules] == read_as
    assert bool(found.unplaced) is (code == "template-name")


def test_of_rules_of_several_groups_without_a_group_those_of_the_first_count() -> None:
    found = read(template(rule_resource("a/one"), rule_resource("b/two", priority=300)))
    assert [r.name for r in found.rules] == ["one"]
    assert "several-groups" in {p.code for p in found.problems}


DEPLOYMENT = "Microsoft.Resources/deployments"


@pytest.mark.parametrize(
    "resource",
    [
        {"type": DEPLOYMENT, "properties": {"template": "[variables('first')]"}},
        {"type": DEPLOYMENT, "properties": "[variables('first')]"},
        {"type": DEPLOYMENT},
        {**rule_resource("corp/late"), "type": "[variables('first')]"},
        {"type": GROUP, "name": "corp", "properties": "[parameters('unset')]"},
        rule_resource("corp/late", copy=[{"name": "destinationPortRanges", "count": 2, "input": "1"}]),
    ],
)
def test_resources_that_are_cut_short_may_hold_any_rule(resource: dict[str, Any]) -> None:
    whole = {**group(), "name": "corp"}
    found = read(template(*([resource] if resource["type"] == GROUP else [whole, resource])))
    assert len(found.unplaced) == len(RuleDirection) * len(Access)
    assert [p for p in found.problems if p.severity is Severity.ERROR]


def test_an_escaped_bracket_is_no_expression() -> None:
    assert read(template({**group(), "name": "[[parameters('x')]"})).name == "[parameters('x')]"


@pytest.mark.parametrize(
    ("resource", "code", "key"),
    [
        ({**group(), "copy": {"name": "loop", "count": 3}}, "template-loop", '"copy"'),
        ({**group(), "condition": "[equals(1, 1)]"}, "template-condition", '"condition"'),
        ({**group(), "existing": True}, "template-existing", '"existing"'),
        (
            {
                "type": "Microsoft.Resources/deployments",
                "properties": {"templateLink": {"uri": "https://example.com/t.json"}},
            },
            "template-link",
            '"templateLink"',
        ),
        (
            {"type": GROUP, "properties": {"copy": [{"name": "securityRules", "count": 2, "input": {}}]}},
            "template-loop",
            '"copy"',
        ),
    ],
)
def test_what_a_template_leaves_open_may_be_any_rule(resource: dict[str, Any], code: str, key: str) -> None:
    text = template({**group(), "name": "Corp-nsg"}, resource)
    if resource["type"] == GROUP and "copy" in resource["properties"]:
        text = template(resource)
    found = read(text)
    told = [(p.severity, p.line) for p in found.problems if p.code == code]
    assert told == [(Severity.ERROR, lines_with(text, key)[0])]
    assert {(r.direction, r.access) for r in found.unplaced} == {(d, a) for d in RuleDirection for a in Access}


@pytest.mark.parametrize(("condition", "rules"), [(False, 0), ("[false()]", 0), (True, 1), ("[true()]", 1)])
def test_a_condition_that_is_settled_counts(condition: Any, rules: int) -> None:
    rule = {"type": f"{GROUP}/securityRules", "name": "corp/web", "condition": condition, "properties": BODY}
    plain = {"type": GROUP, "name": "corp", "properties": {"securityRules": []}}
    found = read(template(plain, rule))
    assert (len(found.rules), found.unplaced) == (rules, ())


@pytest.mark.parametrize(
    ("more", "rules", "code"),
    [
        ({}, 1, None),
        ({"condition": "[variables('on')]"}, 1, None),
        ({"condition": "[variables('off')]"}, 0, None),
        ({"condition": "[parameters('unset')]"}, 0, "template-condition"),
        ({"copy": {"name": "loop", "count": 2}}, 0, "template-loop"),
    ],
)
def test_a_rule_inside_the_group_is_deployed_as_its_own_words_say(
    more: dict[str, Any], rules: int, code: str | None
) -> None:
    plain = {**BODY, "sourceAddressPrefix": "*", "destinationAddressPrefixes": ["*"], "destinationPortRange": "443"}
    child = {"type": "securityRules", "name": "web", "properties": plain, **more}
    resource = {"type": GROUP, "name": "corp", "properties": {"securityRules": []}, "resources": [child]}
    found = read(template(resource, variables={"on": True, "off": False}))
    assert len(found.rules) == rules
    assert {p.code for p in found.problems} == ({code} if code else set())
    assert bool(found.unplaced) is bool(code)


@pytest.mark.parametrize(
    "mixed",
    [
        {"SecurityRules": [POWERSHELL_RULE], "securityRules": []},
        {"SecurityRules": [{**POWERSHELL_RULE, "access": "Allow"}]},
        {"SecurityRules": [{**POWERSHELL_RULE, "sourceAddressPrefixes": ["*"]}]},
    ],
)
def test_of_two_spellings_of_a_key_neither_is_lost_unsaid(mixed: dict[str, Any]) -> None:
    found = read(mixed)
    assert [p.code for p in found.problems] == ["two-spellings"]
    assert len(found.unplaced) == len(RuleDirection) * len(Access)


def test_many_keys_beside_the_rules_are_no_work() -> None:
    rules = [{**POWERSHELL_RULE, "Name": f"r{n}", "Priority": 100 + n} for n in range(200)]
    many = {f"Key{n}": n for n in range(20_000)} | {"SecurityRules": rules}
    started = time.process_time()
    found = read_security_rules(json.dumps(many), "pasted")
    assert len(found.rules) == len(rules) and not found.problems
    assert time.process_time() - started < 20


def test_variables_that_grow_without_end_are_no_work() -> None:
    grown = {f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 60)}
    chain = {f"c{n}": f"[variables('c{n + 1}')]" for n in range(5_000)}
    lists = {f"l{n}": [f"[variables('l{n - 1}')]"] * 2 for n in range(1, 29)}
    variables = {"v0": "x" * 1_000, **grown, **chain, "l0": "*", **lists}
    started = time.process_time()
    for name in ("v59", "c0", "l28"):
        resource = group(sourceAddressPrefix="*", destinationAddressPrefixes=f"[variables('{name}')]")
        found = read(template(resource, variables=variables))
        assert [p for p in found.problems if p.severity is Severity.ERROR]
        assert found.rules[0].open_destinations
    assert time.process_time() - started < 5


COPIES = [f"[{function}(variables('long'))]" for function in ("toUpper", "toLower")] * 2_000
COSTLY: dict[str, tuple[dict[str, Any], list[str]]] = {
    "copies of a long text": ({"long": "x" * 1_000_000}, COPIES),
    "an expression that fails at its end": (
        {"long": "[concat(" + "'a', " * 700 + "reference('x'))]"},
        ["[variables('long')]"] * 10_000,
    ),
    "a mapping of many keys": (
        {"long": {f"k{n}": "*" for n in range(50_000)}},
        ["[variables('long').K1]"] * 10_000,
    ),
}


@pytest.mark.parametrize("case", COSTLY)
def test_what_expressions_cost_is_bounded(case: str) -> None:
    variables, addresses = COSTLY[case]
    resource = group(sourceAddressPrefix=None, sourceAddressPrefixes=addresses)
    started = time.process_time()
    found = read(template(resource, variables={"to": ["*"], "ports": {"web": "443"}, **variables}))
    assert found.rules[0].open_sources
    assert time.process_time() - started < 15


def test_deployments_share_the_work_that_is_done_for_a_template() -> None:
    variables = {"to": ["*"], "ports": {"web": "443"}, "long": "x" * 500_000}
    copies = {"from": {"value": "*"}, "long": {"value": "[variables('long')]"}}
    resource = group(sourceAddressPrefix=None, sourceAddressPrefixes=["[toUpper(parameters('long'))]"] * 2)
    inner = nested("inner", resource)
    inner["properties"]["parameters"] = copies
    started = time.process_time()
    found = read(template(*[inner] * 200, variables=variables))
    assert {p.code for p in found.problems} >= {"several-groups"}
    assert time.process_time() - started < 15


def test_lists_in_variables_that_lead_to_each_other_are_no_crash() -> None:
    def inside(value: Any) -> Any:
        for _ in range(80):
            value = [value]
        return value

    chain = {f"v{n}": inside(f"[variables('v{n + 1}')]") for n in range(20)}
    found = read(template(group(sourceAddressPrefix="[variables('v0')]"), variables=chain))
    assert found.rules[0].open_sources


def test_very_many_parameters_with_defaults_are_no_work() -> None:
    many = {f"p{n}": {"defaultValue": "*"} for n in range(20_000)}
    used = [f"[parameters('p{n}')]" for n in range(20_000)]
    started = time.process_time()
    read(template(group(sourceAddressPrefix=None, sourceAddressPrefixes=used), parameters=many))
    assert time.process_time() - started < 15


def test_deployments_are_nested_only_so_deep() -> None:
    found: Any = group()
    for _ in range(12):
        found = nested("outer", found)
    reading = read(template(found))
    assert "nesting" in {p.code for p in reading.problems}
