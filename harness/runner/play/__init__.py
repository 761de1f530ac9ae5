"""Plays a scenario: its steps in order, and the waits between them."""
