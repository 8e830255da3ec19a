"""Makes JSON in the form that az prints: the fields that matter, among others that do not."""

from __future__ import annotations

from typing import Any

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"


def vnet_id(name: str = "hub", group: str = "net") -> str:
    return f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def subnet_id(name: str, vnet: str = "hub", group: str = "net") -> str:
    return f"{vnet_id(vnet, group)}/subnets/{name}"


def az_pool(name: str = "system", **fields: Any) -> dict[str, Any]:
    return {
        "availabilityZones": None, "count": 3, "enableAutoScaling": False, "kubeletConfig": None, "maxCount": None,
        "maxPods": 30, "minCount": None, "mode": "System", "name": name, "osType": "Linux",
        "podIpAllocationMode": None, "podSubnetId": None, "powerState": {"code": "Running"},
        "upgradeSettings": {"drainTimeoutInMinutes": None, "maxSurge": "1", "maxUnavailable": "0"},
        "vmSize": "Standard_D4s_v5", "vnetSubnetId": subnet_id("nodes"),
    } | fields  # fmt: skip


def az_cluster(*pools: dict[str, Any], name: str = "shop", network: Any = None, **fields: Any) -> dict[str, Any]:
    return {
        "agentPoolProfiles": list(pools) or [az_pool()],
        "id": f"{SUBSCRIPTION}/resourcegroups/apps/providers/Microsoft.ContainerService/managedClusters/{name}",
        "kubernetesVersion": "1.33", "location": "westeurope", "name": name,
        "networkProfile": {
            "dnsServiceIp": "10.0.0.10", "ipFamilies": ["IPv4"], "networkDataplane": "azure",
            "networkPlugin": "azure", "networkPluginMode": None, "networkPolicy": "none", "podCidr": None,
            "podCidrs": None, "serviceCidr": "10.0.0.0/16", "serviceCidrs": ["10.0.0.0/16"],
        } | (network or {}),
        "nodeProvisioningProfile": {"mode": "Manual"}, "nodeResourceGroup": f"MC_apps_{name}",
        "servicePrincipalProfile": {"clientId": "msi", "secret": "hunter2-secret"},
        "type": "Microsoft.ContainerService/ManagedClusters", "windowsProfile": {"adminPassword": "hunter2-password"},
    } | fields  # fmt: skip


def az_subnet(name: str, prefix: str, uses: Any = (), **fields: Any) -> dict[str, Any]:
    return {
        "addressPrefix": prefix, "delegations": [], "id": subnet_id(name),
        "ipConfigurations": [{"id": use, "resourceGroup": "x"} for use in uses], "name": name,
        "networkSecurityGroup": None, "provisioningState": "Succeeded", "resourceGroup": "net",
    } | fields  # fmt: skip


def az_vnet(*subnets: dict[str, Any], prefixes: tuple[str, ...] = ("10.1.0.0/16",), **fields: Any) -> dict[str, Any]:
    return {
        "addressSpace": {"addressPrefixes": list(prefixes)}, "enableDdosProtection": False, "id": vnet_id(),
        "location": "westeurope", "name": "hub", "resourceGroup": "net", "subnets": list(subnets),
        "virtualNetworkPeerings": [],
    } | fields  # fmt: skip


def node_use(group: str, index: int = 0) -> str:
    kind = "Microsoft.Compute/virtualMachineScaleSets/aks-x-vmss"
    return f"{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/virtualMachines/{index}/networkInterfaces/n/ipc/c"


def other_use(kind: str, group: str = "other") -> str:
    return f"{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network/{kind}/x/frontendIPConfigurations/y"
