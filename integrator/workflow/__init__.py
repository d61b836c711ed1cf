"""How bindings, windows and runs move. Only this package writes their states."""
