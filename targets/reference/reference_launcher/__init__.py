"""A launcher to copy from. It shows how to meet each requirement of Proctor, and the comments say why."""

__version__ = "0.1"
