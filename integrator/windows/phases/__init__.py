"""The phases of a window, a file each."""
