"""A panel's dialect as an administrator sees and sets it."""
