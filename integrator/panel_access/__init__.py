"""Connects registered panels to the panel client: limit, journal, stored dialect."""
