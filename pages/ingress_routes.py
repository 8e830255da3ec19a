"""Ingress routes."""

from lib.ui.frame import open_page

page = open_page("Ingress routes")
