"""Ingress routes: host and path → Service → workload, of Ingresses and the Gateway API; test a URL against them."""

from lib.ui.azure_ingress_view import show_on_azure
from lib.ui.frame import open_page
from lib.ui.profile_view import show_profile_line
from lib.ui.route_view import show_routes, show_routes_graph, show_url_test

page = open_page("Ingress routes")
profile = show_profile_line(page, "network_model", "data_plane")
show_url_test(page)
show_routes(page)
show_on_azure(page, profile)
show_routes_graph(page)
