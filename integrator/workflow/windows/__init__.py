"""Windows: steps 1, 2, 5 and 8, and the shared reading of steps 3, 4, 6 and 7.

opening (1, 2) → orders (3, 4) → enabling (5) → tasks (6, 7) → restoring (8) → closed
"""
