"""The health probes of the command ``azure``; apart, since judging them takes the engine, which its tables do not."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lib.azure.probe_access import probe_accesses
from lib.azure.provider_settings import ProviderSettings
from lib.azure.security_group import provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.cli.load import Input
from lib.model.refs import ObjectRef
from lib.model.security_rules import SecurityGroup
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from lib.policy.judged import judged_sentence
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
    arguments: argparse.Namespace,
) -> list[Row]:
    """The probes of the Services that are ``kept``, judged under the engine and data plane that ``arguments`` name.

    ``existing`` is AKS's group as it is now, ``subnet`` one's own.
    """
    provider = provider_group(given.snapshot, existing, settings)
    groups = (provider.group,) if subnet is None else (subnet, provider.group)
    asked = probe_accesses(given.snapshot, provider, groups, known_addresses(given.snapshot, provider))
    engine = compile_engine(given.snapshot, profile(arguments.engine))
    shown = (at for at in asked if kept(at.balancer.ref))
    said = Given(data_plane=arguments.data_plane or "", existing=existing, subnet_group=subnet)
    context = Context(engine, said, provider=lambda: provider)
    return probe_rows((answer_probe(context, at) for at in shown), given.locate, engine.profile.label)


def judged_words(given: Input, engine: str) -> str:
    """By whose words policies are judged, and what the input shows of the cluster's engine."""
    return judged_sentence(profile(engine), given.snapshot)
