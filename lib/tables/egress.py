"""What leaves a cluster, as rows: its profile, outbound types, ports, destinations and who reaches them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from lib.azure.destinations import Destination
from lib.azure.egress import Migration, OutboundAnswer
from lib.azure.firewall import LeftOut
from lib.azure.fqdn_policy import NotWritten
from lib.azure.profile import Basis, ClusterProfile
from lib.azure.snat import NatGatewayPlan, SnatPlan, load_balancer_snat, steps_of
from lib.exposure.internet import InternetReach, ToInternet
from lib.exposure.required import Reach
from lib.facts.snat import SnatExample, SnatFact
from lib.facts.sources import describe
from lib.tables.row import Locate, Row

_RANGES_NAMED: Final = 3


def profile_rows(profile: ClusterProfile, locate: Locate) -> list[Row]:
    """The aspects of a cluster, each with where it is known from."""
    return [
        {
            "aspect": each.label,
            "value": each.text,
            "known_from": each.basis.value,
            "why": each.evidence,
            "source": ", ".join(filter(None, map(locate, dict.fromkeys((each.source, *each.beside))))),
        }
        for each in profile.aspects
    ] + [
        {
            "aspect": "Runs on",
            "value": profile.platform.text,
            "known_from": (Basis.SHOWN if profile.platform.value else Basis.UNKNOWN).value,
            "why": profile.platform.evidence,
            "source": ", ".join(
                filter(None, map(locate, dict.fromkeys((profile.platform.source, *profile.platform.beside))))
            ),
        }
    ]


def way_rows(answer: OutboundAnswer) -> list[Row]:
    """The places on the way out and the source address after each."""
    return [
        {"step": number, "at": step.at, "source_address": step.source_after, "stated_in": describe(step.sources)}
        for number, step in enumerate(answer.way, start=1)
    ]


def migration_rows(found: Iterable[Migration]) -> list[Row]:
    """The changes of an outbound type."""
    return [
        {"from": m.old, "to": m.new, "change": m.change.value, "why": m.why, "stated_in": describe(m.sources)}
        for m in found
    ]


def snat_rows(plan: SnatPlan) -> list[Row]:
    """The numbers of a load balancer's ports, one a row."""
    told = (
        ("ports of all outbound addresses", plan.available_ports, "ports"),
        ("ports of each node", plan.ports_per_node, "ports"),
        ("ports of each node while upgrading", plan.ports_while_surging, "ports"),
        ("ports of all nodes", plan.cluster_ports, "ports"),
        ("ports of the surge nodes besides", plan.surge_ports, "ports"),
        ("ports that the nodes leave", plan.excess_ports, "ports"),
        ("ports left while upgrading", plan.headroom_ports, "ports"),
        ("nodes at most", plan.max_nodes, "nodes"),
        ("outbound addresses needed", plan.required_ips, "addresses"),
    )
    return [{"quantity": what, "number": number, "unit": unit} for what, number, unit in told]


def nat_rows(plan: NatGatewayPlan) -> list[Row]:
    """The numbers of a NAT gateway, one a row."""
    told = (
        ("ports, on demand", plan.ports, "ports"),
        ("connections to one destination at one time", plan.connections_to_one_destination, "connections"),
        ("connections at one time in all", plan.connections, "connections"),
        ("public addresses needed", plan.required_ips, "addresses"),
    )
    return [{"quantity": what, "number": number, "unit": unit} for what, number, unit in told]


def step_rows(plan: SnatPlan) -> list[Row]:
    """The steps of the ports against the number of nodes; which of them the nodes are in, now and while upgrading."""
    rows: list[Row] = []
    for step in steps_of(plan):
        here = [
            word
            for word, nodes in (("now", plan.nodes), ("while upgrading", plan.nodes + plan.surge_nodes))
            if step.nodes_min <= nodes <= step.nodes_max
        ]
        rows.append(
            {
                "nodes_from": step.nodes_min,
                "nodes_to": step.nodes_max,
                "ports_per_node": step.ports,
                "ports_at_the_end": step.nodes_max * step.ports,
                "here": ", ".join(here),
            }
        )
    return rows


