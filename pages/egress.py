"""Egress: outbound type, SNAT ports, the destinations that the cluster must reach, and who may reach the Internet."""

from lib.ui.egress_reach_view import show_destinations, show_internet, show_required_reach
from lib.ui.egress_view import show_outbound, show_ports
from lib.ui.frame import open_page
from lib.ui.profile_view import engine_choice, show_profile

page = open_page("Egress", stands_alone=True)
profile = show_profile(page, elsewhere=("outbound_type",))
answer = show_outbound(page, profile)
show_ports(page, answer)
choice = show_destinations(page, profile)
engine = engine_choice()
show_required_reach(page, engine, choice)
show_internet(page, engine)
