"""A second reading of the API, one flow at a time, that shares nothing with the product."""
