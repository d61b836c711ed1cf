"""Discovery, matching and preview: all that happens before anything moves."""
