"""Input: what was read, what could not be read, and the ways to load a cluster."""

from lib.ui.cluster_view import show_connect
from lib.ui.frame import open_page
from lib.ui.input_view import show_coverage, show_dumps, show_files, show_trouble
from lib.ui.names_view import show_names
from lib.ui.snapshot_view import show_snapshot

page = open_page(
    "Input",
    subtitle="What was read, what could not be read, and what was not supplied.",
    needs_input=False,
)
show_trouble(page)
show_connect()
show_names(page)
show_coverage(page)
show_files(page)
show_snapshot(page)
show_dumps()
