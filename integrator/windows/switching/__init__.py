"""Switching a plan's modules: each switch with its intent, and proof that it shows."""
