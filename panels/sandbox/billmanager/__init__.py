"""The stand-in for BILLmanager."""
