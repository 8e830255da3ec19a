"""Overview: what is exposed, what is broken and what is open."""

from lib.ui.frame import open_page
from lib.ui.overview_view import show_entry_graph, show_findings, show_matrix, show_tiles

page = open_page("Overview")
show_tiles(page)
show_findings(page)
show_entry_graph(page)
show_matrix(page)
