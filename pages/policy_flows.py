"""Policy flows: who may talk to whom on which ports, and the policy, rule and line that decided."""

from lib.ui.engine_view import choose_engine, show_enforcement, show_unisolated
from lib.ui.explain_view import show_explain
from lib.ui.flow_view import show_flow_graph, show_flows, show_matrices
from lib.ui.frame import open_page
from lib.ui.names_view import say_open_names

page = open_page("Policy flows")
engine = choose_engine(page)
show_enforcement(page, engine)
say_open_names(page, engine)
show_unisolated(page, engine)
show_explain(page, engine)
show_matrices(page, engine)
show_flow_graph(page, engine)
show_flows(page, engine)
