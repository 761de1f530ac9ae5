#!/bin/sh
# INHERIT-3: splits its arguments once more ($* without quotes).
#
# Shell shims.

exec $*
