#!/bin/sh
# Splits its arguments once more ($* without quotes).
#
# Shell shims.
#
# /// fault
# breaks = "INHERIT-3"
# # dash exports PWD
# also_breaks = ["INHERIT-5"]
# # what a case passes in arguments with blanks does not arrive; dash takes back an ignored SIGCHLD; the shell replaces
# # itself, so no launcher is left to report what the command died of, or to reap
# may_break = ["*"]
# ///

exec $*
