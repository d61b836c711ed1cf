"""Maintenance that needs nobody: the sweep, wake-ups, retention, health."""
