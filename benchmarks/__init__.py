"""Generators and measurements for large clusters; not part of the application."""
