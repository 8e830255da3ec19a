"""The required destinations as rules of an Azure Firewall: a template for its policy, and commands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from lib.azure.destinations import Destination
from lib.facts.egress_needs import NeedKind, firewall_numbers

_TYPE: Final = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"
_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True, slots=True)
class ApplicationRule:
    """A rule by names; ``protocol`` is ``Http`` or ``Https``."""

    name: str
    protocol: str
    port: int
    fqdns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """A rule by addresses, service tags or names; ``protocol`` is ``TCP`` or ``UDP``."""

    name: str
    protocol: str
    port: int
    addresses: tuple[str, ...]
    fqdns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A destination that no rule stands for, and why."""

    destination: str
    why: str


@dataclass(frozen=True, slots=True)
class FirewallRules:
    """The rules, and what is missing of them."""

    application: tuple[ApplicationRule, ...]
    network: tuple[NetworkRule, ...]
    left_out: tuple[LeftOut, ...]


def firewall_rules(found: Iterable[Destination]) -> FirewallRules:
    """A rule for each feature, protocol and port; networks one by one."""
    names: dict[tuple[str, str, int], dict[str, None]] = {}
    network, left_out = [], []
    for destination in found:
        need = destination.need
        if destination.missing:
            left_out.append(LeftOut(need.destination, f"missing: {destination.missing}"))
        elif need.kind is NeedKind.FQDN:
            key = (need.feature, need.protocol.capitalize(), need.port)
            names.setdefault(key, {}).update(dict.fromkeys(destination.hosts))
        elif destination.is_service_tag:
            left_out.append(
                LeftOut(need.destination, "the names of the same feature stand for it; one of both is enough")
            )
        else:
            network.append(_network_rule(destination))
    application = tuple(
        ApplicationRule(f"{feature}-{protocol.lower()}-{port}", protocol, port, tuple(hosts))
        for (feature, protocol, port), hosts in names.items()
    )
    return FirewallRules(application, tuple(network), tuple(left_out))


def _network_rule(destination: Destination) -> NetworkRule:
    """Of the documented alternatives the narrowest that a rule can name: a service tag, a name, an address."""
    need = destination.need
    name = f"{need.feature}-{need.transport.lower()}-{need.port}"
    tags = [host for host in destination.hosts if host.startswith("AzureCloud.")]
    if tags:
        return NetworkRule(name, need.transport, need.port, (tags[0],), ())
    narrow = tuple(host for host in destination.hosts if not host.startswith("*"))
    if any(_is_name(host) for host in narrow):
        return NetworkRule(name, need.transport, need.port, (), narrow)
    return NetworkRule(name, need.transport, need.port, narrow, ())


def _is_name(host: str) -> bool:
    return any(character.isalpha() for character in host) and ":" not in host


def to_arm(rules: FirewallRules, sources: tuple[str, ...] = ("*",)) -> str:
    """A template with one rule collection group for a firewall policy that exists, whose name is a parameter.

    ``sources`` are the addresses that the rules are for.
    """
    numbers = firewall_numbers()
    collections = [
        _collection("aks-network", numbers.network_priority, [_arm_network(r, sources) for r in rules.network]),
        _collection(
            "aks-application", numbers.application_priority, [_arm_application(r, sources) for r in rules.application]
        ),
    ]
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"firewallPolicyName": {"type": "string"}},
        "resources": [
            {
                "type": _TYPE,
                "apiVersion": numbers.api_version,
                "name": "[concat(parameters('firewallPolicyName'), '/aks-egress')]",
                "properties": {
                    "priority": numbers.group_priority,
                    "ruleCollections": [c for c in collections if c["rules"]],
                },
            }
        ],
    }
    return json.dumps(template, indent=2)


def _collection(name: str, priority: int, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": {"type": "Allow"},
        "rules": rules,
    }


def _arm_application(rule: ApplicationRule, sources: tuple[str, ...]) -> dict[str, Any]:
    return {
        "ruleType": "ApplicationRule",
        "name": rule.name,
        "sourceAddresses": list(sources),
        "protocols": [{"protocolType": rule.protocol, "port": rule.port}],
        "targetFqdns": list(rule.fqdns),
    }


def _arm_network(rule: NetworkRule, sources: tuple[str, ...]) -> dict[str, Any]:
    where = {"destinationFqdns": list(rule.fqdns)} if rule.fqdns else {"destinationAddresses": list(rule.addresses)}
    return {
        "ruleType": "NetworkRule",
        "name": rule.name,
        "sourceAddresses": list(sources),
        "ipProtocols": [rule.protocol],
        **where,
        "destinationPorts": [str(rule.port)],
    }


def to_az(rules: FirewallRules, sources: tuple[str, ...] = ("*",)) -> str:
    """Commands for a firewall without a policy; ``$RG`` and ``$FW`` stand for its resource group and its name.

    Only the first command of a collection sets its action and priority, as az asks.
    """
    priority = str(firewall_numbers().az_priority)
    lines = []
    for number, network in enumerate(rules.network):
        where = ["--destination-fqdns", *network.fqdns] if network.fqdns else []
        where = where or ["--destination-addresses", *network.addresses]
        told = ["--protocols", network.protocol, *where, "--destination-ports", str(network.port)]
        lines.append(_az("network-rule", "aks-network", network.name, sources, told, priority if not number else ""))
    for number, rule in enumerate(rules.application):
        told = ["--protocols", f"{rule.protocol.lower()}={rule.port}", "--target-fqdns", *rule.fqdns]
        lines.append(
            _az("application-rule", "aks-application", rule.name, sources, told, priority if not number else "")
        )
    return "\n".join(lines) + "\n" if lines else ""


def _az(kind: str, collection: str, name: str, sources: tuple[str, ...], told: list[str], priority: str) -> str:
    words = ["--collection-name", collection, "--name", name, "--source-addresses", *sources, *told]
    words += ["--action", "Allow", "--priority", priority] if priority else []
    return f'az network firewall {kind} create --resource-group "$RG" --firewall-name "$FW" ' + shlex.join(words)
