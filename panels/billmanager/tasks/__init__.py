"""Tasks of staff: their forms, and how they are taken and closed."""
