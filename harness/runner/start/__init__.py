"""Starts launchers in their directories, and ends everything that they started."""
