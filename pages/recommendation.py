"""Recommendation: the fewest NetworkPolicies that let through what is needed, as YAML, proven by the engine."""

from lib.ui.engine_view import choose_engine
from lib.ui.frame import open_page
from lib.ui.names_view import say_unproven_names
from lib.ui.recommendation_form import choose_options
from lib.ui.recommendation_view import (
    show_changes,
    show_needs,
    show_policies,
    show_questions,
    show_rest,
    show_summary,
)
from lib.ui.results import recommendation

page = open_page("Recommendation")
engine = choose_engine(page)
options = choose_options(page)
found = recommendation(page, engine, options)
show_summary(page, engine, found)
say_unproven_names(page, engine)
show_questions(page, found)
show_policies(found)
show_needs(page, engine, found)
show_changes(page, engine, found)
show_rest(page, engine, found)
