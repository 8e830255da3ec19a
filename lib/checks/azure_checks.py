"""Azure annotations and load balancers that don't do what they seem to say."""

from __future__ import annotations

from collections.abc import Iterator

from lib.azure.annotation_faults import annotation_faults
from lib.azure.load_balancer_faults import is_on_azure, load_balancer_faults
from lib.azure.security_group import ProviderGroup, provider_group
from lib.azure.security_group_faults import security_group_faults
from lib.azure.view import azure_view
from lib.checks.context import Context
from lib.checks.wording import severity_of
from lib.model.finding import Finding

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
    yield from security_group_faults(provider_group(context.snapshot))
    for found in load_balancer_faults(azure_view(context.snapshot), context.snapshot):
        if not (found.code == _REFUSED and found.subject in told):
            yield found


def check_security_rules(provider: ProviderGroup) -> tuple[Finding, ...]:
    """What of the Services' security rules is not as it seems, the worst first; their annotations' faults included."""
    found = list(security_group_faults(provider))
    for access in provider.accesses:
        found += [fault for fault in annotation_faults(access.service) if fault.code in _ABOUT_SOURCES]
    return tuple(sorted(found, key=lambda f: (-severity_of(f), f.subject, f.code)))
