"""The load balancer of one Service, with its frontends, load balancing rules and probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lib.azure import annotations as names
from lib.azure.annotations import Annotations
from lib.azure.balanced import families_of
from lib.azure.frontends import Frontend, frontend_of, why_refused
from lib.azure.names import Names, load_balancer_name
from lib.azure.private_link import PrivateLinkService, private_link_of
from lib.azure.probes import Probe, Refused
from lib.azure.provider_settings import ProviderSettings
from lib.azure.rules import LoadBalancingRule, RuleMaker
from lib.facts.reader import get
from lib.model.refs import ObjectRef
from lib.model.services import Service
from lib.model.sets import Address, Family

NODE_IP_CONFIGURATION, NODE_IP = "nodeIPConfiguration", "nodeIP"


@dataclass(frozen=True, slots=True)
class ServiceLoadBalancer:
    """What Azure makes of one LoadBalancer Service.

    ``load_balancer`` is the name of the Azure resource. ``refused`` says why the provider makes no rule at all (""
    where it makes them). ``unknown`` says in words what the input does not settle, and why.
    ``additional_public_ips`` reach the nodes and the security rules, and are no frontends of this load balancer.
    """

    service: Service
    load_balancer: str
    internal: bool
    families: tuple[Family, ...]
    frontends: tuple[Frontend, ...]
    rules: tuple[LoadBalancingRule, ...]
    probes: tuple[Probe, ...]
    backend_pool_type: str
    private_link: PrivateLinkService | None
    additional_public_ips: tuple[Address, ...]
    refused: str
    unknown: tuple[str, ...]

    @property
    def ref(self) -> ObjectRef:
        """The Service's reference."""
        return self.service.ref

    def probe(self, rule: LoadBalancingRule) -> Probe | None:
        """The probe that a rule uses."""
        return next((p for p in self.probes if p.name == rule.probe), None)


def load_balancer_of(
    service: Service, settings: ProviderSettings, owners: Mapping[str, Service] | None = None
) -> ServiceLoadBalancer:
    """What Azure makes of a Service for which ``is_azure_load_balancer`` holds.

    ``owners`` are the Services that have an address without asking for it, by the address.
    """
    annotations = Annotations(service)
    families = families_of(service)
    named = Names(service, annotations.internal_subnet, families)
    frontends = tuple(frontend_of(annotations, named, f, settings.location, owners or {}) for f in families)
    configuration, unknown_place = _configuration(annotations, settings)
    rules: list[LoadBalancingRule] = []
    probes: dict[str, Probe] = {}
    refused = ""
    try:
        if why := next(filter(None, (why_refused(annotations, f) for f in frontends)), ""):
            raise Refused(why)
        for frontend in frontends:
            maker = RuleMaker(annotations, named, frontend, settings)
            found, own = maker.rules_and_probes()
            rules += found
            probes |= {p.name: p for p in own}
    except Refused as reason:
        refused, rules, probes = str(reason), [], {}
    return ServiceLoadBalancer(
        service=service,
        load_balancer=load_balancer_name(annotations.internal, configuration),
        internal=annotations.internal,
        families=families,
        frontends=frontends,
        rules=tuple(rules),
        probes=tuple(probes.values()),
        backend_pool_type=NODE_IP if settings.configurations else NODE_IP_CONFIGURATION,
        private_link=private_link_of(annotations, frontends),
        additional_public_ips=annotations.addresses(names.ADDITIONAL_PUBLIC_IPS),
        refused=refused,
        unknown=(*unknown_place, *_unknown(service, named, rules, tuple(probes.values()))),
    )


def _configuration(annotations: Annotations, settings: ProviderSettings) -> tuple[str, tuple[str, ...]]:
    """Which of multiple load balancers, "" for the cluster's own; and what is not known of it."""
    wanted = [item for item in annotations.items(names.CONFIGURATIONS) if item]
    if not settings.configurations:
        if not wanted:
            return "", ()
        said = (
            f"it asks for the load balancer {' or '.join(wanted)}; whether the cluster has multiple is not in the input"
        )
        return "", (said,)
    eligible = [c for c in settings.configurations if not wanted or c.lower() in {w.lower() for w in wanted}]
    if len(eligible) == 1:
        return eligible[0], ()
    several = ", ".join(eligible or settings.configurations)
    return "", (f"which of the load balancers {several} takes it: the one with the fewest rules at that moment",)


def _unknown(
    service: Service, named: Names, rules: list[LoadBalancingRule], probes: tuple[Probe, ...]
) -> tuple[str, ...]:
    said = []
    if not named.known:
        said.append("the names: they are made of the Service's uid, which a manifest does not have")
    if named.frontend_end_open:
        said.append(
            "the last character of the frontend's name: it is cut at a digit, for which the provider may write _"
        )
    if service.ip_family_policy == "PreferDualStack" and len(named.families) == 1 and not service.cluster_ips:
        said.append("whether it has an IPv6 half: only where the cluster is dual-stack")
    shared = get("probe_shared_port")
    if any(p.name == get("probe_shared_name").text for p in probes):
        said.append(f"the shared probe's port: {shared.number} here, but {shared.conflict_text}")
    if service.allocate_load_balancer_node_ports:
        if any(r.backend_port is None for r in rules):
            said.append("backend ports: the API server has not allocated the node ports yet")
        if any(p.port is None for p in probes):
            said.append("probe ports: the API server has not allocated them yet")
    return tuple(said)
