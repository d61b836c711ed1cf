"""What people are told, in the language of who reads it."""
