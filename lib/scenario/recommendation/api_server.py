"""The API server: who talks to it is not in manifests, so its way out is given only where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from lib.model.errors import ModelError
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, ConnectionSet, PortSet, parse_address
from lib.model.snapshot import Snapshot
from lib.scenario.recommendation.coverage import Covered
from lib.scenario.recommendation.needs import Basis, Evidence, Need, Question

API_SERVER_TOGGLE: Final = "Let workloads with their own ServiceAccount reach the API server"
"""What the page calls the option."""
_SERVICE: Final = ObjectRef("default", "kubernetes", "Service")
_DEFAULT_ACCOUNT: Final = "default"


def api_server(snapshot: Snapshot, covered: Covered, asked: bool) -> Iterator[Need | Question]:
    """The way to the API server for workloads with a ServiceAccount of their own, where ``asked``; else it is told."""
    own = [w for w in covered.workloads.values() if any(p.service_account != _DEFAULT_ACCOUNT for p in w.endpoints)]
    if not own:
        return
    if not asked:
        many = (
            "workloads have ServiceAccounts of their own"
            if len(own) > 1
            else "workload has a ServiceAccount of its own"
        )
        text = f"{len(own):,} {many} ({own[0].ref}): who of them talks to the API server is not in the input"
        yield Question(
            text,
            f"Let all of them reach it (--api-server; on the page: {API_SERVER_TOGGLE}), or state the needs of some.",
        )
        return
    found: list[tuple[AddressSet, ConnectionSet, Source]] = []
    for endpoint_slice in snapshot.slices_by_service.get(_SERVICE, ()):
        addresses, ports = AddressSet(), ConnectionSet()
        for port in endpoint_slice.ports:
            if port.port is not None:
                ports |= ConnectionSet(((port.protocol, PortSet.of(port.port)),))
        for endpoint in endpoint_slice.endpoints:
            for text in endpoint.addresses:
                try:
                    addresses |= AddressSet.from_networks([ip_network(parse_address(text))])
                except ModelError:
                    continue
        if addresses and ports:
            found.append((addresses, ports, endpoint_slice.source))
    if not found:
        text = f"the API server's addresses are not in the input: it holds no endpoints of {_SERVICE.qualified_name}"
        yield Question(text, "Load EndpointSlices of the namespace default, or state the needs.")
        return
    for workload in own:
        accounts = sorted({p.service_account for p in workload.endpoints})
        told = Evidence(Basis.API_SERVER, f"its ServiceAccount is {', '.join(accounts[:3])}", workload.source)
        for addresses, ports, source in found:
            where = Evidence(Basis.API_SERVER, f"endpoints of Service {_SERVICE.qualified_name}", source)
            yield Need(workload.ref, addresses, ports, (told, where))
