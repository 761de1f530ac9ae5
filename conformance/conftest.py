"""Makes `pytest conformance/` the suite: the options, the fixtures and the report are in plugin.py."""

from proctor.conformance.suite.plugin import *  # noqa: F403  (pytest finds hooks and fixtures by name in a conftest)
