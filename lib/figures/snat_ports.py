"""The ports that each node has for outbound connections, against the number of nodes."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

from lib.azure.snat import SnatPlan, steps_of
from lib.facts.snat import PortStep, default_steps
from lib.figures import theme

_HEIGHT_PX: Final = 320
_GRID: Final = "rgba(128,136,149,0.22)"


def snat_ports(plan: SnatPlan) -> go.Figure:
    """Draw the automatic steps, an allocation beside them, and where the nodes are now and while upgrading.

    Ports are on a logarithmic scale. A line ends where no port is left for a further node, or where no default is
    stated for so many nodes.
    """
    figure = go.Figure()
    figure.add_trace(_steps(default_steps(), "automatic", theme.BLUE, "solid"))
    if not plan.automatic:
        served = [step for step in steps_of(plan) if step.ports]
        figure.add_trace(_steps(served, "allocated", theme.VERMILLION, "7px,3px"))
    for name, nodes, ports, symbol in (
        ("now", plan.nodes, plan.ports_per_node, "circle"),
        ("while upgrading", plan.nodes + plan.surge_nodes, plan.ports_while_surging, "diamond-open"),
    ):
        if ports:
            figure.add_trace(
                _point(name, nodes, ports, symbol, lacks=plan.max_nodes is not None and nodes > plan.max_nodes)
            )
    shown = _nodes_shown(plan)
    ticks = sorted({step.ports for step in default_steps()} | {plan.ports_per_node or 0} - {0})
    layout = theme.base_layout(_HEIGHT_PX)
    layout["margin"] = {"l": 8, "r": 16, "t": 12, "b": 78}
    figure.update_layout(**layout | {"showlegend": True, "legend": theme.bottom_legend()})
    figure.update_xaxes(_axis("nodes of the cluster") | {"range": [0, shown * 1.02], "tickformat": ",d"})
    figure.update_yaxes(
        _axis("ports of each node")
        | {"type": "log", "tickmode": "array", "tickvals": ticks, "ticktext": [f"{p:,}" for p in ticks]}
        | {"automargin": True}
    )
    return figure


def _nodes_shown(plan: SnatPlan) -> int:
    """All steps while they decide; with an allocation what it serves, so that its end can be seen."""
    last, peak = default_steps()[-1].nodes_max, plan.nodes + plan.surge_nodes
    if plan.automatic or plan.max_nodes is None:
        return max(last, peak)
    return max(min(last, 2 * plan.max_nodes), default_steps()[0].nodes_max, peak * 5 // 4)


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"size": 12, "color": theme.TEXT}, "standoff": 8},
        "tickfont": {"size": 12, "color": theme.TEXT},
        "gridcolor": _GRID,
        "zeroline": False,
        "fixedrange": True,
    }


def _steps(steps: tuple[PortStep, ...] | list[PortStep], name: str, colour: str, dash: str) -> go.Scatter:
    """Both ends of each step; the jump between two steps is drawn, as the ports of all nodes fall there."""
    ends = [(nodes, step.ports) for step in steps for nodes in (step.nodes_min, step.nodes_max)]
    return go.Scatter(
        x=[nodes for nodes, _ in ends],
        y=[ports for _, ports in ends],
        mode="lines",
        name=name,
        line={"color": colour, "width": 2.5, "dash": dash, "shape": "hv"},
        hovertemplate="%{x:,} nodes: %{y:,} ports each<extra>" + name + "</extra>",
    )


def _point(name: str, nodes: int, ports: int, symbol: str, *, lacks: bool) -> go.Scatter:
    word = "no port left" if lacks else f"{ports:,} ports each"
    colour = theme.VERMILLION if lacks else theme.GREEN
    return go.Scatter(
        x=[nodes],
        y=[ports],
        mode="markers",
        name=f"{name}: {nodes:,} nodes, {word}",
        marker={"color": colour, "size": 13, "symbol": "x" if lacks else symbol, "line": {"color": colour, "width": 2}},
        cliponaxis=False,
        hovertemplate=f"{name}: {nodes:,} nodes, {word}<extra></extra>",
    )
