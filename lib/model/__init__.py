"""The types that every other part speaks in: frozen, standard library only, no behaviour that needs the cluster."""
