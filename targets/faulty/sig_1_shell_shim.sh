#!/bin/sh
# SIG-1: runs the command as a shell script does ("$@"): nothing is forwarded, the shell dies and the
# command stays.
#
# Shims in front of a native binary that lack `exec` (npm#10868).

"$@"
exit $?
