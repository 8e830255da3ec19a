"""Compare: two clusters, or two moments of one, by what flows and by what objects they have."""

from lib.ui.compare_form import choose_other
from lib.ui.compare_view import show_flow_changes, show_object_changes, show_route_changes, show_summary
from lib.ui.engine_view import choose_engine, show_enforcement
from lib.ui.frame import open_page

page = open_page("Compare")
other = choose_other(page)
engine = choose_engine(page)
show_enforcement(page, engine)
compared = show_summary(page, other, engine)
show_flow_changes(compared)
show_route_changes(compared)
show_object_changes(compared)
