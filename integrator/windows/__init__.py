"""Windows: a plan sells manually for one cohort, and is put back.

Only ``lease`` writes a window's state.
"""
