"""Runs the command line: `python -m proctor` is `proctor`."""

from proctor.conformance.cli.main import main

if __name__ == "__main__":
    main()
