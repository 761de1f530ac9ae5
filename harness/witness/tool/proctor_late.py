"""A module that the tool imports long after its start, when a prune may have removed it."""
