"""Services as ``routing`` sees them, with what the Azure provider makes of their load balancers."""

from __future__ import annotations

from dataclasses import replace

from lib.azure.balanced import is_azure_load_balancer
from lib.azure.load_balancer import load_balancer_of
from lib.azure.load_balancer_faults import is_on_azure
from lib.azure.provider_settings import ProviderSettings
from lib.azure.security_group_access import service_access
from lib.model.snapshot import Snapshot
from lib.routing.faults import Fault, issue
from lib.routing.reach import Reach, Scope
from lib.routing.services import ServiceView, service_views

_NOBODY = Reach(Scope.CLUSTER, "pods and nodes of the cluster", "since no load balancing rule leads to it")


def service_views_on_azure(snapshot: Snapshot) -> tuple[ServiceView, ...]:
    """A view of every Service, faulty ones first, then by namespace and name.

    Where the input shows that the cluster is Azure's, a load balancer that the provider does not make is not open to
    anybody. An address in the status shows an earlier one, which stays as it was.
    """
    views = service_views(snapshot)
    if not is_on_azure(snapshot):
        return views
    told = (_with_refusal(view) if is_azure_load_balancer(view.service) else view for view in views)
    return tuple(sorted(told, key=lambda v: (v.state.rank, v.ref)))


def _with_refusal(view: ServiceView) -> ServiceView:
    found = load_balancer_of(view.service, ProviderSettings())
    reason = found.refused or service_access(view.service).refused
    told = (issue(Fault.LOAD_BALANCER_REFUSED, view.service.source, reason=reason),) if reason else ()
    if view.service.load_balancer_ingress or (found.rules and not reason):
        return replace(view, issues=(*told, *view.issues)) if told else view
    kept = (i for i in view.issues if i.fault not in (Fault.LOAD_BALANCER_OPEN, Fault.LOAD_BALANCER_PENDING))
    return replace(view, issues=(*told, *kept), reach=_NOBODY)
