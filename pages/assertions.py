"""Assertions: what must and must not flow, checked against the engine's answers."""

from lib.ui.assertion_view import edit_assertions, show_results
from lib.ui.engine_view import choose_engine, show_enforcement
from lib.ui.frame import open_page

page = open_page("Assertions")
engine = choose_engine(page)
show_enforcement(page, engine)
text = edit_assertions(page)
show_results(page, engine, text)
