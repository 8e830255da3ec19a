"""Every kind's reader against the API's own words."""
