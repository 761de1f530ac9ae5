#!/bin/sh
# Runs the command as a shell script does ("$@"): no signal is forwarded, the shell dies and the command stays.
#
# Shims in front of a native binary that lack `exec` (npm#10868).
#
# /// fault
# breaks = "SIG-1"
# # no signal to the shell reaches the command, which outlives it; dash exports PWD
# also_breaks = ["SIG-3", "SIG-4", "TREE-1", "TREE-3", "INHERIT-5"]
# # when the case sends a signal to the launcher alone; a shell dies of a Ctrl-C or SIGINT when its command did; dash takes
# # back an ignored SIGCHLD
# may_break = [
#     "EXIT-3", "EXIT-5", "EXIT-7", "SIG-2", "SIG-5", "SIG-9", "SIG-10", "TTY-1", "TTY-2", "TTY-3", "TTY-4",
#     "TTY-5", "TREE-6", "TREE-8", "INHERIT-7",
# ]
# ///

"$@"
exit $?
