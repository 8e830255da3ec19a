"""Services & load balancers: what stands behind each, who can reach it, and what is wrong."""

from lib.ui.azure_view import show_azure
from lib.ui.frame import open_page
from lib.ui.profile_view import show_profile_line
from lib.ui.provider_view import choose_settings
from lib.ui.service_view import show_doors, show_services, show_services_graph

page = open_page("Services & load balancers")
show_profile_line(page, "network_model", "data_plane", "policy_engine", besides=choose_settings)
show_services(page)
show_doors(page)
show_azure(page)
show_services_graph(page)
