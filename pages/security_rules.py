"""Security rules: what the cloud provider writes into the nodes' network security group, and which rule decides."""

from lib.ui.frame import open_page
from lib.ui.profile_view import show_profile_line
from lib.ui.provider_view import choose_settings
from lib.ui.security_groups import groups
from lib.ui.security_question_view import ask_packet, show_own_groups
from lib.ui.security_rule_view import show_faults, show_limits, show_origin, show_rules

page = open_page("Security rules")
show_profile_line(page, "network_model", "data_plane", besides=choose_settings)
found = groups(page)
show_origin(found)
show_faults(page, found)
judged = ask_packet(page, found)
show_rules(page, judged)
show_limits(judged)
show_own_groups(page, judged)
