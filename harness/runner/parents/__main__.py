"""One parent, in a process of its own.

usage (by the runner): python -m proctor.harness.runner.parents NAME SOCKET FOLDER OPTIONS LAUNCHER...
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from proctor.harness.runner.parents.parent import Job, RunnerLink

CLASSES = {
    "supervisord": ("supervisord", "Supervisord"),
    "sshd": ("sshd", "Sshd"),
    "jupyter": ("jupyter", "Jupyter"),
    "watchfiles": ("watchfiles", "Watchfiles"),
    "nodemon": ("nodemon", "Nodemon"),
    "mcp-host": ("mcp_host", "McpHost"),
}
"""By the names of stages: the module here and its class. Each imports libraries that the others do not need."""


def main() -> None:
    """Serve until the runner asks to close, or goes away."""
    name, path, folder, options, *argv = sys.argv[1:]
    module, kind = CLASSES[name]
    parent = getattr(importlib.import_module(f"proctor.harness.runner.parents.{module}"), kind)
    parent(Job(Path(folder), argv, json.loads(options)), RunnerLink(path)).serve()


if __name__ == "__main__":
    main()
