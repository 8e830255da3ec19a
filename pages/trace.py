"""Trace: a packet's way hop by hop, from anywhere to a URL, an address, a Service or a pod."""

from lib.ui.engine_view import choose_engine
from lib.ui.frame import open_page
from lib.ui.profile_view import show_profile
from lib.ui.trace_form import ask_trace
from lib.ui.trace_view import show_trace

page = open_page("Trace")
profile = show_profile(page, elsewhere=("policy_engine",))
asked = ask_trace(page, profile, choose_engine(page))
show_trace(page, asked)
