"""What all parts rest on: clock, settings, keys, logs, proxies, errors."""
