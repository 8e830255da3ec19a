"""Strategies for random objects, a module a kind."""
