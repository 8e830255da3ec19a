"""Ports of load balancers and NAT gateways: the documentation's own examples, and what must hold for all numbers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.azure.snat import (
    SnatPlan,
    allocation_problems,
    default_ports_per_node,
    load_balancer_snat,
    max_nodes,
    nat_gateway,
    required_ips,
    steps_of,
)
from lib.facts.snat import SnatExample, default_steps, snat_examples, snat_fact, snat_facts
from lib.model.errors import ModelError

PER_IP = snat_fact("load_balancer", "ports_per_public_ip").value


@pytest.mark.parametrize("example", snat_examples(), ids=lambda e: "-".join(f"{k}{v}" for k, v in e.given.items()))
def test_the_documented_example_comes_out_to_the_port(example: SnatExample) -> None:
    plan = load_balancer_snat(
        example.given.get("nodes", 1),
        example.given.get("surge", 0),
        example.given.get("ips", 1),
        example.given["ports"],
    )
    assert example.expected
    assert {name: getattr(plan, name) for name in example.expected} == example.expected


def test_every_kind_of_documented_example_is_there() -> None:
    seen = {name for example in snat_examples() for name in example.expected}
    assert {"ports_per_node", "max_nodes", "excess_ports", "sufficient"} <= seen


def test_the_steps_leave_no_number_of_nodes_out_and_fit_one_address() -> None:
    steps = default_steps()
    assert steps[0].nodes_min == 1
    for before, after in itertools.pairwise(steps):
        assert after.nodes_min == before.nodes_max + 1
        assert after.ports < before.ports
    assert all(step.nodes_max * step.ports <= PER_IP for step in steps)


@pytest.mark.parametrize("step", default_steps(), ids=lambda s: str(s.ports))
def test_both_ends_of_a_step_have_its_ports(step) -> None:
    assert default_ports_per_node(step.nodes_min) == default_ports_per_node(step.nodes_max) == step.ports


@pytest.mark.parametrize("nodes", [0, default_steps()[-1].nodes_max + 1])
def test_no_default_is_invented_for_empty_or_larger_pools(nodes: int) -> None:
    plan = load_balancer_snat(nodes, 0, 1)
    assert (plan.ports_per_node, plan.cluster_ports, plan.sufficient, plan.required_ips) == (None, None, None, None)


def test_a_surge_over_a_step_is_told_with_both_numbers() -> None:
    first, second = default_steps()[:2]
    plan = load_balancer_snat(first.nodes_max, 1, 1)
    assert (plan.ports_per_node, plan.ports_while_surging) == (first.ports, second.ports)
    (told,) = allocation_problems(plan)
    assert f"{first.ports:,}" in told and f"{second.ports:,}" in told


def test_an_allocation_that_is_no_multiple_of_eight_and_one_that_lacks_ports_are_told() -> None:
    step = snat_fact("load_balancer", "allocation_step").value
    assert any("multiple" in told for told in allocation_problems(load_balancer_snat(3, 1, 1, step + 1)))
    lacking = load_balancer_snat(PER_IP // step, 1, 1, step)
    assert lacking.sufficient is False
    assert any("lacking" in told for told in allocation_problems(lacking))
    assert allocation_problems(load_balancer_snat(3, 1, 1, step)) == ()


def test_more_addresses_than_aks_manages_are_told() -> None:
    most = snat_fact("load_balancer", "managed_ips_max").value
    assert any("manages at most" in told for told in allocation_problems(load_balancer_snat(3, 1, most + 1)))


@given(st.integers(0, 6000), st.integers(0, 600), st.integers(1, 100), st.integers(1, 8000).map(lambda n: n * 8))
def test_required_addresses_are_just_enough(nodes: int, surge: int, ips: int, ports: int) -> None:
    plan = load_balancer_snat(nodes, surge, ips, ports)
    needed = (nodes + surge) * ports
    assert plan.required_ips is not None and plan.max_nodes is not None
    assert plan.required_ips * PER_IP >= needed
    assert plan.required_ips == 1 or (plan.required_ips - 1) * PER_IP < needed
    assert plan.sufficient == (needed <= ips * PER_IP) == (nodes + surge <= plan.max_nodes)
    assert plan.headroom_ports == ips * PER_IP - needed


@given(st.integers(1, 6000), st.integers(0, 600), st.integers(1, 100), st.integers(0, 8000))
def test_steps_of_a_plan_join_and_say_what_the_plan_says(nodes: int, surge: int, ips: int, ports: int) -> None:
    plan = load_balancer_snat(nodes, surge, ips, ports)
    steps = steps_of(plan)
    for before, after in itertools.pairwise(steps):
        assert after.nodes_min == before.nodes_max + 1
    at = [s.ports for s in steps if s.nodes_min <= nodes <= s.nodes_max]
    if plan.ports_per_node is None:
        assert at == []
    else:
        served = plan.automatic or nodes <= (plan.max_nodes or 0)
        assert at == [plan.ports_per_node if served else 0]


@pytest.mark.parametrize("numbers", [(-1, 0, 1, 0), (1, -1, 1, 0), (1, 0, 0, 0), (1, 0, 1, -8)])
def test_impossible_numbers_are_refused(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(ModelError):
        load_balancer_snat(*numbers)


def test_helpers_refuse_what_makes_no_sense() -> None:
    for call in (lambda: max_nodes(0, 1), lambda: max_nodes(8, 0), lambda: required_ips(-1, 8)):
        with pytest.raises(ModelError):
            call()


def test_a_nat_gateway_has_its_documented_ports_and_limits() -> None:
    per_ip = snat_fact("nat_gateway", "ports_per_public_ip").value
    most = snat_fact("nat_gateway", "public_ips_max").value
    to_one = snat_fact("nat_gateway", "connections_to_one_destination").value
    # "over 1 million" ports, says the documentation of a gateway with all its addresses.
    assert nat_gateway(most).ports == most * per_ip > 1_000_000
    assert nat_gateway(1, to_one).required_ips == 1
    assert nat_gateway(1, to_one + 1).required_ips == 2
    assert nat_gateway(most, most * to_one + 1).required_ips is None
    for refused in (0, most + 1):
        with pytest.raises(ModelError):
            nat_gateway(refused)
    with pytest.raises(ModelError):
        nat_gateway(1, -1)


def test_every_number_has_a_unit_a_source_and_a_date() -> None:
    for fact in snat_facts():
        assert fact.unit and fact.sources and fact.value >= 0 and fact.checked.year >= 2026
    assert len({(f.of, f.name) for f in snat_facts()}) == len(snat_facts())


def test_a_plan_is_a_value() -> None:
    assert load_balancer_snat(10, 1, 1) == load_balancer_snat(10, 1, 1)
    assert isinstance(load_balancer_snat(10, 1, 1), SnatPlan)
