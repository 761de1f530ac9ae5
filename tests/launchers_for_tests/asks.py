"""A launcher that asks a process outside of the run to do its work: python asks.py SOCKET COMMAND ARGS...

It sends command, environment and working directory, as clients of docker and systemd do. The answer is the command's
exit code, with which it ends; or "go": then it becomes the command.
"""

from __future__ import annotations

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as link:
    link.connect(sys.argv[1])
    asked = {"command": sys.argv[2:], "environment": dict(os.environ), "directory": os.getcwd()}
    link.sendall(json.dumps(asked).encode() + b"\n")
    answer = json.loads(link.makefile().readline())
if answer == "go":
    os.execv(sys.argv[2], sys.argv[2:])
sys.exit(answer)
