"""Azure annotations and load balancers that don't do what they seem to say."""

from __future__ import annotations

from collections.abc import Iterator

from lib.azure.annotation_faults import annotation_faults
from lib.azure.load_balancer_faults import is_on_azure, load_balancer_faults
from lib.azure.view import azure_view
from lib.checks.context import Context
from lib.model.finding import Finding

_REFUSED_BY_VALUE = "azure-annotation-invalid"
_REFUSED = "azure-load-balancer-refused"


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
    for found in load_balancer_faults(azure_view(context.snapshot), context.snapshot):
        if not (found.code == _REFUSED and found.subject in told):
            yield found
