"""The command ``egress``: what a cluster must reach outside, who does, and what its outbound type means."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Final

from lib.azure.destinations import Choice, api_server_shown, destinations, features_shown, region_of, region_shown
from lib.azure.egress import OutboundAnswer, network_kind_of, outbound_answer
from lib.azure.firewall import firewall_rules, to_arm, to_az
from lib.azure.fqdn_policy import fqdn_policies
from lib.azure.profile import ClusterProfile, cluster_profile
from lib.azure.snat import SnatPlan, allocation_problems, load_balancer_snat, nat_gateway
from lib.cli.cluster import inputs_of
from lib.cli.egress_arguments import LISTS
from lib.cli.engine import engine_of
from lib.cli.errors import UsageError
from lib.cli.load import Input, load, names_of
from lib.cli.output import write
from lib.cli.tables import in_namespaces, print_rows
from lib.exposure.internet import to_internet
from lib.exposure.required import required_reach
from lib.facts.egress_needs import conditions, features
from lib.facts.outbound import migrations, outbound_types, requirements
from lib.facts.reader import get
from lib.model.errors import ModelError
from lib.tables.egress import (
    destination_rows,
    internet_rows,
    migration_rows,
    nat_rows,
    profile_rows,
    reach_rows,
    snat_rows,
    way_rows,
)
from lib.tables.row import Row

_DEFAULT_TYPE: Final = next(t.id for t in outbound_types() if t.is_default)


def egress_command(arguments: argparse.Namespace) -> int:
    """One list as rows, all of them as JSON, or rules and policies as the text that Azure and kubectl take."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    in_namespaces(arguments, given)
    profile = _profile(arguments, given)
    choice = _choice(arguments, given, profile)
    if arguments.format in _TEXTS:
        write((_TEXTS[arguments.format](given, choice),))
        given.report()
        return given.exit_status
    lists = _Lists(arguments, given, profile, choice)
    if arguments.format != "json":
        status = print_rows(arguments, given, "egress", lists.rows(arguments.list))
        for note in lists.notes(arguments.list):
            sys.stderr.write(f"{note}\n")
        return status
    tail: dict[str, object] = {name: lists.rows(name) for name in LISTS if name != "reach"}
    tail["notes"] = list(dict.fromkeys(note for name in LISTS for note in lists.notes(name)))
    return print_rows(arguments, given, "egress", lists.rows("reach"), tail=tail, engine=arguments.engine)


def _profile(arguments: argparse.Namespace, given: Input) -> ClusterProfile:
    chosen = {"network_model": arguments.network_model, "outbound_type": arguments.outbound_type}
    return cluster_profile(given.snapshot, {name: value for name, value in chosen.items() if value})


def _choice(arguments: argparse.Namespace, given: Input, profile: ClusterProfile) -> Choice:
    region = region_of(arguments.region or "")
    if arguments.region and not region:
        raise UsageError(f"{arguments.region!r} can be no region of Azure: write it like westeurope")
    known = {f.id for f in features()}
    shown = {found.feature for found in features_shown(given.snapshot)}
    private = True if arguments.private else {"private": True, "public": False}.get(profile.api_server.value)
    return Choice(
        features=frozenset(arguments.feature) & known if arguments.feature else frozenset(shown),
        conditions=frozenset(arguments.condition) & conditions().keys(),
        private=private,
        region=region or region_shown(given.snapshot),
        dns_servers=tuple(map(str, arguments.dns_server)),
        api_server=api_server_shown(given.snapshot),
    )


class _Lists:
    """The lists, each made when it is asked for."""

    def __init__(self, arguments: argparse.Namespace, given: Input, profile: ClusterProfile, choice: Choice) -> None:
        self._arguments = arguments
        self._given = given
        self._profile = profile
        self._choice = choice
        names = frozenset(arguments.namespace)
        self._namespaces = names or None

    def rows(self, name: str) -> list[Row]:
        """One list of ``LISTS``."""
        made: Mapping[str, Callable[[], list[Row]]] = {
            "reach": self._reach,
            "required": lambda: destination_rows(destinations(self._choice)),
            "internet": self._internet,
            "outbound": lambda: way_rows(self._outbound()),
            "migrations": lambda: migration_rows(self._outbound().migrations),
            "snat": self._snat,
            "profile": lambda: profile_rows(self._profile, self._given.locate),
        }
        return made[name]()

    def _outbound(self) -> OutboundAnswer:
        known = self._profile.outbound_type.value or _DEFAULT_TYPE
        network = self._arguments.virtual_network or network_kind_of(known)
        return outbound_answer(known, network, self._profile.network_model.value)

    def notes(self, name: str) -> list[str]:
        """What is to be said beside a list, in sentences."""
        if name not in ("outbound", "migrations", "snat"):
            return []
        answer = self._outbound()
        told = [answer.misfit]
        if not self._profile.outbound_type.value:
            told.append(f"The outbound type is not known; {answer.type.id} is AKS's default. Say it: --outbound-type.")
        if name == "outbound":
            told += [
                f"Translated by {answer.type.translated_by}.",
                f"Must exist beforehand: {'; '.join((*answer.type.needs, *requirements()))}.",
                f"AKS makes: {', '.join(answer.type.creates)}." if answer.type.creates else "AKS makes nothing for it.",
                "" if answer.type.state == "GA" else f"It is a {answer.type.state}.",
                *answer.type.notes,
            ]
        elif name == "migrations":
            told.append(migrations().note)
        else:
            told.append(answer.without_ports)
            if answer.type.ports != "nat_gateway":
                told += allocation_problems(self._ports())
        return [note for note in told if note]

    def _reach(self) -> list[Row]:
        found = required_reach(engine_of(self._arguments, self._given), destinations(self._choice))
        shown = self._namespaces
        return reach_rows(
            (r for r in found if shown is None or (r.workload is not None and r.workload.namespace in shown)),
            self._given.locate,
        )

    def _internet(self) -> list[Row]:
        found = to_internet(engine_of(self._arguments, self._given), self._namespaces)
        return internet_rows(found, self._given.locate)

    def _ports(self) -> SnatPlan:
        arguments = self._arguments
        nodes = len(self._given.snapshot.nodes) if arguments.nodes is None else arguments.nodes
        surge = get("surge_default_nodes").number if arguments.surge is None else arguments.surge
        return load_balancer_snat(nodes, surge, arguments.outbound_ips, arguments.ports_per_node)

    def _snat(self) -> list[Row]:
        try:
            if self._outbound().type.ports == "nat_gateway":
                return nat_rows(nat_gateway(self._arguments.outbound_ips))
            return snat_rows(self._ports())
        except ModelError as error:
            raise UsageError(str(error)) from None


_TEXTS: Final[Mapping[str, Callable[[Input, Choice], str]]] = {
    "arm": lambda _, choice: to_arm(firewall_rules(destinations(choice))) + "\n",
    "az": lambda _, choice: to_az(firewall_rules(destinations(choice))),
    "cilium": lambda given, choice: fqdn_policies(destinations(choice), given.snapshot).text,
}
