"""Why two engines differ and what to change: sentences, each with the words and the sources that it stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lib.facts.engines import Known
from lib.facts.sources import source
from lib.model.refs import ObjectRef
from lib.policy.engine import Engine
from lib.policy.engines import EngineProfile
from lib.scenario.changes import Cause


@dataclass(frozen=True, slots=True)
class Advice:
    """Why two engines differ on a flow, and what to change, a sentence each.

    ``switch`` is the difference between the engines that it comes from, by the name of the profile's field. ``said``
    quotes the documentation of both, with its source; "" where it says nothing of it.
    """

    switch: str
    why: str
    remedy: str
    said: str = ""

    @classmethod
    def on(cls, switch: str, why: str, remedy: str, old: Engine, new: Engine) -> Advice:
        """The advice with what the documentation of both engines says of the switch."""
        return cls(switch, why, remedy, quoted(switch, old.profile, new.profile))


def quoted(switch: str, *profiles: EngineProfile) -> str:
    """What the documentation of each engine says of a switch, and where."""
    found = [(p.label, p.bases[switch]) for p in profiles if switch in p.bases]
    return "; ".join(f"{label}: {basis.words} ({source(basis.source)})" for label, basis in found)


def contrast(old: Engine, new: Engine, switch: str, statement: str) -> str:
    """``statement`` of the engine of which it holds, and what of the other one."""
    holds, other = old.profile, new.profile
    if getattr(holds, switch) is not Known.YES:
        holds, other = other, holds
    if getattr(holds, switch) is not Known.YES:
        # One documentation is silent and the other one says no.
        if getattr(holds, switch) is not Known.UNKNOWN:
            holds, other = other, holds
        denied = f"; it is not so under {other.label}" if getattr(other, switch) is Known.NO else ""
        return f"the documentation of {holds.label} does not settle whether {statement.format(holds.label)}{denied}"
    silent = getattr(other, switch) is Known.UNKNOWN
    rest = f"the documentation of {other.label} does not settle it" if silent else f"not under {other.label}"
    return f"{statement.format(holds.label)}, {rest}"


def port_names(causes: list[Cause], old: Engine, new: Engine) -> Advice:
    """Rules by a port name that pods use for several numbers."""
    why = "pods use a port name for several numbers, which one of the engines may not tell apart"
    remedy = f"Write port numbers instead of the name in {rules_of(causes)}."
    return Advice.on("tells_port_names_apart", why, remedy, old, new)


def end_port(causes: list[Cause], old: Engine, new: Engine) -> Advice:
    """Rules for a range of ports."""
    unsure = (new if new.profile.end_port is not Known.YES else old).profile
    why = f"{unsure.label} does not know endPort in every version: without it a rule permits its first port alone"
    remedy = f"Write the ports of {rules_of(causes)} one by one"
    if unsure.end_port_from is not None:
        major, minor = unsure.end_port_from
        remedy += f", or bring the nodes to Kubernetes {major}.{minor} or later first"
    return Advice.on("end_port", why, f"{remedy}.", old, new)


def sctp(causes: list[Cause], old: Engine, new: Engine) -> Advice:
    """Rules for SCTP."""
    why = "one of the engines supports SCTP only where it is turned on"
    remedy = f"Find out whether SCTP is turned on in the data plane, and test what {rules_of(causes)} permits."
    return Advice.on("judges_sctp", why, remedy, old, new)


def versions(causes: list[Cause], old: Engine, new: Engine) -> Advice:
    """Policies of a kind that not every version enforces."""
    why = f"only some versions of one of the engines enforce policies of kind {causes[0].policy.kind}"
    remedy = f"Find out which version of the engine runs, and whether it enforces {causes[0].policy}."
    return Advice("kinds_by_version", why, remedy, quoted("policy_kinds", old.profile, new.profile))


def labels(causes: list[Cause], key: str, old: Engine, new: Engine) -> Advice:
    """Policies that select pods by a label which one of the engines ignores."""
    ignoring = (new if new.profile.ignores_label(key) else old).profile
    why = f"{ignoring.label} counts the label {key} as absent from every pod"
    remedy = f"Select pods by another label than {key} in {policies_of(causes)}."
    return Advice.on("ignored_labels", why, remedy, old, new)


def own_node(old: Engine, new: Engine) -> Advice:
    """Why a pod reaches its own node under one of two engines only, and what to do."""
    switch = "own_node_egress_allowed"
    why = contrast(old, new, switch, "{} lets a pod reach its own node whatever policies say")
    return Advice.on(switch, why, for_nodes("the traffic of the pods to their own node", new, own=True), old, new)


def for_nodes(what: str, new: Engine, *, own: bool = False) -> str:
    """What to do about traffic with nodes under the engine to come."""
    if new.profile.id == "cilium":
        entities = "toEntities: [host]" if own else "the entities host and remote-node"
        return f"Where it is needed, permit {what} by a CiliumNetworkPolicy with {entities}."
    return f"Decide whether {what} is needed; where it is not, leave it out of the rules."


def enforcement(old: Engine, new: Engine) -> Advice:
    """Where one of the two enforces nothing."""
    if not old.profile.enforces:
        remedy = "Permit what is needed before the move: from then on the policies are enforced."
    else:
        remedy = "Nothing will stop this traffic: choose an engine that enforces policies."
    return Advice.on("enforces", "one of the two enforces no policy", remedy, old, new)


def kind(ref: ObjectRef, in_old: bool, old: Engine, new: Engine) -> Advice:
    """Policies of a kind that one of the two ignores; ``in_old``: the engine of today knows it."""
    ignoring = (new if in_old else old).profile.label
    if ref.kind == "ConfigMap":
        why = f"{ref} tells its engine to close pods that no policy selects; under {ignoring} they are open"
        remedy = (
            "Where they are to stay closed, write a policy that selects every pod and permits nothing."
            if in_old
            else f"Permit what is needed before the move, or take the setting out of {ref}."
        )
        return Advice.on("policy_kinds", why, remedy, old, new)
    return Advice.on(
        "policy_kinds",
        f"{ignoring} ignores policies of kind {ref.kind}, such as {ref}",
        f"Say what {ref} says in a kind that {ignoring} enforces."
        if in_old
        else f"Look at what {ref} says: it begins to count.",
        old,
        new,
    )


def policies_of(causes: list[Cause]) -> str:
    """The policies among ``causes``, the first ones by name."""
    return _listed(dict.fromkeys(str(c.policy) for c in causes))


def rules_of(causes: list[Cause]) -> str:
    """The rules among ``causes``, the first ones by name."""
    return _listed(dict.fromkeys(f"{c.policy} {c.rule}" for c in causes))


def _listed(names: Iterable[str]) -> str:
    named = list(names)
    return ", ".join(named[:2]) + (f" and {len(named) - 2} more" if len(named) > 2 else "")
