"""The exit statuses of `proctor`."""

FOUND = 1
"""Something was found, or a MUST failed, or something got worse."""
USAGE_ERROR = 2
COULD_NOT_TELL = 2
HARNESS_FAILED = 3
INTERRUPTED = 130
"""Ctrl-C: 128 and the number of SIGINT, as a shell counts."""
BROKEN_PIPE = 141
"""Whoever read what is printed has gone, such as `head`: 128 and the number of SIGPIPE."""
