"""The health probes of the command ``azure``; apart, since judging them takes the engine, which its tables do not."""

from __future__ import annotations

from collections.abc import Callable

from lib.azure.probe_access import probe_accesses
from lib.azure.provider_settings import ProviderSettings
from lib.azure.security_group import provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.cli.load import Input
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES, detect_engine, profile
from lib.tables.azure import probe_rows
from lib.tables.row import Row
from lib.trace.context import Context, Given
from lib.trace.probe_answer import answer_probe


def judged_probe_rows(
    given: Input,
    settings: ProviderSettings,
    existing: SecurityGroup | None,
    subnet: SecurityGroup | None,
    kept: Callable[[ObjectRef], bool],
) -> list[Row]:
    """The probes of the Services that are ``kept``, judged under the policy engine that the input shows.

    ``existing`` is AKS's group as it is now, ``subnet`` one's own.
    """
    provider = provider_group(given.snapshot, existing, settings)
    groups = (provider.group,) if subnet is None else (subnet, provider.group)
    asked = probe_accesses(given.snapshot, provider, groups, known_addresses(given.snapshot, provider))
    found = detect_engine(given.snapshot)
    engine = compile_engine(given.snapshot, profile(found.name) if found.name else KUBERNETES)
    shown = (at for at in asked if kept(at.balancer.ref))
    context = Context(engine, Given(existing=existing, subnet_group=subnet), provider=lambda: provider)
    return probe_rows((answer_probe(context, at) for at in shown), given.locate, engine.profile.label)
