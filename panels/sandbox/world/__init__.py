"""The world of the stand-ins: rows, earlier versions, generation."""
