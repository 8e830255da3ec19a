"""What labels of nodes, agents in kube-system and settings in ConfigMaps show of how a cluster was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lib.azure.platform import AKS, detect_platform
from lib.facts import cluster_profile as facts
from lib.facts.cluster_profile import AspectFacts, LabelSign
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import UNREAD, Snapshot


@dataclass(frozen=True, slots=True)
class Shown:
    """The value that the input shows; "" where it shows none, or signs of several.

    ``evidence`` is a sentence part: what shows the value, or why nothing does. ``source`` is the object that shows it,
    ``beside`` are others that do, or those that leave it open.
    """

    value: str
    evidence: str
    source: Source | None = None
    beside: tuple[Source, ...] = ()


def shown_by_signs(snapshot: Snapshot, name: str) -> Shown:
    """One aspect of the facts on clusters, by its name. Raises FactsError for a name that they do not hold."""
    known = facts.aspect(name)
    found = list(_signs(snapshot, known))
    values = {each.value for each in found}
    evidence = "; ".join(dict.fromkeys(each.evidence for each in found))
    if len(values) > 1:
        return Shown("", f"the signs differ: {evidence}", None, _places(found))
    if found and not found[0].value:
        return Shown("", evidence, None, _places(found))
    if found:
        return Shown(found[0].value, evidence, found[0].source, _places(found[1:]))
    return Shown("", f"no node label and no DaemonSet in the input shows it{_unread(snapshot, known)}")


def _places(found: list[Shown]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(each.source for each in found if each.source is not None))


def _unread(snapshot: Snapshot, known: AspectFacts) -> str:
    """That settings which might show it were not read."""
    coverage = snapshot.coverage_of("ConfigMap")
    maps = dict.fromkeys(sign.config_map for sign in known.settings)
    return f", and ConfigMaps such as {next(iter(maps))} were {coverage.value}" if maps and coverage in UNREAD else ""


def _signs(snapshot: Snapshot, known: AspectFacts) -> Iterator[Shown]:
    settled = list(_settings(snapshot, known))
    yield from settled
    for sign in known.node_labels:
        yield from _label(snapshot, sign)
    agents = {ObjectRef("kube-system", agent.name, "DaemonSet"): agent for agent in known.agents}
    for workload in snapshot.workloads:
        agent = agents.get(workload.ref)
        # That an agent runs says less than its setting: Cilium replaces kube-proxy only where it is told to.
        if agent is not None and not (agent.gives_way and settled):
            yield Shown(agent.means, f"the DaemonSet {workload.ref.qualified_name} runs", workload.source)


def _label(snapshot: Snapshot, sign: LabelSign) -> Iterator[Shown]:
    """The first node with a label; where it is a matter of node pools, all nodes have to have it."""
    found = [node for node in snapshot.nodes if node.labels.get(sign.key) == sign.value]
    if not found:
        return
    evidence = f"node {found[0].name} has the label {sign.key}={sign.value}"
    if len(found) < len(snapshot.nodes):
        evidence += f" ({len(found):,} of {len(snapshot.nodes):,} nodes have it)"
    if sign.of_pools and len(found) < len(snapshot.nodes):
        yield Shown("", f"{evidence}, and node pools may differ in it", found[0].source)
    else:
        yield Shown(sign.means, evidence, found[0].source)


def _settings(snapshot: Snapshot, known: AspectFacts) -> Iterator[Shown]:
    for sign in known.settings:
        config_map = snapshot.config_map_by_name.get(sign.config_map)
        value = config_map.data.get(sign.key) if config_map is not None else None
        if config_map is None or value is None or value.lower() not in sign.values:
            continue
        if sign.on_aks_only and detect_platform(snapshot).value != AKS:
            continue
        evidence = f"the ConfigMap {config_map.ref.qualified_name} has {sign.key}: {value}"
        yield Shown(sign.means, evidence, config_map.place(sign.key))
