"""The only module of the project."""
