"""Scenarios and steps that several cases and campaigns share."""
