"""What a person can do to bindings, runs and windows; web and command line call these alone."""
