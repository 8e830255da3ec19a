"""Load balancing rules, as the cloud provider makes them.

Source: ``getExpectedLBRules`` in ``azure_loadbalancer.go`` of cloud-provider-azure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lib.azure import annotations as names
from lib.azure.annotations import Annotations
from lib.azure.frontends import Frontend
from lib.azure.names import Names, backend_pool_name
from lib.azure.probes import PortIndex, Probe, Refused, local_probe, port_probe, probes_local_endpoints, shared_probe
from lib.azure.provider_settings import ProviderSettings
from lib.facts.service_annotations import service_annotation
from lib.model.refs import Source
from lib.model.services import ServicePort, SessionAffinity, TrafficPolicy
from lib.model.sets import Family, Protocol

TCP, UDP, ALL = "Tcp", "Udp", "All"
# A rule for SCTP is one for all protocols: getProtocolsFromKubernetesProtocol in azure_standard.go.
_PROTOCOLS: Final = {Protocol.TCP: TCP, Protocol.UDP: UDP, Protocol.SCTP: ALL}
DEFAULT_DISTRIBUTION, BY_SOURCE = "Default", "SourceIP"


@dataclass(frozen=True, slots=True)
class LoadBalancingRule:
    """One load balancing rule in Azure's words.

    ``backend_port`` is None where the API server has yet to allocate the node port. ``tcp_reset`` is None for
    protocols that have none. ``probe`` and ``frontend`` are names, ``probe`` "" for a rule without one. High
    availability ports are ``All`` with both ports 0.
    """

    name: str
    protocol: str
    frontend_port: int
    backend_port: int | None
    floating_ip: bool
    idle_timeout_minutes: int
    tcp_reset: bool | None
    distribution: str
    probe: str
    frontend: str
    backend_pool: str
    family: Family
    source: Source


class RuleMaker:
    """The rules and probes of one frontend. Raises Refused, as ``rules_and_probes`` does."""

    def __init__(self, annotations: Annotations, named: Names, frontend: Frontend, settings: ProviderSettings) -> None:
        self.annotations, self.named, self.frontend = annotations, named, frontend
        self.service, self.family = annotations.service, frontend.family
        self.shared = settings.shared_probe and self.service.external_traffic_policy is TrafficPolicy.CLUSTER
        self.ports = PortIndex.of(self.service)
        self.pool = self._pool(bool(settings.configurations))
        self.whole: Probe | None = None
        if self.shared:
            self.whole = shared_probe()
        elif probes_local_endpoints(self.service, annotations):
            self.whole = local_probe(self.service, annotations, named, self.family)

    def rules_and_probes(self) -> tuple[list[LoadBalancingRule], list[Probe]]:
        """Rules in the order of the ports, and the probes that they use, which may repeat."""
        if self.annotations.internal_in_any_case and self.annotations.flag(names.HA_PORTS):
            return self._high_availability()
        rules, probes = [], []
        for port in self.service.ports:
            if self.annotations.flag(names.PORT_NO_RULE, port.port):
                continue
            if port.protocol is Protocol.SCTP and not self.annotations.internal_in_any_case:
                raise Refused(f"port {port.port} is SCTP, which only internal load balancers take")
            name = self.named.rule(port.protocol.value, port.port, self.family)
            probe = self._probe(port, name)
            if probe is not None:
                probes.append(probe)
            rules.append(self._rule(port, name, probe))
        return rules, probes

    def _probe(self, port: ServicePort, name: str) -> Probe | None:
        if self.annotations.flag(names.PORT_NO_PROBE, port.port):
            return None
        if self.shared:
            return self.whole
        own = port_probe(self.ports, self.annotations, port, name, beside_local=self.whole is not None)
        return own or self.whole

    def _rule(self, port: ServicePort, name: str, probe: Probe | None) -> LoadBalancingRule:
        floating = not (
            self.annotations.flag(names.NO_FLOATING_IP)
            or (self.annotations.internal_in_any_case and self.family is Family.IPV6)
        )
        return LoadBalancingRule(
            name=name,
            protocol=_PROTOCOLS[port.protocol],
            frontend_port=port.port,
            backend_port=port.port if floating else port.node_port or None,
            floating_ip=floating,
            idle_timeout_minutes=self._idle_timeout(),
            tcp_reset=not self.annotations.flag(names.NO_TCP_RESET) if port.protocol is Protocol.TCP else None,
            distribution=self._distribution(),
            probe=probe.name if probe is not None else "",
            frontend=self.frontend.name,
            backend_pool=self.pool,
            family=self.family,
            source=port.source or self.service.source,
        )

    def _high_availability(self) -> tuple[list[LoadBalancingRule], list[Probe]]:
        """One rule for all ports, named after the first.

        Its probe is the Service's, else that of the first port that has one. The annotation that turns
        floating IP off does not count here.
        """
        first = self.service.ports[0]
        name = self.named.rule(first.protocol.value, first.port, self.family)
        probe = self.whole
        for port in self.service.ports if probe is None else ():
            try:
                probe = port_probe(self.ports, self.annotations, port, name, beside_local=False)
            except Refused:
                continue  # the provider logs it and takes the next port
            if probe is not None:
                break
        rule = LoadBalancingRule(
            name=name,
            protocol=ALL,
            frontend_port=0,
            backend_port=0,
            floating_ip=self.family is not Family.IPV6,
            idle_timeout_minutes=self._idle_timeout(),
            tcp_reset=not self.annotations.flag(names.NO_TCP_RESET),
            distribution=self._distribution(),
            probe=probe.name if probe is not None else "",
            frontend=self.frontend.name,
            backend_pool=self.pool,
            family=self.family,
            source=self.annotations.source(names.HA_PORTS),
        )
        return [rule], [] if probe is None else [probe]

    def _idle_timeout(self) -> int:
        if self.annotations.text(names.IDLE_TIMEOUT) is None:
            return service_annotation(names.IDLE_TIMEOUT).default_number
        found = self.annotations.number(names.IDLE_TIMEOUT)
        if found is None:
            raise Refused(f"{self.annotations.key(names.IDLE_TIMEOUT)} is not a number that the provider takes")
        return found

    def _distribution(self) -> str:
        return BY_SOURCE if self.service.session_affinity is SessionAffinity.CLIENT_IP else DEFAULT_DISTRIBUTION

    def _pool(self, multiple: bool) -> str:
        if multiple and self.service.external_traffic_policy is TrafficPolicy.LOCAL:
            suffix = "-ipv6" if self.family is Family.IPV6 else ""
            return f"{self.service.namespace}-{self.service.name}{suffix}"
        return backend_pool_name(self.family)
