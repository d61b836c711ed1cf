"""What the stand-ins know: rows, their past, and how a world is made."""
