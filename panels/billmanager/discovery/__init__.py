"""Discovery of an installation's dialect, by evidence."""
