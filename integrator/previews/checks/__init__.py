"""Checks of each row of a preview, and of all together."""
