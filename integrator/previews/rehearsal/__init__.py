"""The rehearsal of a preview: the eight steps walked by reads alone."""
