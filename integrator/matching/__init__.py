"""Matching: the client and plan that each account belongs to, with reasons."""
