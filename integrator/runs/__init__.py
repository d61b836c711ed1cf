"""Runs: how they start, draw cohorts, pause and end."""
