"""The stand-in for ispmanager."""
