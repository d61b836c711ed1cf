"""The wire to a panel: one transport, bounded in time, size and address."""
