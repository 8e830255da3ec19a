"""A packet's way through the cluster and Azure, hop by hop: the rules are asked, none is tested again."""
