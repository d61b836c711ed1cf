"""The check of a panel: what each step needs, asked without changing anything."""
