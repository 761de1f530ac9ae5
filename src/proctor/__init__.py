"""Proctor: a test harness and conformance suite for process launchers."""
