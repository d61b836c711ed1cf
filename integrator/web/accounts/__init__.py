"""Pages about accounts: the table, clients, plan map, drift, changes."""
