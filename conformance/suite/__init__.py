"""The conformance suite: a pytest plugin and its cases."""
