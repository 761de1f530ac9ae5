"""A history as a timeline: a lane per process, bars for its states, arrows for signals."""
