"""Reads what processes, terminals, files and witnesses do; starts nothing."""
