"""Cuts a virtual network into the subnets of a plan: chosen prefixes stay, the others are placed beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from lib.facts import reader as facts
from lib.ipplan.blocks import Block, FreeBlocks, Span, aligned, fits, merged, without
from lib.ipplan.demand import AddressPlanInput, Network
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.subnets import IPV4_BITS, SubnetPlan, SubnetRole

IPV6_BITS = 128


@dataclass(frozen=True, slots=True)
class PlacedSubnet:
    """A subnet and its prefix; ``is_chosen`` tells a prefix of the person's from a suggested one.

    ``room`` is the range that the subnet can grow to where it lies: its own prefix, or twice that where the other half
    is kept free for it. ``ipv6`` is its IPv6 prefix, None unless a dual-stack cluster uses it and the virtual network
    has IPv6 space.
    """

    plan: SubnetPlan
    cidr: IPv4Network
    is_chosen: bool
    room: IPv4Network
    ipv6: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """A block of the virtual network that no subnet takes; as large as alignment lets it be."""

    cidr: IPv4Network


@dataclass(frozen=True, slots=True)
class Avoided:
    """A range that suggested subnets keep out of, and what it is."""

    name: str
    cidr: Network


@dataclass(frozen=True, slots=True)
class Layout:
    """The virtual network cut up; ``placed``, ``free`` and ``avoided`` in address order, ``unplaced`` in the plan's.

    Placed subnets, free space and avoided space together are the IPv4 spaces of the virtual network, as long as every
    chosen prefix lies in it and none overlaps another. ``free`` holds what is kept for growth too.
    """

    placed: tuple[PlacedSubnet, ...]
    free: tuple[FreeSpace, ...]
    unplaced: tuple[SubnetPlan, ...]
    problems: tuple[PlanProblem, ...]
    avoided: tuple[Avoided, ...] = ()
    _by_key: dict[str, PlacedSubnet] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key: dict[str, PlacedSubnet] = {}
        for placed in self.placed:
            by_key.setdefault(placed.plan.key, placed)
        object.__setattr__(self, "_by_key", by_key)

    def place_of(self, subnet: SubnetPlan) -> PlacedSubnet | None:
        """Where and how ``subnet`` was placed; None if nowhere."""
        return self._by_key.get(subnet.key)

    def cidr_of(self, subnet: SubnetPlan) -> IPv4Network | None:
        """Where ``subnet`` was placed; None if nowhere."""
        placed = self.place_of(subnet)
        return placed.cidr if placed is not None else None

    def cidr_text(self, subnet: SubnetPlan) -> str | None:
        """The same as text, for JSON."""
        cidr = self.cidr_of(subnet)
        return str(cidr) if cidr is not None else None


def lay_out(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...], avoid: tuple[Avoided, ...] = ()) -> Layout:
    """Place every subnet in the virtual network, in the plan's order, each where it wastes least.

    A suggested subnet of a cluster gets room to double where it lies, as long as all subnets have a place and the
    smallest come first. Chosen prefixes are taken as they are. Places to be kept (``demand.kept``) are kept as long as
    they are free, and grow or shrink where they lie: so changing one subnet moves no other. Suggested subnets stay out
    of ``avoid``. Without an IPv4 virtual network nothing is placed and nothing is wrong; a subnet that does not fit is
    a problem.
    """
    spaces = [_span(space) for space in _outermost(demand.vnet, IPv4Network)]
    avoided = [item for item in avoid if isinstance(item.cidr, IPv4Network)]
    gone = [_span(item.cidr) for item in avoided] + [_span(subnet.cidr) for subnet in subnets if subnet.cidr]
    places = _places(FreeBlocks(IPV4_BITS, spaces, gone), subnets, dict(demand.kept)) if spaces else {}
    ipv6, problems = _place_ipv6(demand, subnets, avoid)
    placed: list[PlacedSubnet] = []
    unplaced: list[SubnetPlan] = []
    for index, subnet in enumerate(subnets):
        if subnet.cidr is not None:
            placed.append(PlacedSubnet(subnet, subnet.cidr, True, subnet.cidr, ipv6.get(index)))
        elif index in places:
            place, room = places[index]
            placed.append(PlacedSubnet(subnet, _network(place), False, _network(room), ipv6.get(index)))
        else:
            unplaced.append(subnet)
    taken = merged(_span(item.cidr) for item in placed)
    kept_out = tuple(_avoided_inside(spaces, avoided, taken))
    if spaces:
        homeless = (_no_room(subnet, kept_out) for subnet in unplaced)
        problems = [*homeless, *problems, *_moved(demand, placed, unplaced)]
    used = merged([*gone, *taken])
    left = [block for space in spaces for span in without(space, used) for block in _blocks(span)]
    return Layout(
        tuple(sorted(placed, key=lambda item: (int(item.cidr.network_address), item.cidr.prefixlen))),
        tuple(FreeSpace(block) for block in sorted(left)),
        tuple(unplaced),
        tuple(problems),
        kept_out,
    )


def _places(
    free: FreeBlocks, subnets: tuple[SubnetPlan, ...], kept: dict[str, IPv4Network]
) -> dict[int, tuple[Block, Block]]:
    """The place of every suggested subnet that has one, and the block with the room that it keeps, by its position."""
    places: dict[int, tuple[Block, Block]] = {}
    wanted = {i: s.prefix for i, s in enumerate(subnets) if s.cidr is None and s.prefix is not None}
    held = [(i, prefix, kept[subnets[i].name]) for i, prefix in wanted.items() if subnets[i].name in kept]
    # Those that stay as they were come first, so that one that grows cannot push them away.
    for i, prefix, place in sorted(held, key=lambda item: item[1] < item[2].prefixlen):
        block = _first(place).at(prefix)
        if free.take_this(block):
            places[i] = (block, block)
    rest = {i: prefix for i, prefix in wanted.items() if i not in places}
    demand = [0] * (IPV4_BITS + 1)
    for prefix in rest.values():
        demand[prefix] += 1
    for i, (block, _) in places.items():
        pair = block.at(block.prefix - 1)
        other = Block(block.start ^ block.size, block.prefix, block.bits)
        counts = free.counts_without(other) if _grows(subnets[i], block.prefix) and pair.start == block.start else None
        if counts is not None and fits(counts, demand):
            free.take_this(other)
            places[i] = (block, pair)
    roomy = _with_room(free.counts(), demand, {i: prefix for i, prefix in rest.items() if _grows(subnets[i], prefix)})
    for i, prefix in rest.items():
        room = free.take(prefix - 1 if i in roomy else prefix)
        if room is not None:
            places[i] = (Block(room.start, prefix, room.bits), room)
    return places


def _grows(subnet: SubnetPlan, prefix: int) -> bool:
    """Whether room is kept beside a subnet: its size follows the demand, and twice that would still be a subnet."""
    return subnet.role is not SubnetRole.OTHER and prefix > facts.get("subnet_ipv4_shortest_prefix").number


def _with_room(free: list[int], demand: list[int], prefixes: dict[int, int]) -> set[int]:
    """Which of some subnets get a block of twice their size: as many as still leave all of ``demand`` a place."""
    roomy: set[int] = set()
    demand = list(demand)
    for i, prefix in sorted(prefixes.items(), key=lambda item: -item[1]):
        demand[prefix] -= 1
        demand[prefix - 1] += 1
        if not fits(free, demand):
            # Nor would a larger one.
            break
        roomy.add(i)
    return roomy


def _place_ipv6(
    demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...], avoid: tuple[Avoided, ...]
) -> tuple[dict[int, IPv6Network], list[PlanProblem]]:
    """The IPv6 prefixes that were chosen, and one for every other subnet that a dual-stack cluster uses, where the
    virtual network has IPv6 space."""
    found = {index: subnet.ipv6 for index, subnet in enumerate(subnets) if subnet.ipv6 is not None}
    spaces = [_span(space) for space in _outermost(demand.vnet, IPv6Network)]
    dual = {cluster.name for cluster in demand.clusters if cluster.dual_stack}
    if not spaces or not dual:
        return found, []
    gone = [item.cidr for item in avoid if isinstance(item.cidr, IPv6Network)]
    gone += [subnet.ipv6 for subnet in subnets if subnet.ipv6 is not None]
    free = FreeBlocks(IPV6_BITS, spaces, [_span(cidr) for cidr in gone])
    prefix = facts.get("subnet_ipv6_prefix").number
    problems: list[PlanProblem] = []
    for index, subnet in enumerate(subnets):
        if index not in found and subnet.role is not SubnetRole.OTHER and dual.intersection(subnet.clusters):
            block = free.take(prefix)
            if block is None:
                message = f"The virtual network has no free IPv6 block /{prefix} for the subnet {subnet.name}."
                problems.append(problem("vnet-full", message, subnet.name, "vnet"))
            else:
                found[index] = IPv6Network((block.start, block.prefix))
    return found, problems


def _moved(
    demand: AddressPlanInput, placed: Iterable[PlacedSubnet], unplaced: Iterable[SubnetPlan]
) -> Iterator[PlanProblem]:
    """The places that were to be kept and could not be, or that belong to no suggested subnet."""
    lies = {item.plan.name: item for item in placed}
    homeless = {subnet.name for subnet in unplaced}
    for name, place in demand.kept:
        item = lies.get(name)
        if item is None or item.is_chosen:
            why = "has a range of its own" if item is not None else "is none of the plan's subnets"
            why = "has no place in the virtual network" if name in homeless else why
            yield problem("place-not-kept", f"{name} is pinned to {place} and {why}.", name, "keep")
        elif not (place.subnet_of(item.cidr) or item.cidr.network_address == place.network_address):
            message = f"The subnet {name} is pinned to {place}, where it has no room, and lies at {item.cidr}."
            yield problem("place-not-kept", message, name, "keep")


def _no_room(subnet: SubnetPlan, kept_out: tuple[Avoided, ...]) -> PlanProblem:
    """``kept_out`` are the parts of the virtual network where no subnet is suggested; the largest is named."""
    largest = max(kept_out, key=lambda item: item.cidr.num_addresses, default=None)
    besides = f"; none is placed in {largest.cidr} ({largest.name})" if largest is not None else ""
    size = f"/{subnet.prefix}" if subnet.prefix is not None else "large enough"
    message = f"The virtual network has no free block {size} for the subnet {subnet.name}{besides}."
    return problem("vnet-full", message, subnet.name, "vnet")


def _avoided_inside(spaces: list[Span], avoided: list[Avoided], taken: list[Span]) -> Iterator[Avoided]:
    """The parts of the virtual network that are neither free nor a subnet's, each told once."""
    told = list(taken)
    found: list[Avoided] = []
    for item in avoided:
        first, after = _span(item.cidr)
        for space in spaces:
            inside = max(first, space[0]), min(after, space[1])
            if inside[0] < inside[1]:
                parts = [block for span in without(inside, merged(told)) for block in _blocks(span)]
                found.extend(Avoided(item.name, block) for block in parts)
        told.append((first, after))
    yield from sorted(found, key=lambda item: item.cidr)


def _outermost(spaces: Iterable[Network], family: type[IPv4Network] | type[IPv6Network]) -> Iterator[Network]:
    """The spaces of one family that lie in no other."""
    ordered = sorted((s for s in spaces if isinstance(s, family)), key=lambda s: (int(s.network_address), s.prefixlen))
    end = -1
    for space in ordered:
        if int(space.broadcast_address) > end:
            end = int(space.broadcast_address)
            yield space


def _span(network: Network) -> Span:
    return int(network.network_address), int(network.broadcast_address) + 1


def _first(network: IPv4Network) -> Block:
    return Block(int(network.network_address), network.max_prefixlen, IPV4_BITS)


def _blocks(span: Span) -> Iterator[IPv4Network]:
    return (_network(block) for block in aligned(*span, IPV4_BITS))


def _network(block: Block) -> IPv4Network:
    return IPv4Network((block.start, block.prefix))
