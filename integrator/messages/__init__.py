"""Messages to people: stored as keys, put into the language of whoever reads them."""
