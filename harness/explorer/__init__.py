"""The explorer: makes schedules, plays them, keeps what a predicate objects to. It knows no requirement."""
