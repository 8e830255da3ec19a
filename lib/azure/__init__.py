"""What Azure makes of the objects: load balancers, probes, security rules, egress."""
