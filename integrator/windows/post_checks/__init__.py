"""What is looked at once a window has closed."""
