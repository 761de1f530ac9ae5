#!/usr/bin/env -S python3 -I -S
"""Start a launcher with a planted fault: `launch.py FAULT COMMAND ARGS...`. `launch.py --list` describes all faults."""

import sys

MODULES = {
    "exit": ("exit", "exit_after_signal"),
    "sig": ("signals",),
    "tty": ("terminal",),
    "tree": ("tree", "sync", "world"),
    "inherit": ("inherit",),
    "attribute": ("attributes",),
    "stdio": ("stdio", "relays"),
    "env": ("environments", "first_runs"),
    "sync": ("sync", "trust", "node_modules"),
    "cache": ("cache",),
    "exec": ("exec",),
    "group": ("group",),
    "world": ("world",),
    "fault": ("fault",),
    "sound": ("sound", "sound_with_environments", "node_modules", "group"),
}
"""Where to look for a fault, by the first word of its name."""

if __name__ == "__main__":
    # A launcher that is judged writes nothing beside itself. The tests compile these modules before they start.
    sys.dont_write_bytecode = True
    # To find and read the package takes as long as a whole chapter, so it is made here: a name and its directory.
    package = sys.modules["faulty"] = type(sys)("faulty")
    package.__path__ = [__file__.rpartition("/")[0]]
    name = sys.argv.pop(1) if sys.argv[1:] else ""
    for module in MODULES.get(name.partition("_")[0], ()):
        fault = getattr(__import__(f"faulty.{module}", fromlist=[name]), name, None)
        if fault:
            fault.main()
    __import__("faulty.catalogue", fromlist=["main"]).main(name)
