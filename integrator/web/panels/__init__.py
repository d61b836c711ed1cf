"""Pages about panels: connecting one, its check, its dialect."""
