"""Address plans of AKS clusters: read a demand, plan it, compare the network models, lay the subnets out."""
