"""Pages about runs and bindings, and what a person decides there."""
