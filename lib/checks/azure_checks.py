"""Azure annotations and load balancers that don't do what they seem to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lib.azure.annotation_faults import annotation_faults
from lib.azure.load_balancer_faults import is_on_azure, load_balancer_faults
from lib.azure.probe_access import probe_accesses
from lib.azure.security_group import ProviderGroup, provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_faults import security_group_faults
from lib.azure.security_group_subnet import through_subnet
from lib.azure.subnet_faults import subnet_faults
from lib.azure.view import azure_view
from lib.checks.context import Context
from lib.checks.wording import severity_of
from lib.model.finding import Finding
from lib.model.security_rules import SecurityGroup
from lib.model.snapshot import Snapshot

_REFUSED_BY_VALUE = "azure-annotation-invalid"
_REFUSED = "azure-load-balancer-refused"
_ABOUT_SOURCES = ("azure-source-range-invalid", "azure-source-ranges-with-tags", "azure-annotations-conflict")


def check_azure(context: Context) -> Iterator[Finding]:
    """Every fault of Azure annotations and load balancers, where the input shows that the cluster is Azure's.

    That a Service is refused is not told again where the value of an annotation is why.
    """
    if not is_on_azure(context.snapshot):
        return
    told = set()
    for service in sorted(context.snapshot.services, key=lambda s: s.ref):
        for found in annotation_faults(service):
            if found.code == _REFUSED_BY_VALUE:
                told.add(service.ref)
            yield found
    provider = provider_group(context.snapshot)
    yield from security_group_faults(provider)
    if context.subnet is not None:
        yield from _subnet_faults(context.snapshot, provider, context.subnet)
    for found in load_balancer_faults(azure_view(context.snapshot), context.snapshot):
        if not (found.code == _REFUSED and found.subject in told):
            yield found


def _subnet_faults(snapshot: Snapshot, provider: ProviderGroup, subnet: SecurityGroup) -> Iterator[Finding]:
    known = known_addresses(snapshot, provider)
    ports = through_subnet(snapshot, provider, subnet, known)
    return subnet_faults(ports, probe_accesses(snapshot, provider, (subnet, provider.group), known))


def check_security_rules(provider: ProviderGroup, subnet: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """What of the Services' security rules is not as it seems, the worst first; their annotations' faults included.

    ``subnet`` is what a group on the subnet blocks.
    """
    found = [*security_group_faults(provider), *subnet]
    for access in provider.accesses:
        found += [fault for fault in annotation_faults(access.service) if fault.code in _ABOUT_SOURCES]
    return tuple(sorted(found, key=lambda f: (-severity_of(f), f.subject, f.code)))
