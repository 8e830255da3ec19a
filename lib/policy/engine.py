"""One engine for everything that asks who may reach whom: table, graph, matrix, explanation and command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from lib.model.policies import Direction
from lib.model.problem import Problem
from lib.model.records import dataclass, replace
from lib.model.refs import ObjectRef
from lib.model.sets import ConnectionSet, Family, Protocol
from lib.model.snapshot import Snapshot
from lib.policy import tiers
from lib.policy.any_family import of_any_family
from lib.policy.bits import Bits, union
from lib.policy.compile import Spaces, build_spaces, compile_rejected_host, compile_rejection
from lib.policy.engine_settings import settled
from lib.policy.engines import KUBERNETES, EngineProfile
from lib.policy.notes import notes_on
from lib.policy.own_nodes import OwnNodes
from lib.policy.reachability import Reachability, build_reachability
from lib.policy.readers import DOUBT, is_own_pods, readers
from lib.policy.rules import Action, CompiledPolicy, CompiledRejection, NodeScope, Stage
from lib.policy.unread_kinds import stands_for_unread
from lib.policy.walk import stages_about

if TYPE_CHECKING:
    from lib.policy.explain import Explanation
    from lib.policy.points import End


@dataclass(frozen=True)
class Engine:
    """The compiled policies of one snapshot under one profile; immutable, and shared by all views.

    ``stages`` is empty where the profile enforces none.
    """

    snapshot: Snapshot
    profile: EngineProfile
    spaces: Spaces
    stages: tuple[Stage, ...]
    rejections: tuple[CompiledRejection, ...]

    @cached_property
    def policies(self) -> tuple[CompiledPolicy, ...]:
        """The policies of all stages, first asked first."""
        return tuple(p for stage in self.stages for p in stage.policies)

    @cached_property
    def perhaps_governed(self) -> Bits:
        """The classes that policies of a kind that could not be read may govern."""
        return union(p.subjects for p in self.policies if stands_for_unread(p))

    def governed(self, direction: Direction) -> Bits:
        """The classes to which some policy can deny something in one direction."""
        return union(p.governs(direction) for p in self.policies)

    @cached_property
    def own_nodes(self) -> OwnNodes:
        """What pods and nodes have towards each other, where that depends on which node a pod runs on."""
        return OwnNodes(self.spaces, self.stages, self._reachability, self.spares_own_pods)

    @cached_property
    def spares_own_pods(self) -> bool:
        """Whether nodes reach the pods that run on them whatever policies say, as where Calico enforces them.

        "Calico allows all connections from processes running on the host to guest workloads on the host"
        (docs.tigera.io, "Protect hosts"). Where no engine was chosen, Calico's own objects show that it is Calico.
        """
        chosen = self.profile.policy_kinds is not None
        of_calico = self.snapshot.calico_policies or self.snapshot.calico_profiles
        # Of two engines that may enforce, the stages of Calico's say it.
        if not self.profile.enforces_kind("projectcalico.org", "NetworkPolicy") or self.readings:
            return False
        return chosen or bool(of_calico)

    @cached_property
    def readings(self) -> tuple[Engine, ...]:
        """The same policies as each engine reads them that may enforce them; none where one answer holds."""
        return tuple(
            replace(
                self,
                profile=each,
                spaces=replace(self.spaces, profile=each),
                stages=tuple(s for s in self.stages if s.reader == each.reader and not is_own_pods(s)),
            )
            for each in (() if self.profile.reader else readers(self.snapshot, self.profile))
        )

    def reachability(self) -> Reachability:
        """Who can reach whom by the rules, as classes."""
        return self._reachability

    @cached_property
    def _reachability(self) -> Reachability:
        return build_reachability(self.spaces, self.stages)

    @cached_property
    def notes(self) -> tuple[Problem, ...]:
        """What a reader must know about all results: what was not supplied, and what is read differently than meant."""
        return notes_on(self.snapshot, self.spaces)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """What makes answers unknown, each once: what the input or the engine's documentation does not settle."""
        placed = all(pod.node_name for workload in self.snapshot.workloads for pod in workload.endpoints)
        rules = (rule for policy in self.policies for rule in policy.rules if rule.possible_peers)
        found = (rule.doubt for rule in rules if rule.nodes is NodeScope.ANY or not placed)
        of_engines = [DOUBT] if self.readings else []
        return tuple(dict.fromkeys((*of_engines, *(doubt for doubt in found if doubt), *self._contested)))

    @property
    def _contested(self) -> Iterator[str]:
        """Policies of equal precedence that say different things, where they may be about one end."""
        levels = [level for stage in self.stages for level in stage.levels if len(level) > 1]
        for level, direction in ((level, direction) for level in levels for direction in Direction):
            if pair := _contesting(level, direction):
                yield f"which of {pair[0].ref} and {pair[1].ref}, of equal precedence, is asked first"

    @cached_property
    def open_names(self) -> tuple[str, ...]:
        """The domain names in rules, and patterns of names, that may have addresses of which nobody knows."""
        return tuple(dict.fromkeys(name for p in self.policies for rule in p.rules for name in rule.names))

    @cached_property
    def workload_numbers(self) -> Mapping[ObjectRef, int]:
        """The position of each workload in the snapshot."""
        return {w.ref: i for i, w in enumerate(self.snapshot.workloads)}

    def connections(self, mask: Bits) -> ConnectionSet:
        """The ports of a mask; equal masks give the same object."""
        found = self._connections.get(mask)
        if found is None:
            found = self._connections[mask] = self.spaces.ports.connections(mask)
        return found

    @cached_property
    def _connections(self) -> dict[Bits, ConnectionSet]:
        return {}

    def stages_about(self, number: int) -> tuple[Stage, ...]:
        """The stages with only the policies that select a class; of others no question about it hears."""
        found = self._stages_about.get(number)
        if found is None:
            found = self._stages_about[number] = stages_about(self.stages, number)
        return found

    @cached_property
    def _stages_about(self) -> dict[int, tuple[Stage, ...]]:
        return {}

    def rejected_for(self, direction: Direction, number: int) -> tuple[CompiledRejection, ...]:
        """The rejected policies that could change the verdict of a class in one direction."""
        return tuple(r for r in self.rejections if r.touches(direction) >> number & 1)

    def explain(
        self,
        src: End,
        dst: End,
        protocol: Protocol | None = None,
        port: int | None = None,
        family: Family | None = None,
        *,
        sent_on: bool = False,
    ) -> Explanation:
        """Both directions of a flow, with every policy and rule that took part.

        Without a protocol and a port every port of every protocol is asked about; a port alone means TCP. With
        ``family`` only about packets of one IP family. Raises ModelError when ``port`` is not within 1-65535, or an
        end has no address of ``family``. ``sent_on``: what a node as ``src`` only sends on, with its own address.
        """
        # Most of what an engine is asked needs none of this.
        from lib.policy.explain import explain

        return explain(self, src, dst, protocol, port, family, sent_on=sent_on)


