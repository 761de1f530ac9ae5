"""A history as a picture: a lane for each process, bars for what it is, arrows for signals."""
