"""The figure of ports against nodes: its lines are the steps, its marks are the nodes."""

from __future__ import annotations

from lib.azure.snat import load_balancer_snat, max_nodes
from lib.facts.snat import default_steps
from lib.figures.snat_ports import snat_ports
from lib.figures.theme import TEXT


def trace(figure, name: str):
    return next(t for t in figure.data if t.name.startswith(name))


def test_the_automatic_line_has_both_ends_of_every_step() -> None:
    line = trace(snat_ports(load_balancer_snat(3, 1, 1)), "automatic")
    assert list(zip(line.x, line.y, strict=True)) == [
        (nodes, step.ports) for step in default_steps() for nodes in (step.nodes_min, step.nodes_max)
    ]


def test_nodes_are_marked_now_and_while_upgrading() -> None:
    first, second = default_steps()[:2]
    figure = snat_ports(load_balancer_snat(first.nodes_max, 1, 1))
    now, later = trace(figure, "now"), trace(figure, "while upgrading")
    assert (now.x[0], now.y[0]) == (first.nodes_max, first.ports)
    assert (later.x[0], later.y[0]) == (second.nodes_min, second.ports)
    assert now.marker.symbol != later.marker.symbol


def test_an_allocation_ends_where_its_addresses_are_used_up() -> None:
    figure = snat_ports(load_balancer_snat(100, 2, 7, 4000))
    line = trace(figure, "allocated")
    assert (line.x[-1], set(line.y)) == (max_nodes(4000, 7), {4000})
    assert line.line.dash != "solid"
    assert figure.layout.xaxis.range[1] > max_nodes(4000, 7)


def test_nodes_without_ports_have_another_mark_and_say_so() -> None:
    later = trace(snat_ports(load_balancer_snat(max_nodes(4000, 1), 1, 1, 4000)), "while upgrading")
    assert later.marker.symbol == "x" and "no port left" in later.name


def test_pools_without_a_stated_default_have_no_mark_and_text_takes_the_pages_colour() -> None:
    figure = snat_ports(load_balancer_snat(default_steps()[-1].nodes_max + 1, 0, 1))
    assert [t.name for t in figure.data] == ["automatic"]
    assert figure.layout.xaxis.tickfont.color == figure.layout.yaxis.title.font.color == TEXT
