"""The dashboard: one file per page; every view says which role may call it."""
