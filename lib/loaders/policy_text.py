"""NetworkPolicies written as text, read exactly as those of an input are."""

from __future__ import annotations

from lib.loaders.assemble import assemble
from lib.loaders.limits import DEFAULT
from lib.loaders.manifests import InputFile, read_inputs
from lib.model.errors import ModelError
from lib.model.policies import NetworkPolicy

POLICY_FILE = "policies.yaml"
"""What the text is called where a place in it is named."""


def read_policies(text: str) -> tuple[NetworkPolicy, ...]:
    """The NetworkPolicies of a YAML text, all of which must be valid; other kinds are not taken.

    Raises ModelError with the first problem of severity error, and for a text without a policy.
    """
    read = read_inputs((InputFile(POLICY_FILE, text.encode()),), DEFAULT)
    loaded = assemble(read, title=POLICY_FILE)
    for problem in loaded.problems:
        if problem.severity.label == "error":
            raise ModelError(f"{problem.message}; {problem.remedy}")
    if not loaded.snapshot.network_policies:
        raise ModelError("the text holds no NetworkPolicy")
    return loaded.snapshot.network_policies
