"""Which module does the arithmetic of which network model."""

from __future__ import annotations

from types import MappingProxyType

from lib.ipplan.byo_cni import ByoCniRules
from lib.ipplan.demand import NetworkModel
from lib.ipplan.kubenet import KubenetRules
from lib.ipplan.network import NetworkRules
from lib.ipplan.node_subnet import NodeSubnetRules
from lib.ipplan.overlay import OverlayRules
from lib.ipplan.pod_subnet_dynamic import DynamicRules
from lib.ipplan.pod_subnet_static_block import StaticBlockRules
from lib.ipplan.pools import SizedPool

_RULES: MappingProxyType[NetworkModel, NetworkRules] = MappingProxyType(
    {
        NetworkModel.AZURE_CNI_OVERLAY: OverlayRules(),
        NetworkModel.AZURE_CNI_OVERLAY_CILIUM: OverlayRules(),
        NetworkModel.KUBENET: KubenetRules(),
        NetworkModel.POD_SUBNET_DYNAMIC: DynamicRules(),
        NetworkModel.POD_SUBNET_STATIC_BLOCK: StaticBlockRules(),
        NetworkModel.NODE_SUBNET: NodeSubnetRules(),
        NetworkModel.BYO_CNI: ByoCniRules(),
    }
)


_RESERVING = (NetworkModel.NODE_SUBNET, NetworkModel.POD_SUBNET_STATIC_BLOCK)


def pods_counted(model: NetworkModel, pool: SizedPool) -> int:
    """The pods of a pool that count against the ceiling of its model: those planned for, or all that fit where nodes
    take the addresses of all their pods up front."""
    return pool.pods_max if model in _RESERVING else pool.pods


def rules_of(model: NetworkModel) -> NetworkRules:
    """The arithmetic of ``model``."""
    return _RULES[model]
