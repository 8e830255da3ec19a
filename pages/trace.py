"""Trace: a packet's way hop by hop, from anywhere to a URL, an address, a Service or a pod."""

from lib.ui.frame import open_page
from lib.ui.profile_view import show_profile
from lib.ui.trace_form import ask_trace
from lib.ui.trace_view import show_trace

page = open_page("Trace")
profile = show_profile(page, elsewhere=("policy_engine",))
asked = ask_trace(page, profile)
show_trace(page, asked)
