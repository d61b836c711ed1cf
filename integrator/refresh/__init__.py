"""Discovery of a panel from end to end: read, recognised, matched, compared."""
