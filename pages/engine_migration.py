"""Engine migration: what changes when another policy engine enforces the same policies."""

from lib.ui.frame import open_page
from lib.ui.migration_view import choose_engines, show_arrivals, show_differences, show_summary

page = open_page("Engine migration")
old, new = choose_engines(page)
show_summary(page, old, new)
show_differences(page, old, new)
show_arrivals(page, old, new)
