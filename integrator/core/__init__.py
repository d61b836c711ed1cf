"""Foundations of all other packages: clock, settings, keys, logs, proxies, errors."""
