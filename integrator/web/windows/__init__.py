"""Pages about windows."""
