"""A launcher to copy from: how each requirement of Proctor is met, and why that way."""

__version__ = "0.1"
