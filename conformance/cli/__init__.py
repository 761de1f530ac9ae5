"""The proctor command line, one module for each command."""
