"""Registering a panel, checking what our logins may do, and what it calls things."""
