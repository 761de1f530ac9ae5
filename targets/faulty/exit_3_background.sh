#!/bin/sh
# Starts the command in the background ("$@" &) and exits 0 at once.
#
# Start scripts of desktop applications.
#
# /// fault
# breaks = "EXIT-3"
# # there is no launcher left to signal or to take a status from; a shell starts a background command with SIGINT and
# # SIGQUIT ignored and stdin from /dev/null, and dash exports PWD
# also_breaks = [
#     "EXIT-1", "EXIT-2", "EXIT-7", "SIG-1", "SIG-3", "SIG-5", "TREE-1", "TREE-3", "INHERIT-1", "INHERIT-2",
#     "INHERIT-5",
# ]
# # where a case needs the launcher to be there while the command runs; the end of a session leader hangs the terminal up
# may_break = ["*"]
# ///

"$@" &
exit 0
