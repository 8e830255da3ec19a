"""Which fields of pods, their controllers and nodes the model is made of: what is kept of a list, and in a snapshot."""

from __future__ import annotations

from typing import Final

from lib.loaders.parse.session import field_names

OWNER: Final = field_names("kind name controller")
CONTAINER: Final = field_names("name ports restartPolicy")
POD_SPEC: Final = field_names("nodeName hostNetwork serviceAccountName serviceAccount hostname subdomain dnsPolicy")
"""Beside the containers."""
POD_STATUS: Final = field_names("phase podIP podIPs hostIP hostIPs")
CONTROLLER_SPEC: Final = field_names("replicas parallelism completions")
"""Beside the templates."""
CONTROLLER_STATUS: Final = field_names("observedGeneration replicas desiredNumberScheduled succeeded")
CONDITION: Final = field_names("type status")
NODE_SPEC: Final = field_names("podCIDR podCIDRs providerID unschedulable")
NODE_INFO: Final = field_names("kubeletVersion osImage")
NODE_ALLOCATABLE: Final = field_names("pods")
