"""How open each workload is: isolated or not, and what the unforeseen may reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lib.exposure import ExposedTo, Exposure, Isolation, Side
from lib.model.sets import ConnectionSet
from lib.tables.row import Locate, Row

_RULES_NAMED: Final = 3

_RANK = (Isolation.NONE, Isolation.SOME, Isolation.UNKNOWN, Isolation.ALL, Isolation.NOT_SELECTABLE)


def exposure_rows(found: Iterable[Exposure], locate: Locate) -> list[Row]:
    """One row a workload: those that the Internet may reach first, then those that are not isolated."""
    ordered = sorted(
        found,
        key=lambda e: (
            not e.ingress.internet,
            not e.ingress.unsettled.internet,
            _RANK.index(e.ingress.isolation),
            _RANK.index(e.egress.isolation),
            e.workload,
        ),
    )
    return [
        {
            "namespace": each.workload.namespace,
            "workload": each.workload.name,
            "kind": each.workload.kind,
            "isolated_ingress": each.ingress.isolation.value,
            "from_internet": _ports(each.ingress.internet, each.ingress.unsettled.internet),
            "from_any_namespace": _ports(each.ingress.any_namespace, each.ingress.unsettled.any_namespace)
            + _but(each.ingress),
            "from_own_namespace": _ports(each.ingress.own_namespace, each.ingress.unsettled.own_namespace),
            "isolated_egress": each.egress.isolation.value,
            "to_internet": _ports(each.egress.internet, each.egress.unsettled.internet),
            "note": each.rejected,
            "source": locate(each.source),
        }
        for each in ordered
    ]


def _but(side: Side) -> str:
    """What of the ports of any namespace does not hold for every one."""
    return " (not from every namespace)" if side.not_every_namespace else ""


def _ports(sure: ConnectionSet, unsettled: ConnectionSet) -> str:
    told = [str(sure)] if sure else []
    told += [f"{unsettled} (unknown)"] if unsettled else []
    return "; ".join(told) or "–"


def exposed_to_rows(found: Iterable[ExposedTo], locate: Locate) -> list[Row]:
    """One row for each end beyond the input's pods to which a workload is open, or closed otherwise than to anybody.

    ``present`` is how many workloads of the input fulfil the selector; it is None where nothing is selected.
    """
    return [
        {
            "namespace": each.workload.namespace,
            "workload": each.workload.name,
            "kind": each.workload.kind,
            "direction": each.direction.field,
            "peer": each.peer,
            "ports": str(each.ports) if each.ports else "none",
            "only_some": str(each.some) if each.some else "",
            "decided_by": _rules(each),
            "present": len(each.present) if each.selects else None,
            "reason": each.doubt,
            "source": locate(each.rules[0].source) if each.rules else "",
        }
        for each in found
    ]


def _rules(each: ExposedTo) -> str:
    told = [f"{rule.policy.qualified_name} {rule.rule} {rule.effect}" for rule in each.rules]
    more = f" and {len(told) - _RULES_NAMED:,} more" if len(told) > _RULES_NAMED else ""
    return "; ".join(told[:_RULES_NAMED]) + more


def exposed_to_json(each: ExposedTo, locate: Locate) -> dict[str, Any]:
    """One end as the command line writes it, below its workload; keys without anything to say are left out."""
    found: dict[str, Any] = {"direction": each.direction.field, "peer": each.peer}
    if each.newcomers is None:
        found["addresses"] = [f"{first}-{last}" for first, last in each.addresses.ranges()]
    elif not each.newcomers.doubt:
        found["namespaces"] = [str(r) for r in each.newcomers.namespace_requirements]
        found["pods"] = [str(r) for r in each.newcomers.pods.requirements]
    found["ports"] = each.ports.numbers.to_json()
    names = {"port_names": each.ports.names, "but_port_names": each.ports.but}
    found |= {key: [f"{protocol.value} {name}" for protocol, name in held] for key, held in names.items() if held}
    if each.some:
        found["only_some"] = each.some.numbers.to_json()
    if each.doubt:
        found["reason"] = each.doubt
    if each.present:
        found["present"] = list(map(str, each.present))
    found["rules"] = [
        {"ref": str(r.policy), "effect": r.effect, "rule": r.rule, "source": locate(r.source)} for r in each.rules
    ]
    return found
