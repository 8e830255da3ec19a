"""How much of Azure's limits the load balancers of the Services take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lib.azure.backend_pool import pool_nodes
from lib.azure.view import AzureView, LoadBalancer
from lib.facts.reader import Fact, get
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of one limit is taken. ``of`` is whose limit it is: a load balancer's name, or words."""

    of: str
    fact: Fact
    used: int

    @property
    def headroom(self) -> int:
        """What is left; negative where the limit is passed."""
        return self.fact.number - self.used


def usages(view: AzureView, snapshot: Snapshot) -> tuple[Usage, ...]:
    """Every limit that Services count towards, the fullest first; nothing without a load balancer.

    Nodes count as the input has them, so that backend IP configurations are left out where it has none.
    """
    balancers = view.load_balancers
    if not balancers:
        return ()
    nodes = len(pool_nodes(snapshot).nodes)
    rules = sum(len(b.rules) for b in balancers)
    found = [
        Usage("the cluster", get("load_balanced_services_per_cluster"), len(view.services)),
        Usage("each node's network interface", get("lb_rules_per_nic"), rules),
    ]
    for balancer in balancers:
        found += _of_balancer(balancer, nodes)
    return tuple(sorted(found, key=lambda u: -u.used / u.fact.number))


def _of_balancer(balancer: LoadBalancer, nodes: int) -> list[Usage]:
    links = sum(s.private_link is not None for s in balancer.services)
    found = [
        Usage(balancer.name, get("lb_rules"), len(balancer.rules)),
        Usage(balancer.name, get("lb_frontends"), len(balancer.frontends)),
    ]
    if links:
        found.append(Usage(balancer.name, get("lb_private_link_services"), links))
    most = Counter(rule.frontend for rule in balancer.rules).most_common(1)
    if most and nodes:
        frontend, rules = most[0]
        found.append(Usage(f"frontend {frontend}", get("lb_backend_ip_configurations"), rules * nodes))
    return found
