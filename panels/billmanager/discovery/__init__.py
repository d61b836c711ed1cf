"""Finding out what an installation calls things, by evidence."""
