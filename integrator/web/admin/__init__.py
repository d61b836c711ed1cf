"""Pages about people, sessions, events, and what machines read."""
