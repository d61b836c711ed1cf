"""How one binding moves: its states, leases, intents and steps as they stand.

Only ``transitions`` writes a binding's state.
"""
