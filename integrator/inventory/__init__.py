"""Mirrors: copies of what panels list."""
