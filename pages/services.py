"""Services & load balancers."""

from lib.ui.frame import open_page

page = open_page("Services & load balancers")
