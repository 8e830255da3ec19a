"""Which Services Azure makes a load balancer for, and of which families."""

from __future__ import annotations

from lib.model.services import Service, ServiceType
from lib.model.sets import Family


def is_azure_load_balancer(service: Service) -> bool:
    """Whether the Azure cloud provider makes, and keeps, a load balancer for the Service."""
    return service.type is ServiceType.LOAD_BALANCER and not why_left_out(service)


def why_left_out(service: Service) -> str:
    """Why the provider makes no load balancer for a LoadBalancer Service, without a full stop; "" where it does."""
    if service.load_balancer_class:
        return f"its loadBalancerClass {service.load_balancer_class} leaves it to somebody else"
    return "it is being deleted" if service.deleting else ""


def families_of(service: Service) -> tuple[Family, ...]:
    """The families of a Service's load balancer; IPv4 where the Service names none."""
    found = tuple(dict.fromkeys(service.ip_families)) or (Family.IPV4,)
    if service.ip_family_policy == "RequireDualStack" and len(found) == 1:
        return (found[0], Family.IPV6 if found[0] is Family.IPV4 else Family.IPV4)
    return found
