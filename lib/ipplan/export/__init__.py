"""A plan as what makes it: az CLI commands, Bicep, Terraform."""
