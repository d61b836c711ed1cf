"""Bound services compared with the accounts they are."""
