"""What a security group of one's own on the nodes' subnet blocks, each as a finding with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lib.azure.probe_access import ProbeAccess
from lib.azure.security_group_judge import Outcome
from lib.azure.security_group_subnet import PortThrough, Through
from lib.model.finding import Finding, finding

_BLOCKED = (Through.NONE, Through.SOME)


def subnet_faults(ports: Iterable[PortThrough], probes: Iterable[ProbeAccess]) -> Iterator[Finding]:
    """Senders whom a Service lets in and the group does not, and health probes that don't get through."""
    for at in ports:
        if at.through in _BLOCKED:
            some = "some of " if at.through is Through.SOME else ""
            yield finding(
                "azure-subnet-group-blocks",
                at.service,
                at.source,
                senders=f"{some}{at.senders}",
                port=f"{at.port.port}/{at.port.protocol.value}",
                reason=_reason(str(at.example)),
            )
    for probe in probes:
        if probe.through in _BLOCKED:
            yield finding(
                "azure-health-probe-denied",
                probe.balancer.ref,
                probe.source,
                port=probe.probe.port,
                nodes="some nodes" if probe.through is Through.SOME else "the nodes",
                reason=_reason(str(probe)),
            )


def _reason(said: str) -> str:
    return said.removesuffix(".").removeprefix(f"{Outcome.ONE_DENIES.word}: ")
