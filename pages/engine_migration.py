"""Engine migration: what changes when another policy engine enforces the same policies."""

from lib.ui.frame import open_page
from lib.ui.migration_view import choose_engines, say_network, show_arrivals, show_differences, show_summary
from lib.ui.profile_view import show_profile_line

page = open_page("Engine migration")
profile = show_profile_line(page, "policy_engine", "network_model", "data_plane")
old, new = choose_engines(page, profile)
say_network(profile, new)
show_summary(page, old, new)
show_differences(page, old, new)
show_arrivals(page, old, new)
