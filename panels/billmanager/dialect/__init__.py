"""What an installation calls things."""
