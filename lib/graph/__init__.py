"""Layered graphs as pure numbers: what is drawn, and where; no drawing library."""
