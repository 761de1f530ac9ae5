"""The explorer: makes schedules, executes them, and keeps those that a predicate rejects. It knows no requirements."""
