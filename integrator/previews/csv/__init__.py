"""CSV files: read, resolved to accounts, and written."""