def _contesting(level: Iterable[CompiledPolicy], direction: Direction) -> tuple[CompiledPolicy, CompiledPolicy] | None:
    """Two policies that may be about one end and don't do the same there; None where there are none."""
    subjects: dict[frozenset[Action], Bits] = {}
    earlier: list[tuple[CompiledPolicy, frozenset[Action]]] = []
    for policy in level:
        mine = frozenset(rule.action for rule in policy.rules_for(direction))
        if mine and any(ends & policy.subjects and len(mine | theirs) > 1 for theirs, ends in subjects.items()):
            met = (p for p, theirs in earlier if p.subjects & policy.subjects and len(mine | theirs) > 1)
            return next(met), policy
        if mine:
            subjects[mine] = subjects.get(mine, 0) | policy.subjects
            earlier.append((policy, mine))
    return None


def compile_engine(snapshot: Snapshot, profile: EngineProfile = KUBERNETES) -> Engine:
    """Compile the policies of ``snapshot`` as ``profile`` reads them; time grows with pods and policies, not pairs."""
    profile = settled(profile, snapshot)
    spaces = build_spaces(snapshot, profile, tiers.vocabularies(snapshot, profile))
    rejected = snapshot.rejected_policies if profile.enforces else ()
    rejections = tuple(compile_rejection(r, spaces) for r in rejected)
    if profile.enforces_kind("projectcalico.org", "GlobalNetworkPolicy"):
        forwards = any(policy.on_forward for policy in snapshot.calico_policies)
        rejections += tuple(compile_rejected_host(r, spaces, forwards=forwards) for r in snapshot.rejected_hosts)
    stages = tiers.stages(snapshot, spaces)
    if not spaces.endpoints.shows_families:
        stages = tuple(map(of_any_family, stages))
    return Engine(snapshot, profile, spaces, stages, rejections)
