"""What panels list, read into our mirrors."""