def example_rows(examples: Iterable[SnatExample]) -> list[Row]:
    """The documentation's worked examples, with what is computed here beside what it prints."""
    rows: list[Row] = []
    for example in examples:
        given = example.given
        plan = load_balancer_snat(given.get("nodes", 1), given.get("surge", 0), given.get("ips", 1), given["ports"])
        for name, printed in example.expected.items():
            rows.append(
                {
                    "given": ", ".join(f"{key} {value:,}" for key, value in given.items()),
                    "what": name.replace("_", " "),
                    "documented": _plain(printed),
                    "computed": _plain(getattr(plan, name)),
                    "stated_in": describe((example.source,)),
                }
            )
    return rows


def number_rows(found: Iterable[SnatFact]) -> list[Row]:
    """The documented numbers of ports, with what they are."""
    return [
        {
            "of": fact.of.replace("_", " "),
            "quantity": fact.name.replace("_", " "),
            "value": fact.value,
            "unit": fact.unit,
            "note": fact.note,
            "stated_in": describe(fact.sources),
        }
        for fact in found
    ]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def destination_rows(found: Iterable[Destination]) -> list[Row]:
    """The destinations that a cluster needs."""
    return [
        {
            "feature": d.need.feature,
            "destination": ", ".join(d.hosts) or d.need.destination,
            "protocol": d.need.protocol,
            "port": d.need.port,
            "client": d.need.client.value,
            "client_pods": ", ".join(d.need.pods),
            "requirement": d.need.requirement,
            "use": d.need.use,
            "note": "; ".join(filter(None, (d.need.note, f"missing: {d.missing}" if d.missing else ""))),
            "stated_in": describe((d.need.source,)),
        }
        for d in found
    ]


def reach_rows(found: Iterable[Reach], locate: Locate) -> list[Row]:
    """Which pods reach which destination."""
    return [
        {
            "verdict": each.verdict.value,
            "destination": each.host,
            "port": each.port,
            "protocol": each.protocol.value,
            "namespace": each.workload.namespace if each.workload else "",
            "workload": each.workload.name if each.workload else "",
            "kind": each.workload.kind if each.workload else "",
            "needed_for": each.need.use if each.need else "name resolution",
            "reason": each.reason if each.workload else f"{each.client}: {each.reason}",
            "source": locate(each.rules[0].source) if each.rules else "",
        }
        for each in found
    ]


def internet_rows(found: Iterable[ToInternet], locate: Locate) -> list[Row]:
    """Which workloads may connect to the Internet."""
    return [
        {
            "reach": each.reach.value,
            "namespace": each.workload.namespace,
            "workload": each.workload.name,
            "kind": each.workload.kind,
            "ports": str(each.ports) if each.ports else "none",
            "addresses": _addresses(each),
            "not_settled": str(each.unsettled) if each.unsettled else "",
            "host_network": "yes" if each.host_network else "",
            "reason": each.reason,
            "source": locate(each.source),
        }
        for each in found
    ]


def _addresses(each: ToInternet) -> str:
    if each.reach is InternetReach.ANYWHERE:
        return "every public IPv4"
    ranges = [f"{a}-{b}" if a != b else str(a) for a, b in islice(each.addresses.ranges(), _RANGES_NAMED + 1)]
    return ", ".join(ranges[:_RANGES_NAMED]) + (" and more" if len(ranges) > _RANGES_NAMED else "")


def left_out_rows(found: Iterable[LeftOut | NotWritten]) -> list[Row]:
    """What no rule or policy was written for, and why."""
    return [{"for": e.destination if isinstance(e, LeftOut) else e.client, "why": e.why} for e in found]
