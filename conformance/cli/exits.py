"""The exit statuses of `proctor`."""

FOUND = 1
"""There is a finding, a MUST failed, or a result is worse than in the baseline."""
USAGE_ERROR = 2
INCONCLUSIVE = 2
HARNESS_FAILED = 3
INTERRUPTED = 130
"""Ctrl-C: 128 plus the number of SIGINT, as in a shell."""
BROKEN_PIPE = 141
"""The reader of standard output has ended, for example `head`: 128 plus the number of SIGPIPE."""
