"""What goes on by itself: the sweep, wake-ups, retention, health."""
