"""Installs versions of a launcher and finds the version in which a verdict changed."""
