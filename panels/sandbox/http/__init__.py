"""Requests and answers of the stand-ins."""
