"""What a pass does not show: it stands beside every claim that one is made from."""

from __future__ import annotations

EXPLORED = "A pass here does not speak of moments between two system calls, nor of all orders of several threads."
"""Of what was explored."""
LIMITS = tuple(
    """\
Only what was run: some signals, exit codes, sizes and stages, for slow launchers a sample. The summary says so.
Races only as far as they were explored: the points that the summary names, not the moments between two system calls, \
not every order of a launcher's several threads.
Nothing about other software around a launcher: its requirements (WORLD) are written down but have no cases yet.
Of environments and caches what lies in HOME, TMPDIR and the working directory, for one small wheel and one project.
Only this kernel, this C library, this version of the launcher. macOS is not tested.
"Nothing more comes" is read off the system (every task blocked, no short timer armed). Where that may not be read, \
Proctor waits a second instead, and the history says so.
""".splitlines()
)
"""Of everything, as the README has it."""
