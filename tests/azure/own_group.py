"""A rule of a security group of one's own, in the form of az."""

RULE = {
    "name": "web",
    "priority": 200,
    "direction": "Inbound",
    "access": "Deny",
    "protocol": "*",
    "sourceAddressPrefix": "Internet",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "80",
}
