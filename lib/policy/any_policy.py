"""Any policy of any kind that is enforced."""

from __future__ import annotations

from lib.model.calico_policies import CalicoPolicy
from lib.model.cilium_policies import CiliumPolicy
from lib.model.cluster_policies import ClusterPolicy
from lib.model.policies import NetworkPolicy

AnyPolicy = NetworkPolicy | CalicoPolicy | CiliumPolicy | ClusterPolicy
