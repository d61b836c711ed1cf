"""Which client and plan each account belongs to, and why."""
