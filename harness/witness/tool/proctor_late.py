"""What the tool imports late: long after its start, when a prune may have been there."""
