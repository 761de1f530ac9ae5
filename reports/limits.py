"""What a pass does not show. Every report prints this beside its passes."""

from __future__ import annotations

EXPLORED = "A pass covers neither the moments between two system calls nor every order of several threads."
"""For explored requirements."""
LIMITS = tuple(
    """\
A pass covers only what was run: some signals, exit codes, sizes and stages. Where that is less than planned, such as \
a sample for a slow launcher, the verdict is partial.
Races are covered only at the points that the summary names. Moments between two system calls are not covered, nor \
is every order of a launcher's threads.
Of the software that starts launchers only what chapter WORLD names was played: supervisord, sshd, Jupyter, \
watchfiles, nodemon, a host of the Model Context Protocol, and the stop sequences of containers, service managers and \
CI runners.
Environments and caches are covered only in HOME, TMPDIR and the working directory, for one small wheel and one project.
A verdict holds for this kernel, this C library and this version of the launcher. macOS is not tested.
Proctor decides from the state of the system that nothing more will happen: every task is blocked, no short timer is \
armed, and no process outside the run can end a wait. Where it cannot prove that, it waits some seconds instead, and \
the history says what for. One case is not recognized: a process outside the run was sent one end of a pipe or socket \
pair (SCM_RIGHTS), and the launcher kept a copy of this end.
""".splitlines()
)
"""For all requirements, in the words of the README."""
