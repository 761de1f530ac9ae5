"""The other side of execute(): the only code that starts, signals and observes processes."""
