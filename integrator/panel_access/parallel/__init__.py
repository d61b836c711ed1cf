"""How many calls go side by side, which go first, and the threads that make them."""
