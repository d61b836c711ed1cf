"""From ticked accounts or a file to a preview, and from there to a run."""
