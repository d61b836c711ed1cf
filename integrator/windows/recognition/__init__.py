"""Which services the orders of a window have led to."""
