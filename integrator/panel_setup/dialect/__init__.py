"""What an administrator sees and sets of a panel's dialect."""
