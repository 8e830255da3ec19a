"""What stands among the label keys of pods without being a label of theirs; no label can begin like these keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SERVICE_ACCOUNT: Final = "\0serviceAccountName"
"""The name of the pod's ServiceAccount."""

DEFAULT_ACCOUNT: Final = "default"
"""The ServiceAccount of a pod that names none."""

UNKNOWN_VALUE: Final = "\0unknown"
"""The value of an account's label where its ServiceAccount is not in the input; unlike any namespace's name."""

ACCOUNT_LABEL: Final = "\0serviceAccount/"

PROFILES: Final = "\0profiles"
"""The Calico profiles that the pod's WorkloadEndpoint names."""

NODE_KNOWN: Final = "\0node"
"""Of a host-network pod, the fact that its node is in the input."""

NODE_LABEL: Final = "\0node/"

NODE_NAME: Final = "\0nodeName"
"""The name of the node, "" where it is not known: of ends on a node's network, or of every pod."""


def account_label(key: str) -> str:
    """The label ``key`` of the pod's ServiceAccount."""
    return ACCOUNT_LABEL + key


def profiles_value(names: Iterable[str]) -> str:
    """The value under PROFILES for names in their order."""
    return "\0".join(names)
