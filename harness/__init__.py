"""Drives launchers and records what happens: scenarios in, histories out. Judges nothing."""
