"""IP plan: the addresses that a cluster needs in the overlay and the flat network models of AKS."""

from lib.ui.frame import open_page
from lib.ui.plan_existing_view import existing_plan
from lib.ui.plan_form import plan_form
from lib.ui.plan_view import show_plan

page = open_page("IP plan", stands_alone=True)
show_plan(existing_plan() or plan_form(page.snapshot))
