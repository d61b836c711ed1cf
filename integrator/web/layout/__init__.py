"""Parts that all pages share: access, frame, marks, live updates, words."""
