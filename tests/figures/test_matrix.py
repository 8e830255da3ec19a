"""The matrix of flows: each state has its own colour and symbol, and open by default is one of them."""

from lib.figures.matrix import STATES, flow_matrix, state_icon
from lib.flows import MatrixCell, MatrixState
from lib.model.sets import ConnectionSet
from lib.ui.icons import icon_word

NAMES = ("a", "<b>b</b>")


def cells() -> list[list[MatrixCell]]:
    return [
        [MatrixCell("a", "a", MatrixState.OPEN, ConnectionSet.all()), MatrixCell("a", "b", MatrixState.DENIED)],
        [MatrixCell("b", "a", MatrixState.UNKNOWN), MatrixCell("b", "b", MatrixState.NOTHING)],
    ]


def test_cells_carry_their_state_as_number_symbol_and_words() -> None:
    heat = flow_matrix(cells(), NAMES, NAMES).data[0]
    assert [[STATES[code] for code in row] for row in heat.z] == [[c.state for c in row] for row in cells()]
    assert heat.text[0][0] == state_icon(MatrixState.OPEN)
    assert "open by default" in heat.hovertext[0][0]
    assert "all ports" in heat.hovertext[0][0]


def test_symbols_and_colours_differ_between_states() -> None:
    heat = flow_matrix(cells(), NAMES, NAMES).data[0]
    assert len({state_icon(s) for s in MatrixState}) == len(MatrixState)
    assert len({color for _, color in heat.colorscale}) == len(MatrixState)


def test_the_legend_names_the_states_that_occur_and_no_others() -> None:
    names = [t.name for t in flow_matrix(cells(), NAMES, NAMES).data if t.name]
    assert names == ["◇ open by default", "✖ denied", "? unknown", "– no pair to judge"]


def test_a_click_delivers_source_and_destination() -> None:
    points = flow_matrix(cells(), NAMES, NAMES).data[1]
    assert [list(p) for p in points.customdata] == [["a", "a"], ["a", "b"], ["b", "a"], ["b", "b"]]


def test_names_are_never_markup() -> None:
    figure = flow_matrix(cells(), NAMES, NAMES)
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;b&lt;/b&gt;"
    assert "<b>b</b>" not in figure.data[0].hovertext[1][0]


def test_a_large_matrix_has_no_symbols_and_lower_rows() -> None:
    names = [f"n{i}" for i in range(70)]
    big = [[MatrixCell(a, b, MatrixState.DENIED) for b in names] for a in names]
    figure = flow_matrix(big, names, names)
    assert set(figure.data[0].text[0]) == {""}
    assert figure.layout.height < 70 * 25 + 200


def test_partly_allowed_has_no_tick_on_pages_or_in_the_matrix() -> None:
    ticks = set("✓✔")
    for state in (MatrixState.ALLOWED_PORTS, MatrixState.PARTLY):
        assert not ticks & set(state_icon(state))
        assert not ticks & set(icon_word(state.value))
    assert len({state_icon(state) for state in MatrixState}) == len(MatrixState)
