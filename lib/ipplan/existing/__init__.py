"""What Azure says of clusters and networks that exist, as the demand of a plan."""
