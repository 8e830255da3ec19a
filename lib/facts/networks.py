"""What each network model of AKS is and can do."""

from __future__ import annotations

from datetime import date
from functools import cache

from lib.facts.engines import Known
from lib.facts.files import FactsError, read_list
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """One network model in words; its numbers are facts of their own.

    ``family`` is ``overlay``, ``flat`` or ``own plug-in``; ``pod_addresses`` says where pods get their addresses:
    ``pod CIDR``, ``pod subnet``, ``node subnet`` or ``the plug-in``. ``policy_engines`` holds ids of
    ``engines.engine_facts``; empty means the plug-in brings its own. ``from_vnet`` and ``from_premises`` say who can
    begin a connection between pods and the same or a peered virtual network, and between pods and on-premises networks.
    """

    id: str
    label: str
    family: str
    pod_addresses: str
    status: str
    status_text: str
    retires: date | None
    snat: str
    pods_reachable_from_vnet: Known
    windows: Known
    windows_text: str
    dual_stack: Known
    policy_engines: tuple[str, ...]
    subnet_shared_by_clusters: bool
    from_vnet: str
    from_premises: str
    application_gateway_for_containers: str
    migrations: tuple[str, ...]
    sources: tuple[str, ...]
    checked: date


@cache
def network_facts() -> tuple[NetworkFacts, ...]:
    """Every network model that the data file knows, in its order."""
    return tuple(
        NetworkFacts(
            id=entry["id"],
            label=entry["label"],
            family=entry["family"],
            pod_addresses=entry["pod_addresses"],
            status=entry["status"],
            status_text=entry["status_text"],
            retires=entry["retires"],
            snat=entry["snat"],
            pods_reachable_from_vnet=Known(entry["pods_reachable_from_vnet"]),
            windows=Known(entry["windows"]),
            windows_text=entry["windows_text"],
            dual_stack=Known(entry["dual_stack"]),
            policy_engines=tuple(entry["policy_engines"]),
            subnet_shared_by_clusters=entry["subnet_shared_by_clusters"],
            from_vnet=entry["from_vnet"],
            from_premises=entry["from_premises"],
            application_gateway_for_containers=entry["application_gateway_for_containers"],
            migrations=tuple(entry["migrations"]),
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
        )
        for entry in read_list("networks.yaml")
    )


@cache
def network(model: str) -> NetworkFacts:
    """The facts of one network model. Raises FactsError for an id that the data file does not hold."""
    for facts in network_facts():
        if facts.id == model:
            return facts
    raise FactsError(f"no network model is called {model!r}")
