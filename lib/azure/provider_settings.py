"""The settings of a cluster's cloud provider that decide over its load balancers and are in no Service."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The settings of the cloud provider. The defaults are those of AKS.

    ``shared_probe`` is the cluster's health probe mode for Services with externalTrafficPolicy Cluster.
    ``configurations`` names the cluster's load balancers where it has multiple; empty means one. ``location`` is the
    Azure region, "" where it is not known.
    """

    shared_probe: bool = False
    configurations: tuple[str, ...] = ()
    location: str = ""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is taken for granted, in words."""
        probe = "its load balancers share one health probe" if self.shared_probe else "each port has its own probe"
        several = ", ".join(self.configurations)
        count = (
            f"it has the load balancers {several}" if several else "it has one public and one internal load balancer"
        )
        return (f"{count} (Standard)", probe)


def detect_location(snapshot: Snapshot) -> str:
    """The Azure region that all nodes say they are in; "" where they say none, or several."""
    found = {node.labels.get("topology.kubernetes.io/region", "") for node in snapshot.nodes}
    return found.pop() if len(found) == 1 else ""
