"""One parent, in a process of its own.

usage (by the runner): python -m proctor.harness.runner.parents NAME SOCKET FOLDER OPTIONS LAUNCHER...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from proctor.harness.runner.parents.known import PARENTS
from proctor.harness.runner.parents.parent import Job, RunnerLink

name, path, folder, options, *argv = sys.argv[1:]
PARENTS[name].load()(Job(Path(folder), argv, json.loads(options)), RunnerLink(path)).serve()
