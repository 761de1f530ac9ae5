"""The project's one module."""
