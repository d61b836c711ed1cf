"""What is checked of each row of a preview, and of all together."""
